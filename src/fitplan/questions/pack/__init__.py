"""Which set of models stays resident together: the problem, its solution, the wishes."""

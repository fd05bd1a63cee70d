"""Time per image: operation counts, cards, the fitted model, and what a small cache reads again."""

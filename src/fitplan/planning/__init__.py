"""Which pairs fit, which no other beats, and in what order."""

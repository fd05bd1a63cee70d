"""What this computer has: memory, models, settings files."""

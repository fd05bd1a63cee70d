"""Edit and compare catalogs: entries from headers and measurements, and what an edit changes."""

"""YAML in, the same YAML out: layout, comments and single edits of a catalog file."""

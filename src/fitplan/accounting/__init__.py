"""From tensors to bytes: types, weight groups, residency rules, fit tests, quality."""

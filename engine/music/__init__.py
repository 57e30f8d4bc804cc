"""Pure musical values: standard library and NumPy only."""

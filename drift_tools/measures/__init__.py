"""Measures of the difference between two samples, one a module: pure functions with frozen results."""

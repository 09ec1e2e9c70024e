"""How good an engine is, and what its scores mean: pure NumPy, no Django, no engine."""

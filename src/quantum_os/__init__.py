"""Quantum OS: a hedge fund in one process."""

__version__ = "0.1.0"

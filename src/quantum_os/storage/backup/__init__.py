"""Backups: one file that holds a home and its store, verified by itself, restored into nothing."""

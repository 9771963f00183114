"""The record read back to a person: why it was so, and what led to what."""

"""Kills the fund at numbered points while the venue goes on, and checks what came of it."""

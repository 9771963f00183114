"""The fund's arithmetic: pure, stateless functions, each with its source."""

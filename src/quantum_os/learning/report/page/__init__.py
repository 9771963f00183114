"""How a report looks: HTML of our own, with style and script beside it, all in one file."""

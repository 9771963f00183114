"""When to leave: ExitBrain's plan, its one referee, and the naked-position guard."""

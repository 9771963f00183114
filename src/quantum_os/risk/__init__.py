"""May it: the gate, its limits, and the latches of the emergency stop."""

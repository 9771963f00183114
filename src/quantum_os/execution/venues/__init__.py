"""EDGE. Where orders are matched: the simulated venue, in process or on its own."""

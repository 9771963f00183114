"""EDGE. The simulated venue in a process of its own, behind a socket."""

"""The time of the input being worked on and the number of the event being heard: one for all."""


class Instant:
    """UTC nanoseconds, and the sequence number of the event being heard. Only the bus moves it."""

    __slots__ = ("ns", "seq")

    def __init__(self, ns: int = 0) -> None:
        self.ns = ns
        self.seq = 0

"""The time of the input being worked on, shared by the bus and every module on it."""


class Instant:
    """A holder of one number: UTC nanoseconds. Only the bus moves it."""

    __slots__ = ("ns",)

    def __init__(self, ns: int = 0) -> None:
        self.ns = ns

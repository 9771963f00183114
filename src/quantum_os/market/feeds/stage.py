"""In which order things are said at one time of a market that is played."""

from enum import IntEnum


class Stage(IntEnum):
    """The order of things at one time T (DESIGN 5); at TIMERS the kernel fires what is due.

    Ticks lie between the opens of a bar and its close; each later moment has its own timers first.
    """

    FACTS = 0
    CLOSES = 1
    WATERMARK = 2
    TIMERS = 3
    OPENS = 4
    TICKS = 5

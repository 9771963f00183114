"""What a leak test came to, as the report of a training keeps it."""

import msgspec

from quantum_os.learning.training.scores import Interval


class LeakTest(msgspec.Struct, frozen=True):
    """What the ensemble of one trial came to, and whether that is what it had to come to.

    `finds_edge` says that the lower 95 % bound of its trades is above 0, `finds_knowledge` that
    that of its log-loss gain is. Nothing may be found but in the planted column, and there both
    must. `refused` says why a trial could not be made; then nothing is claimed and `passes` is
    None.
    """

    name: str
    must_find: bool
    rows: int
    passes: bool | None
    finds_edge: bool
    finds_knowledge: bool
    gain: float | None
    gain_ci: Interval
    trades: int
    expectancy_r: float | None
    expectancy_ci: Interval
    refused: str

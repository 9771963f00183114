"""Decides whether a model's probabilities are worth listening to (governance.md 4)."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.formulas.log_loss_gain import LogLossGain

Floats = NDArray[np.float64]

EVENTS_MIN = 200
DEVIATION_MIN = 0.01
SPREAD_MIN = 0.03
"""Between the 10th and the 90th percentile of one side's probabilities."""
CLASS_SHARE_MAX = 0.85
"""Of votes for one side: what always says the same side adds nothing to a rule that does."""


class Gate(msgspec.Struct, frozen=True):
    """The verdict, why not, and what it rests on; reported only: the share of HOLDs."""

    passes: bool
    reasons: tuple[str, ...]
    events: int
    deviation: float
    spread: float
    class_share: float


def quality_gate(said: Floats, gain: LogLossGain) -> Gate:
    """Judges answers [rows, 2] to both sides that all met their outcome."""
    long = float((said[:, 0] > said[:, 1]).mean())
    return judged(said, max(long, 1.0 - long), None if gain.interval is None else gain.interval[0])


def judged(said: Floats, class_share: float, gain_low: float | None) -> Gate:
    """Judges answers [rows, sides]; the side that deviates most counts.

    `class_share` of the votes are for one side; `gain_low` is the lower 95 % bound of the log-loss
    gain over the base rate in nats, None while it is unknown.
    """
    deviation = float(said.std(axis=0).max())
    low, high = np.quantile(said, [0.1, 0.9], axis=0)
    spread = float((high - low).max())
    told = "unknown" if gain_low is None else f"{gain_low:+.5f} nats"
    claims = (
        (len(said) >= EVENTS_MIN, f"{len(said)} resolved answers, {EVENTS_MIN} are needed"),
        (
            gain_low is not None and gain_low > 0,
            f"the lower 95 % bound of its log-loss gain over the base rate is {told}, not above 0",
        ),
        (
            deviation >= DEVIATION_MIN,
            f"its probabilities deviate by {deviation:.4f}, {DEVIATION_MIN} are needed",
        ),
        (
            spread >= SPREAD_MIN,
            f"P10 and P90 of them lie {spread:.4f} apart, {SPREAD_MIN} are needed",
        ),
        (
            class_share <= CLASS_SHARE_MAX,
            f"{class_share:.0%} of its votes are for one side, {CLASS_SHARE_MAX:.0%} are allowed",
        ),
    )
    reasons = tuple(reason for holds, reason in claims if not holds)
    return Gate(not reasons, reasons, len(said), deviation, spread, class_share)

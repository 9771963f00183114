"""Decides what a value that holds until its next change was over a time, weighted by how long."""

from collections.abc import Sequence
from itertools import pairwise


def time_weighted_mean(times: Sequence[int], values: Sequence[float], end: int) -> float | None:
    """The mean of a step function from its first time to `end`; None when no time passed.

    Raises ValueError when times run backwards.
    """
    total, weighted = 0, 0.0
    for held, value in zip(_held(times, end), values, strict=True):
        total += held
        weighted += held * value
    return weighted / total if total > 0 else None


def share_of_time(times: Sequence[int], holds: Sequence[bool], end: int) -> float | None:
    """The share of the time to `end` in which a claim held; None when no time passed."""
    return time_weighted_mean(times, [float(claim) for claim in holds], end)


def _held(times: Sequence[int], end: int) -> list[int]:
    """How long each value held: until the next time, the last one until `end`."""
    held = [after - before for before, after in pairwise((*times, end))]
    if held and min(held) < 0:
        raise ValueError("times must not run backwards")
    return held

"""Decides which points of a long series are drawn: few enough, and none of the extremes lost."""

from collections.abc import Sequence
from itertools import pairwise

POINTS_MAX = 2_400
"""Points of one line: about two for each pixel of a wide screen."""

_A_BUCKET = 4
"""What is kept of each bucket: its first, lowest, highest and last point."""


def thinned(values: Sequence[float], points: int = POINTS_MAX) -> list[int]:
    """The places to draw, in order: all of them, or of each bucket the ends and the extremes."""
    if len(values) <= points:
        return list(range(len(values)))
    buckets = max(1, points // _A_BUCKET)
    kept: list[int] = []
    for bucket in range(buckets):
        start, end = (len(values) * each // buckets for each in (bucket, bucket + 1))
        places = range(start, end)
        lowest = min(places, key=values.__getitem__)
        highest = max(places, key=values.__getitem__)
        kept += sorted({start, lowest, highest, end - 1})
    return kept


def peaks(values: Sequence[float], points: int) -> list[int]:
    """The place of the value furthest from 0 in each of at most `points` buckets, in order."""
    if len(values) <= points:
        return list(range(len(values)))
    bounds = [len(values) * bucket // points for bucket in range(points + 1)]
    return [
        max(range(start, end), key=lambda place: abs(values[place]))
        for start, end in pairwise(bounds)
    ]

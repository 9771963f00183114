"""What a training came to over many histories, as its report keeps it."""

from collections.abc import Mapping

import msgspec


class PathResult(msgspec.Struct, frozen=True):
    """One model over one whole history."""

    gain: float
    trades: int
    expectancy_r: float | None
    total_r: float
    sharpe: float | None


class Paths(msgspec.Struct, frozen=True):
    """Every model over all histories, path by path, and of each path the chance that choosing the
    best of these models overfits. `every_bars`: one bar in so many was taken. `refused` says why
    there are no paths.
    """

    blocks: int
    test_blocks: int
    fits: int
    rows: int
    every_bars: int
    models: Mapping[str, tuple[PathResult, ...]]
    pbo: tuple[float | None, ...]
    refused: str = ""

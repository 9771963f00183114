"""Kills the fund at every point between it and an exchange: python -m tests.kills.exchange [N].

First every numbered point, in chapters of one market and one home each; then N random ones. Rows
go to stdout as they are played, progress to stderr; exit code 1 on a violation, or where a point
was missed.
"""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from quantum_os.kernel.chance import generator
from quantum_os.kernel.kill_points import numbered_at_exchange
from tests.kills.__main__ import folder_in_memory
from tests.kills.exchange.harness import Broken, Chapter, Scope, chapter
from tests.kills.exchange.verdict import Verdict

SEED = 7
DEATHS = 12
"""Deaths of a chapter."""

VISITS_MAX = 12
"""The highest visit at which a random death comes."""


def drawn(count: int) -> Iterator[str]:
    """Random points, each at a random visit."""
    chance = generator(SEED, "kills at the exchange")
    points = [point for point in numbered_at_exchange() if not point.startswith("account.")]
    for _ in range(count):
        point = points[int(chance.integers(len(points)))]
        yield f"{point}:{1 + int(chance.geometric(0.25)) % VISITS_MAX}"


def by_chapter(points: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The points in rows of so many as a chapter has."""
    left = iter(points)
    while some := tuple(islice(left, DEATHS)):
        yield some


HEADER = (
    "| died at | deaths | fills | orders | lost | doubled | naked, s | of it without a core, s "
    "| protected after, s |\n|---|---|---|---|---|---|---|---|---|"
)


def row_of(one: Chapter) -> str:
    """A chapter as a row of the table."""
    found = one.verdict
    return (
        f"| {', '.join(one.died_at)} | {found.deaths} | {found.fills} | {found.orders} "
        f"| {found.lost} | {found.doubled} | {found.naked_s_max:.2f} | {found.starved_s:.2f} "
        f"| {found.protected_after_s:.2f} |"
    )


def summary_of(verdicts: Sequence[Verdict], bad: int) -> str:
    """The last line."""
    return (
        f"{sum(each.deaths for each in verdicts)} deaths, "
        f"{sum(each.fills for each in verdicts)} fills: "
        f"{sum(each.lost for each in verdicts)} lost, "
        f"{sum(each.doubled for each in verdicts)} doubled, {bad} violations"
    )


async def main(folder: Path, count: int) -> int:
    """Plays every chapter and prints what came of it; gives the exit code."""
    verdicts: list[Verdict] = []
    bad = 0
    points = [f"{point}:1" for point in numbered_at_exchange()]
    # The last ones, of the opening, come first: nothing is naked there yet.
    wanted = [*points[::-1], *drawn(count)]
    print(HEADER, flush=True)
    for number, some in enumerate(by_chapter(wanted)):
        place = folder / f"chapter-{number}"
        place.mkdir()
        wrong: list[str] = []
        try:
            played = await chapter(some, Scope(SEED + number), place)
        except Broken as error:
            wrong.append(f"not played: {', '.join(some)}: {error}")
        else:
            verdicts.append(played.verdict)
            print(row_of(played), flush=True)
            wrong += played.verdict.violations
            wrong += [f"never reached: {each}" for each in played.unreached if each in points]
        for sentence in wrong:
            print(f"VIOLATION: chapter {number}: {sentence}", flush=True)
        bad += len(wrong)
        print(f"{min(len(wanted), (number + 1) * DEATHS):4} of {len(wanted)}", file=sys.stderr)
        if not wrong:
            shutil.rmtree(place)
    print(summary_of(verdicts, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    where = folder_in_memory()
    try:
        code = asyncio.run(main(where, asked))
    finally:
        shutil.rmtree(where, ignore_errors=True)
    raise SystemExit(code)

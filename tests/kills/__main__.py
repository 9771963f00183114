"""Kills the fund at every numbered point and at random ones: python -m tests.kills [N].

The table goes to stdout, progress to stderr; the last line is the summary. Exit code 1 on a
violation.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from quantum_os.kernel.chance import generator
from quantum_os.kernel.kill_points import numbered
from tests.kills.harness import Broken, Drive, Driver, NotReached, drive_to, nested_drives
from tests.kills.scene import stage_of
from tests.kills.twenty import Twenty, twenty_positions
from tests.kills.verdict import Verdict

SEED = 7
VISITS_MAX = 60
"""The highest visit at which a random death comes."""

RESTARTS = 40
"""Restarts with twenty positions: the figure is their 99th percentile."""

MISSED = "the point was never reached"

MEMORY = Path("/dev/shm")
"""Where homes lie if the machine has it: fsync is free there, and SIGKILL takes nothing from it."""


async def drives(driver: Driver, count: int) -> AsyncIterator[tuple[str, Verdict | str]]:
    """Drives to every point, to nested ones, and to so many random ones.

    Gives the case with its verdict, or with a sentence where it did not come to one. A random visit
    that is never made is drawn again.
    """
    for drive in [*map(drive_to, numbered()), *nested_drives()]:
        yield drive.name, await _driven(driver, drive)
    chance = generator(SEED, "kills")
    points = numbered()
    done = 0
    while done < count:
        point = points[int(chance.integers(len(points)))]
        drive = drive_to(point, 1 + int(chance.geometric(0.1)) % VISITS_MAX)
        found = await _driven(driver, drive)
        if found != MISSED:
            done += 1
            yield drive.name, found


async def _driven(driver: Driver, drive: Drive) -> Verdict | str:
    try:
        return await driver.drive(drive)
    except NotReached:
        return MISSED
    except Broken as error:
        return str(error)


def show(rows: Sequence[Verdict], bad: Sequence[str], twenty: Twenty) -> None:
    """Prints the table, what went wrong, and the summary."""
    print("| died at | lives | fills | lost | doubled | naked, s | protected after, s |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.case} | {row.deaths + 1} | {row.fills} | {row.lost} | {row.doubled} "
            f"| {row.naked_s_max:.2f} | {row.protected_after_s:.2f} |"
        )
    for sentence in bad:
        print(f"VIOLATION: {sentence}")
    print(
        f"restart to protected, {twenty.positions} positions, {len(twenty.protected_s)} restarts: "
        f"median {twenty.median:.2f} s, p99 {twenty.p99:.2f} s"
    )
    naked = sum(row.naked_s_max > 10.0 for row in rows)
    print(
        f"{len(rows) + len(bad)} drives, {sum(row.deaths for row in rows)} deaths: "
        f"{sum(row.lost for row in rows)} lost, {sum(row.doubled for row in rows)} doubled, "
        f"{naked} naked > 10 s, {len(bad)} violations"
    )


def folder_in_memory() -> Path:
    return Path(tempfile.mkdtemp(prefix="kills-", dir=MEMORY if MEMORY.is_dir() else None))


async def main(folder: Path, count: int) -> int:
    """Makes every drive and prints what came of them; gives the exit code."""
    try:
        stage = stage_of(folder)
        driver = Driver(stage, folder)
        await driver.prepare()
        rows, bad = [], []
        async for name, found in drives(driver, count):
            if isinstance(found, Verdict):
                rows.append(found)
                bad += [f"{name}: {sentence}" for sentence in found.violations]
            else:
                bad.append(f"{name}: {found}")
            print(f"{len(rows) + len(bad):4} {name}", file=sys.stderr, flush=True)
        twenty = await twenty_positions(folder, RESTARTS)
        bad += twenty.violations
        show(rows, bad, twenty)
        return 1 if bad else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    drawn = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    raise SystemExit(asyncio.run(main(folder_in_memory(), drawn)))

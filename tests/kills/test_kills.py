"""A sample of the kills that `make kill` makes at every point, and bugs that they must find."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.kernel.kill_points import numbered
from tests.kills import careless
from tests.kills.harness import BEFORE, Drive, Driver, NotReached, drive_to
from tests.kills.scene import stage_of

SAMPLE = (
    drive_to("venue.after_write/entry"),
    drive_to("venue.before_record/stop", 2),
    drive_to("client.before_fact/fill", 3),
    drive_to("journal.before_commit", 30),
    Drive((BEFORE, "recovery.in_tail:1", "recovery.after_start:1")),
)
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """A driver whose warm-up is played; what it drives lies in memory where the machine has it."""
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir=MEMORY if MEMORY.is_dir() else None))
    made = Driver(stage_of(folder), folder)
    asyncio.run(made.prepare())
    yield made
    shutil.rmtree(folder)


@pytest.mark.parametrize("drive", SAMPLE, ids=lambda drive: drive.name)
async def test_p1_p2_p3_nothing_is_lost_doubled_or_naked_wherever_it_dies(
    drive: Drive, driver: Driver
) -> None:
    verdict = await driver.drive(drive)
    assert verdict.violations == ()
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert verdict.fills > 0


async def test_a_life_that_does_not_die_as_told_is_no_evidence(driver: Driver) -> None:
    with pytest.raises(NotReached):
        await driver.drive(drive_to("venue.before_write/close", 9_999))


@pytest.mark.parametrize(
    ("bug", "point", "sentence"),
    [
        ("resending", "venue.after_write/entry", "became 2 orders"),
        ("hasty", "venue.after_drain/entry", "of 0"),
    ],
)
async def test_canary_a_careless_build_is_found_out(
    bug: str, point: str, sentence: str, driver: Driver
) -> None:
    """The first would double an entry after a death, the second sends what nobody will remember."""
    assert bug in careless.BUGS
    known_bad = driver.running(careless.__name__, **{careless.VARIABLE: bug})
    verdict = await known_bad.drive(drive_to(point))
    assert any(sentence in violation for violation in verdict.violations), verdict.violations


def test_every_point_has_a_fate_that_leads_to_it() -> None:
    assert {drive_to(point).deaths[-1] for point in numbered()} == {
        f"{point}:1" for point in numbered()
    }

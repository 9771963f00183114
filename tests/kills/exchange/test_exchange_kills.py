"""A sample of the kills between the fund and an exchange, and bugs that they must find."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kills import careless as at_home
from tests.kills.__main__ import folder_in_memory
from tests.kills.exchange import careless
from tests.kills.exchange.harness import chapter

pytestmark = pytest.mark.slow

SAMPLE = (
    "account.after_filters:1",
    "wire.after_write/entry:2",
    "carrier.before_record/stop:1",
    "teller.before_fact/fill:1",
    "wire.after_answer/restop:1",
)
"""A stop is lost before it is recorded, just after the fills of an earlier death were asked for."""


@pytest.fixture
def folder() -> Iterator[Path]:
    made = folder_in_memory()
    yield made
    shutil.rmtree(made)


async def test_p1_nothing_is_lost_doubled_or_naked_wherever_it_dies(folder: Path) -> None:
    played = await chapter(SAMPLE, 3, folder)
    assert played.died_at == SAMPLE
    assert played.verdict.violations == ()
    assert played.verdict.fills > 0


@pytest.mark.parametrize(
    ("bug", "points", "sentence"),
    [
        ("resending", ("wire.after_write/entry:1",), "became 2 orders"),
        ("forgetful", ("teller.after_fact/fill:1",), "journaled twice"),
        ("trusting", ("wire.after_write/entry:1", "carrier.before_record/stop:1"), "not journaled"),
    ],
)
async def test_canary_a_careless_build_is_found_out(
    bug: str, points: tuple[str, ...], sentence: str, folder: Path
) -> None:
    assert bug in careless.BUGS
    played = await chapter(points, 3, folder, careless.__name__, **{at_home.VARIABLE: bug})
    assert any(sentence in each for each in played.verdict.violations), played.verdict.violations

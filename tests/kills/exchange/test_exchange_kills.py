"""A sample of the kills between the fund and an exchange, and bugs that they must find."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.kills import careless as at_home
from tests.kills.__main__ import folder_in_memory
from tests.kills.exchange import careless
from tests.kills.exchange.harness import Scope, chapter
from tests.kills.exchange.verdict import Verdict

pytestmark = pytest.mark.slow

NARROW = Scope(seed=3, symbols_max=3, alone=(3, 1), settled=4)
"""Few symbols and few steps: what is found out is found out at the first of them."""

DIES_UNTOLD = ("wire.after_write/entry:1", "account.after_filters:1")
"""An entry is taken, nobody hears of it, and the next life dies before it has asked."""

SAMPLE = (*DIES_UNTOLD, "carrier.before_record/stop:1")
"""And then a stop is lost before it is recorded."""

CAUGHT = {
    "resending": (("wire.after_write/entry:1",), "became 2 orders"),
    # Targets are asked for once the fill was heard, and their record is durable behind it.
    "forgetful": (("carrier.after_record/target:1",), "journaled twice"),
    "trusting": (DIES_UNTOLD, "not journaled"),
}


def wrong(found: Verdict) -> list[str]:
    """What was violated; seconds count unless other work had the core for most of them."""
    starved = found.starved_s > found.naked_s_max / 2
    return [each for each in found.violations if not (starved and each.startswith("naked for"))]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = folder_in_memory()
    yield made
    shutil.rmtree(made)


async def test_p1_nothing_is_lost_doubled_or_naked_wherever_it_dies(folder: Path) -> None:
    played = await chapter(SAMPLE, NARROW, folder)
    assert played.died_at == SAMPLE
    assert wrong(played.verdict) == []
    assert played.verdict.fills > 0


@pytest.mark.parametrize("bug", careless.BUGS)
async def test_canary_a_careless_build_is_found_out(bug: str, folder: Path) -> None:
    points, sentence = CAUGHT[bug]
    build = {"program": careless.__name__, "environment": {at_home.VARIABLE: bug}}
    played = await chapter(points, msgspec.structs.replace(NARROW, **build), folder)
    assert played.died_at == points
    assert any(sentence in each for each in played.verdict.violations), played.verdict.violations

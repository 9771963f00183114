"""The whole fund and backtesting.py, told the same rule, make the same trades to the cent and far
beyond; an error planted in our arithmetic is seen."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.events.exits import StopRequested
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.units import PositionSide, Price, Usd
from tests.laws.misspeaking import Twist, straight
from tests.parity import page
from tests.parity.compared import compare, differences, play_both
from tests.parity.fund import bending, run_fund
from tests.parity.rule import Rule
from tests.parity.tasks import LADDER, ONE, TASKS, short_task, task

RULES = {"one target": ONE, "ladder": LADDER}
CASES = [
    (name, rule) for name in TASKS for rule in RULES if (name, rule) != (page.SEVERAL, "ladder")
]


@pytest.mark.parametrize(("name", "rule"), CASES)
def test_both_engines_make_the_same_trades(name: str, rule: str) -> None:
    outcome = play_both(task(name), RULES[rule])
    assert differences(outcome.ours, outcome.theirs) == []
    assert len(outcome.ours) >= 30
    assert {trade.side for trade in outcome.ours} == {"LONG", "SHORT"}
    exits = Counter(closed.exit_reason.value for closed in outcome.ran.closed)
    assert exits["stop"] > 5
    assert exits["target"] > 5
    assert {closed.leverage for closed in outcome.ran.closed} == {1}
    if page.is_recorded():
        rows = [row for row in page.recorded("Trades") if row[0] == outcome.name]
        assert page.trade_rows(outcome) == rows
        assert outcome.passed == 0, "the page says that no open passed a target"


def test_the_page_records_these_tasks_and_no_others() -> None:
    names = {f"{name}, {rule}" for name, rule in CASES}
    if page.is_recorded():
        assert {row[0] for row in page.recorded("Trades")} == names


# what an error of ours would look like


def for_shorts(event: Event) -> list[Event]:
    """The sign of a short's profit is lost."""
    if isinstance(event, TradeClosed) and event.side is PositionSide.SHORT:
        return [replace(event, net=Usd(-event.gross - event.fees))]
    return [event]


def stop_too_far(event: Event) -> list[Event]:
    """The first stop of a position rests a tenth of a percent too far away."""
    if isinstance(event, OrderRequested) and event.leg is Leg.STOP and event.trigger is not None:
        away = event.trigger * (1000 + event.side.sign) / 1000
        return [replace(event, trigger=Price(away.quantize(event.trigger)))]
    return [event]


def never_moved(event: Event) -> list[Event]:
    """The stop stays where it was after a target."""
    return [] if isinstance(event, StopRequested) else [event]


class Planted(msgspec.Struct, frozen=True):
    """An error: of which rule, where in the fund, and what of a trade has to differ."""

    rule: Rule
    shows_in: str
    sim: dict[str, Any] = {}
    module: str = ""
    says: Twist = straight


ERRORS = {
    "a taker fee twice as high": Planted(ONE, "fees", {"taker_fee_bps": 10.0}),
    "a maker fee forgotten": Planted(ONE, "fees", {"maker_fee_bps": 0.0}),
    "slippage of a bp": Planted(ONE, "entry", {"slippage_bps": 1.0}),
    "a short's sign lost": Planted(ONE, "net", {}, "portfolio.ledger", for_shorts),
    "a stop too far away": Planted(ONE, "exit", {}, "execution.orders", stop_too_far),
    "a stop that never moves": Planted(LADDER, "exit", {}, "exits.brain", never_moved),
}


@pytest.mark.parametrize("error", ERRORS)
def test_a_planted_error_is_seen(error: str) -> None:
    planted = ERRORS[error]
    bent = bending(planted.module, says=planted.says)
    ran = run_fund(short_task(), planted.rule, sim=planted.sim, bent=bent)
    outcome = compare(short_task(), planted.rule, ran)
    said = differences(outcome.ours, outcome.theirs)
    assert any(f": {planted.shows_in} " in line for line in said), said[:5]


def test_without_an_error_the_short_recording_agrees() -> None:
    """What the planted errors show is theirs."""
    for rule in RULES.values():
        outcome = play_both(short_task(), rule)
        assert differences(outcome.ours, outcome.theirs) == []

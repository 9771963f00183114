"""The whole OS trades a stretch of a day at the emulator; both sides' books are the same."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, FundingPaid, Leg, OrderRequested
from quantum_os.events.units import Side, Usd
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.portfolio.ledger import Ledger
from tests.emulator.day import BARS, SHARED, Traded, recorded, trade
from tests.emulator.day_books import Money, differences, of_ledger
from tests.emulator.lockstep import Stretch
from tests.laws.misspeaking import Misspeaking, Twist, straight

pytestmark = pytest.mark.slow

STRETCHES = {
    "recorded": Stretch(history_days=12.75, hours=6.75, step_s=60.0),
    "synthetic": Stretch(history_days=12.5, hours=4.6, step_s=60.0, seed=7),
}
"""Stretches in which something happens, by their market."""

MARKET = "recorded" if (SHARED / BARS).is_dir() else "synthetic"
"""Where no recorded market is at hand the made-up one is traded; the test's name says which."""


@pytest.fixture(scope="module", params=[MARKET])
def traded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traded:
    folder = tmp_path_factory.mktemp("day")
    stretch = STRETCHES[request.param]
    if request.param == "recorded":
        stretch = msgspec.structs.replace(stretch, tape=recorded(folder / "tape"))
    return asyncio.run(trade(stretch, folder))


def books(said: list[Event], hears: Twist = straight) -> Money:
    """What a ledger makes of a day's facts; the twist is a fault planted in it."""
    ledger = Ledger()
    bus = Bus([Misspeaking(ledger, hears=hears)], MemoryJournal())
    for event in said:
        if type(event) in ledger.consumes:
            bus.process(bus.instant.ns + 1, event, "day")
    return of_ledger(ledger.state)


def test_the_ledger_is_the_venues_account_to_the_last_digit(traded: Traded) -> None:
    day = traded.figures
    assert day.differs == {}
    assert day.unheard == 0
    assert day.alerts == ("what the key may do cannot be asked of emulator",)


def test_the_day_had_everything_that_moves_money(traded: Traded) -> None:
    day = traded.figures
    legs = {each.leg for each in traded.said if isinstance(each, OrderRequested)}
    assert {Leg.ENTRY, Leg.STOP, Leg.TP1} <= legs
    assert min(day.permits, day.fills, day.closed, day.stopped, day.payments) > 0
    assert day.targets > 0 or day.market == "SYNTHETIC"
    assert min(day.fees, abs(day.funding), abs(day.realised)) > 0


def test_every_entry_got_its_stop_before_the_market_moved_on(traded: Traded) -> None:
    fills = [each for each in traded.said if isinstance(each, Fill)]
    orders = [each for each in traded.said if isinstance(each, OrderRequested)]
    entries = {each.client_id: each for each in orders if each.leg is Leg.ENTRY}
    filled = [each for each in fills if each.client_id in entries]
    assert filled
    for fill in filled:
        position_id = entries[fill.client_id].position_id
        stops = [o for o in orders if o.leg is Leg.STOP and o.position_id == position_id]
        assert stops[0].created == fill.venue_ts


def forgets_a_fee(event: Event) -> list[Event]:
    if not isinstance(event, Fill):
        return [event]
    return [msgspec.structs.replace(event, fee=Usd(Decimal(0)))]


def books_twice(event: Event) -> list[Event]:
    """As if the same trade came under two numbers, from the stream and from a listing."""
    if not isinstance(event, Fill):
        return [event]
    return [event, msgspec.structs.replace(event, trade_id=f"{event.trade_id}-again")]


def forgets_funding(event: Event) -> list[Event]:
    return [] if isinstance(event, FundingPaid) else [event]


def turns_sides(event: Event) -> list[Event]:
    if not isinstance(event, Fill):
        return [event]
    return [msgspec.structs.replace(event, side=Side.SELL if event.side is Side.BUY else Side.BUY)]


def test_the_days_facts_alone_make_the_same_books(traded: Traded) -> None:
    assert differences(books(traded.said), traded.theirs) == {}


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (forgets_a_fee, {"wallet", "fees"}),
        (books_twice, {"wallet", "fees", "positions"}),
        (forgets_funding, {"wallet", "funding"}),
        (turns_sides, {"positions"}),
    ],
)
def test_canary_a_ledger_with_a_planted_fault_is_caught(
    traded: Traded, fault: Twist, found: set[str]
) -> None:
    assert found <= set(differences(books(traded.said, fault), traded.theirs))

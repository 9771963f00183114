"""The whole OS trades some hours at Bybit and is started anew in them; both books are the same."""

import asyncio

import pytest

from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    Leg,
    LeverageConfirmed,
    OrderRequested,
    ReconcileState,
)
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import NS_PER_S
from tests.emulator.bybit.day import COINS, Day, trade
from tests.emulator.day_books import differences
from tests.emulator.test_day import MARKET, books_twice, forgets_a_fee, forgets_funding, turns_sides
from tests.emulator.test_day import books as books_of
from tests.laws.misspeaking import Twist

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAKED_MAX_S = 10.0


@pytest.fixture(scope="module", params=[MARKET])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return asyncio.run(trade(tmp_path_factory.mktemp(f"bybit-{request.param}")))


def test_at_the_end_of_each_life_the_ledger_is_the_account_to_the_last_digit(day: Day) -> None:
    assert [differences(*both) for both in day.books] == [{}, {}]
    ours, _ = day.books[-1]
    assert differences(ours, day.shown) == {}


def test_every_trade_and_payment_is_told_once_in_whichever_life(day: Day) -> None:
    fills = [each.trade_id for each in day.said if isinstance(each, Fill)]
    paid = [each.funding_id for each in day.said if isinstance(each, FundingPaid)]
    assert len(fills) == len(set(fills)) == len(day.trades)
    assert len(paid) == len(set(paid))


def test_the_day_had_everything_that_moves_money(day: Day) -> None:
    if MARKET != "recorded":
        pytest.skip("what a made-up market brings is not known")
    legs = {each.client_id: each.leg for each in day.said if isinstance(each, OrderRequested)}
    filled = {legs[each.client_id] for each in day.said if isinstance(each, Fill)}
    assert {Leg.ENTRY, Leg.STOP, Leg.TP1} <= filled
    assert any(isinstance(each, TradeClosed) for each in day.said)
    ours, _ = day.books[-1]
    assert min(ours.fees, abs(ours.funding), abs(ours.realised)) > 0


def test_what_was_filled_while_nobody_was_up_is_found_by_the_next_life(day: Day) -> None:
    if MARKET != "recorded":
        pytest.skip("what a made-up market brings is not known")
    first, second = day.lives
    known = {each.client_id for each in first if isinstance(each, OrderRequested)}
    missed = [each for each in second if isinstance(each, Fill) and each.client_id in known]
    assert missed
    last = [each for each in second if isinstance(each, ReconcileState)][-1]
    assert (last.ok, last.mismatches) == (True, ())


def test_a_leverage_is_set_and_read_back_before_its_entry_leaves(day: Day) -> None:
    entries = [
        each for each in day.said if isinstance(each, OrderRequested) and each.leg is Leg.ENTRY
    ]
    permits = {
        each.intent.intent_id: each.leverage for each in day.said if isinstance(each, RiskPermit)
    }
    for entry in entries:
        before = day.said[: day.said.index(entry)]
        confirmed = [each for each in before if isinstance(each, LeverageConfirmed)][-1]
        assert confirmed.leverage == permits[confirmed.intent_id]
    assert {name.removesuffix("USDT") for name, _ in day.leverages} <= set(COINS)
    assert len(day.leverages) >= bool(entries)


def test_no_fill_of_an_entry_waits_longer_than_ten_seconds_for_its_stop(day: Day) -> None:
    """Both times are Bybit's own: when it traded, and when it took the stop."""
    legs = {each.client_id: each for each in day.said if isinstance(each, OrderRequested)}
    entries = {
        each.trade_id: each
        for each in day.said
        if isinstance(each, Fill) and legs[each.client_id].leg is Leg.ENTRY
    }
    for fill in entries.values():
        stops = [each.created for each in day.stops if each.symbol == fill.symbol]
        after = [at for at in stops if at >= fill.venue_ts]
        assert after
        assert (min(after) - fill.venue_ts) / NS_PER_S <= NAKED_MAX_S


def test_nobody_was_alarmed(day: Day) -> None:
    assert [each.summary for each in day.said if isinstance(each, AlertRaised)] == []


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (forgets_a_fee, {"wallet", "fees"}),
        (books_twice, {"wallet", "fees"}),
        (forgets_funding, {"wallet", "funding"}),
        (turns_sides, {"positions"}),
    ],
)
def test_canary_a_ledger_with_a_planted_fault_is_caught(
    day: Day, fault: Twist, found: set[str]
) -> None:
    if MARKET != "recorded":
        pytest.skip("what a made-up market brings is not known")
    _, account = day.books[-1]
    assert found <= set(differences(books_of(day.said, fault), account))

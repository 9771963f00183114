"""What the orders desk says when it hears permits and the venue's word on an entry."""

from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.ai import Gate
from quantum_os.events.execution import (
    ExecutionResult,
    Leg,
    LeverageConfirmed,
    LeverageRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    ResultStatus,
)
from quantum_os.events.risk import SafetyAction, SafetyCleared, SafetyTripped
from quantum_os.events.system import TimerFired, TimerSet
from quantum_os.events.units import NS_PER_S, Leverage, Mode, Ns, PositionSide, Price
from quantum_os.execution.orders import SWEEP_TIMER, Orders
from tests.execution.desk import (
    BTC,
    ETH,
    T0,
    Desk,
    instruments,
    intent,
    leave,
    permit,
    policy_updated,
    position_id,
    stop_at,
)
from tests.execution.fake_venue import VENUE

SIDES = (PositionSide.LONG, PositionSide.SHORT)


@pytest.mark.parametrize("side", SIDES)
def test_hears_a_permit_and_says_leverage_entry_stop_result_and_targets(side: PositionSide) -> None:
    desk = Desk()
    wish = intent(side=side)
    trade = desk.enters(wish, price="100.5")
    entry, stop, *targets = desk.says(OrderRequested)
    assert (entry.leg, entry.kind, entry.side, entry.reduce_only) == (
        Leg.ENTRY,
        OrderKind.MARKET,
        side.entry,
        False,
    )
    assert entry.expires == T0 + 2 * NS_PER_S
    assert (stop.leg, stop.kind, stop.side, stop.trigger, stop.qty) == (
        Leg.STOP,
        OrderKind.STOP_MARKET,
        side.exit,
        wish.sl_price,
        Decimal(1),
    )
    assert [(t.leg, t.kind, t.price, t.qty) for t in targets] == [
        (leg, OrderKind.LIMIT, price, qty)
        for leg, price, qty in zip(
            (Leg.TP1, Leg.TP2, Leg.TP3), wish.tp_prices, wish.tp_qtys, strict=True
        )
    ]
    assert all(order.reduce_only and order.side is side.exit for order in (stop, *targets))
    assert {order.position_id for order in desk.says(OrderRequested)} == {position_id(wish)}
    assert trade.qty == side.sign
    (result,) = desk.says(ExecutionResult)
    assert (result.status, result.qty, result.entry_price) == (
        ResultStatus.FILLED,
        Decimal(1),
        Decimal("100.5"),
    )
    assert result.slippage_bps == pytest.approx(50.0 * side.sign)
    assert result.fee_usd == Decimal("0.05025")
    assert desk.conservation.residual == 0
    assert desk.conservation.state.filled == 1


def test_f25_hears_another_leverage_read_back_and_sends_no_order() -> None:
    desk = Desk()
    desk.venue.leverage = 20
    desk.permits(intent())
    assert desk.says(OrderRequested) == []
    assert desk.results() == [("i1", ResultStatus.REJECTED, "LEVERAGE_MISMATCH")]


def test_hears_no_leverage_at_all_and_gives_the_entry_up_when_the_timer_fires() -> None:
    desk = Desk()
    desk.venue.is_deaf = True
    desk.permits(intent())
    (asked,) = desk.says(TimerSet)
    assert (asked.key, asked.due) == (SWEEP_TIMER, T0 + 2 * NS_PER_S)
    desk.passes(2)
    desk.hears(TimerFired(SWEEP_TIMER, asked.due))
    assert desk.results() == [("i1", ResultStatus.SKIPPED_STALE, "LEVERAGE_UNCONFIRMED")]
    desk.hears(LeverageConfirmed(VENUE, Mode.BACKTEST, BTC, Leverage(3), "i1"))
    assert desk.says(OrderRequested) == []
    assert desk.orders.state.trades == {}


@pytest.mark.parametrize("age_s", [60, 61, 86_400])
def test_f06_hears_an_expired_intent_and_sends_zero_orders(age_s: int) -> None:
    desk = Desk()
    desk.permits(intent(created=T0 - age_s * NS_PER_S))
    assert desk.says(OrderRequested) == []
    assert desk.results() == [("i1", ResultStatus.SKIPPED_STALE, Gate.STALE_INTENT)]
    assert desk.conservation.state.expired == 1


def test_f07_hears_a_backlog_and_trades_only_the_newest_fresh_one_of_a_symbol() -> None:
    desk = Desk()
    backlog = [intent(f"i{n}", created=T0 - n * NS_PER_S) for n in range(300, 0, -1)]
    desk.hears(*backlog)
    for wish in backlog:
        desk.hears(permit(wish))
    fresh = [wish for wish in backlog if wish.expires > T0]
    assert len(desk.says(OrderRequested)) == 1
    ended = {intent_id for intent_id, _, _ in desk.results()}
    assert len(ended) == len(backlog) - 1
    assert desk.conservation.state.expired == len(backlog) - len(fresh)
    assert desk.conservation.residual == 0


def test_f19_hears_fifty_permits_of_one_symbol_at_once_and_sends_one_order() -> None:
    desk = Desk()
    desk.venue.is_deaf = True
    for n in range(50):
        desk.permits(intent(f"i{n}"))
    for asked in desk.says(LeverageRequested):
        desk.hears(LeverageConfirmed(VENUE, Mode.BACKTEST, BTC, Leverage(3), asked.intent_id))
    assert [order.intent_id for order in desk.says(OrderRequested)] == ["i49"]
    assert [status for _, status, _ in desk.results()] == [ResultStatus.SUPERSEDED] * 49
    assert desk.conservation.state.in_flight == 1


def test_hears_an_older_intent_while_a_newer_one_waits_and_supersedes_the_older() -> None:
    desk = Desk()
    desk.venue.is_deaf = True
    desk.permits(intent("new"))
    desk.permits(intent("old", created=T0 - NS_PER_S))
    assert desk.results() == [("old", ResultStatus.SUPERSEDED, "NEWER_INTENT")]


def test_hears_a_second_entry_after_the_first_left_and_supersedes_the_second() -> None:
    desk = Desk()
    desk.permits(intent("i1"))
    desk.permits(intent("i2", created=T0 + 1))
    assert [order.intent_id for order in desk.says(OrderRequested)] == ["i1"]
    assert desk.results() == [("i2", ResultStatus.SUPERSEDED, "ENTRY_IN_FLIGHT")]


@pytest.mark.parametrize(
    ("side", "gate"), [(PositionSide.LONG, Gate.SAME_SIDE), (PositionSide.SHORT, Gate.OPPOSITE)]
)
def test_f63_hears_an_entry_over_an_open_position_and_refuses_it(
    side: PositionSide, gate: Gate
) -> None:
    desk = Desk()
    desk.enters(intent())
    desk.permits(intent("i2", side=side))
    assert desk.results()[-1] == ("i2", ResultStatus.REJECTED, gate)
    assert len(desk.requested(Leg.ENTRY)) == 1
    assert desk.venue.held[BTC] == 1


def test_f57_duplicate_order_storm() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    before = len(desk.says(OrderRequested))
    for n in range(100):
        desk.hears(permit(wish))
        desk.hears(permit(msgspec.structs.replace(wish, confidence=0.6 + n / 1000)))
    assert len(desk.says(OrderRequested)) == before
    assert len(desk.results()) == 1
    fresh = Desk()
    fresh.permits(wish)
    assert fresh.requested(Leg.ENTRY)[0].client_id == desk.requested(Leg.ENTRY)[0].client_id


def test_hears_permits_without_policy_instrument_or_room_and_says_why() -> None:
    orders = Orders()
    desk = Desk(orders)
    orders.state.terms = None
    desk.permits(intent("i1"))
    desk.hears(policy_updated())
    desk.permits(intent("i2", symbol="XYZ/USDT:USDT"))
    desk.permits(intent("i3"), qty="0.0009")
    desk.permits(intent("i4"), qty="0.02")
    desk.permits(intent("i5", qty="101"))
    wrong = msgspec.structs.replace(intent("i6"), sl_price=Price(Decimal(101)))
    desk.permits(wrong)
    desk.hears(instruments())
    assert [reason for _, _, reason in desk.results()] == [
        Gate.POLICY_STALE,
        Gate.NOT_TRADABLE,
        "QTY_BELOW_MIN",
        Gate.MIN_NOTIONAL,
        "QTY_ABOVE_MAX",
        "BAD_PLAN",
    ]
    assert desk.says(OrderRequested) == []
    assert desk.conservation.residual == 0


def test_hears_a_rejected_entry_and_says_rejected() -> None:
    desk = Desk()
    desk.venue.rejects[Leg.ENTRY] = ["-2019"]
    desk.permits(intent())
    assert desk.results() == [("i1", ResultStatus.REJECTED, "-2019")]
    assert desk.orders.state.trades == {}
    assert desk.orders.state.orders == {}


def test_f49_hears_filled_without_executed_quantity_and_believes_nothing() -> None:
    desk = Desk()
    wish = intent()
    desk.permits(wish)
    (entry,) = desk.requested(Leg.ENTRY)
    desk.hears(desk.venue.updates(entry, OrderState.FILLED))
    assert desk.says(ExecutionResult) == []
    assert desk.requested(Leg.STOP, Leg.TP1) == []
    assert desk.trade(wish).qty == 0
    desk.hears(*desk.venue.fills(entry, "0.4"))
    assert desk.says(ExecutionResult) == []
    desk.hears(*desk.venue.fills(entry))
    assert desk.results() == [("i1", ResultStatus.FILLED, "")]


def test_f50_entry_price_is_the_volume_weighted_fill() -> None:
    desk = Desk()
    desk.permits(intent())
    (entry,) = desk.requested(Leg.ENTRY)
    desk.hears(*desk.venue.fills(entry, "0.25", "100.1"))
    desk.hears(*desk.venue.fills(entry, "0.75", "100.9"))
    (result,) = desk.says(ExecutionResult)
    assert result.entry_price == Decimal("100.7")


def test_e2_hears_the_fill_before_the_acknowledgement() -> None:
    desk = Desk()
    desk.venue.silent.add(Leg.ENTRY)
    wish = intent()
    desk.permits(wish)
    (entry,) = desk.requested(Leg.ENTRY)
    ack = desk.venue.updates(entry, OrderState.ACKED)
    fill, filled = desk.venue.fills(entry)
    desk.hears(filled)
    assert len(desk.requested(Leg.STOP)) == 1, "executed by the venue's word is protected already"
    assert desk.says(ExecutionResult) == []
    desk.hears(fill, ack, filled)
    assert desk.results() == [("i1", ResultStatus.FILLED, "")]
    assert desk.trade(wish).qty == 1
    assert len(desk.requested(Leg.STOP)) == 1


def test_e3_hears_a_trade_twice_and_books_it_once() -> None:
    desk = Desk()
    wish = intent()
    desk.permits(wish)
    fill, update = desk.venue.fills(desk.requested(Leg.ENTRY)[0], "0.5")
    desk.hears(fill, fill, update, update, fill)
    assert desk.trade(wish).qty == Decimal("0.5")


def test_unknown_entry_is_kept_and_never_sent_again() -> None:
    desk = Desk()
    wish = intent()
    desk.venue.silent.add(Leg.ENTRY)
    desk.permits(wish)
    (entry,) = desk.requested(Leg.ENTRY)
    desk.hears(desk.venue.updates(entry, OrderState.UNKNOWN))
    desk.permits(intent("i2", created=T0 + 1))
    desk.passes(600)
    desk.hears(TimerFired(SWEEP_TIMER, Ns(desk.instant.ns)), permit(wish))
    assert desk.requested(Leg.ENTRY) == [entry]
    assert desk.conservation.state.in_flight == 1
    desk.hears(*desk.venue.fills(entry))
    assert desk.results()[-1] == ("i1", ResultStatus.FILLED, "")


def test_hears_a_latch_and_ends_entries_that_are_not_filled() -> None:
    desk = Desk()
    desk.permits(intent("i2"))
    desk.venue.is_deaf = True
    desk.permits(intent("i1", symbol=ETH))
    desk.venue.is_deaf = False
    desk.hears(SafetyTripped("daily_loss", SafetyAction.HALT_ENTRIES, T0, "midnight"))
    desk.permits(intent("i3"))
    assert [status for _, status, _ in desk.results()] == [ResultStatus.REJECTED] * 3
    assert desk.venue.resting() == []
    desk.hears(SafetyCleared("daily_loss", "clock", "new day", Ns(0)))
    desk.permits(intent("i4"))
    assert len(desk.requested(Leg.ENTRY)) == 2


@pytest.mark.parametrize("side", SIDES)
def test_f75_the_sign_of_a_position_survives_persistence(side: PositionSide) -> None:
    desk = Desk()
    wish = intent(side=side)
    desk.enters(wish)
    restored = Orders()
    restored.restore(desk.orders.snapshot())
    assert restored.state == desk.orders.state
    assert restored.state.trades[position_id(wish)].qty == side.sign
    assert restored.state.trades[position_id(wish)].intent == wish


def test_memory_stays_flat_over_a_thousand_round_trips() -> None:
    desk = Desk()
    for n in range(1000):
        wish = intent(f"i{n}")
        desk.enters(wish)
        desk.hears(*desk.venue.fills(desk.requested(Leg.STOP)[-1], price="98"))
        desk.record.clear()
    state = desk.orders.state
    assert (state.trades, state.orders) == ({}, {})
    assert desk.conservation.state.filled == 1000
    assert desk.conservation.residual == 0


def test_hears_a_late_fill_of_an_entry_and_lets_exits_through_again() -> None:
    desk = Desk()
    wish = intent()
    desk.permits(wish)
    (entry,) = desk.requested(Leg.ENTRY)
    desk.hears(desk.venue.ends(entry, OrderState.CANCELED))
    desk.hears(leave(wish, "1"))
    assert desk.requested(Leg.CLOSE) == [], "what never filled needs no exit"
    desk.venue.held[BTC] = Decimal(1)
    desk.hears(desk.venue.trades_with(entry.client_id, BTC, entry.side, Decimal(1)))
    desk.hears(stop_at(wish, "98"), leave(wish, "1"))
    desk.hears(*desk.venue.fills(desk.requested(Leg.CLOSE)[0]))
    assert len(desk.requested(Leg.STOP)) == 1
    assert desk.venue.held[BTC] == 0


def test_invariant_1_hears_more_filled_than_asked_and_protects_all_of_it() -> None:
    desk = Desk()
    wish = intent()
    desk.enters(wish)
    entry = desk.requested(Leg.ENTRY)[0]
    desk.hears(desk.venue.trades_with(entry.client_id, BTC, entry.side, Decimal("0.2")))
    assert desk.trade(wish).qty == Decimal("1.2")
    assert [stop.qty for stop in desk.venue.resting(Leg.STOP)] == [Decimal("1.2")]

"""An order's row says where it stands by the venue's word, and never goes back."""

from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.execution import (
    Fill,
    Leg,
    Liquidity,
    OrderCancelRequested,
    OrderKind,
    OrderRequested,
    OrderState,
    OrderSubmitted,
    OrderUpdated,
)
from quantum_os.events.units import Mode, Ns, Price, Qty, Side, Usd
from tests.storage.projections.telling import row, told

VENUE, SYMBOL = "sim:binance", "BTC/USDT:USDT"
ASKED = OrderRequested(
    venue=VENUE,
    mode=Mode.DEMO,
    client_id="c",
    symbol=SYMBOL,
    leg=Leg.STOP,
    kind=OrderKind.STOP_MARKET,
    side=Side.SELL,
    qty=Qty(Decimal("1.50")),
    reduce_only=True,
    created=Ns(1),
    position_id="p",
    trigger=Price(Decimal("90.10")),
)
SENT = OrderSubmitted(VENUE, Mode.DEMO, "c", SYMBOL)


def updated(state: OrderState, cum_qty: str = "0", **more: object) -> OrderUpdated:
    fact = OrderUpdated(VENUE, Mode.DEMO, "c", SYMBOL, state, Qty(Decimal(cum_qty)), Ns(5))
    return msgspec.structs.replace(fact, **more)


def fill(trade_id: str = "t", price: str = "100") -> Fill:
    return Fill(
        venue=VENUE,
        mode=Mode.DEMO,
        trade_id=trade_id,
        client_id="c",
        symbol=SYMBOL,
        side=Side.SELL,
        price=Price(Decimal(price)),
        qty=Qty(Decimal("1.5")),
        fee=Usd(Decimal("0.06")),
        liquidity=Liquidity.TAKER,
        venue_ts=Ns(6),
    )


def test_what_was_asked_is_kept_with_the_life_that_asked() -> None:
    kept = row("orders", ASKED)
    assert (kept["leg"], kept["side"], kept["mode"], kept["epoch"]) == ("stop", "SELL", "demo", 3)
    assert (kept["qty"], kept["trigger"], kept["price"]) == (ASKED.qty, ASKED.trigger, None)
    assert (kept["state"], kept["seq"], kept["updated_seq"]) == ("NEW", 1, 1)


@pytest.mark.parametrize(
    ("facts", "state", "cum_qty"),
    [
        ([SENT], "SUBMITTED", "0"),
        ([SENT, updated(OrderState.ACKED)], "ACKED", "0"),
        ([updated(OrderState.ACKED), SENT], "ACKED", "0"),
        ([updated(OrderState.PARTIAL, "1"), updated(OrderState.ACKED, "0.5")], "PARTIAL", "1"),
        ([updated(OrderState.FILLED, "1.5"), updated(OrderState.CANCELED)], "FILLED", "1.5"),
        ([updated(OrderState.UNKNOWN), updated(OrderState.REJECTED)], "REJECTED", "0"),
    ],
)
def test_facts_in_any_order_lead_where_the_table_of_states_says(
    facts: list[OrderUpdated | OrderSubmitted], state: str, cum_qty: str
) -> None:
    kept = row("orders", ASKED, *facts)
    assert (kept["state"], kept["cum_qty"]) == (state, Decimal(cum_qty))


def test_what_the_venue_said_once_is_not_forgotten() -> None:
    acked = updated(OrderState.ACKED, venue_id="9", reason="rests")
    filled = updated(OrderState.FILLED, "1.5", avg_price=Price(Decimal(90)))
    kept = row("orders", ASKED, acked, filled)
    assert (kept["venue_id"], kept["avg_price"], kept["state_reason"]) == ("9", 90, "rests")


def test_a_wish_to_cancel_is_noted_and_moves_nothing() -> None:
    wish = OrderCancelRequested(VENUE, Mode.DEMO, "c", SYMBOL, "replaced")
    kept = row("orders", ASKED, updated(OrderState.ACKED), wish)
    assert (kept["state"], kept["cancel_reason"]) == ("ACKED", "replaced")
    assert kept["cancel_requested_at"] == 3_000


def test_an_order_nobody_asked_for_says_so() -> None:
    """A liquidation, or a person at the venue: what we do not know of it stays empty."""
    kept = row("orders", updated(OrderState.FILLED, "2"))
    assert (kept["symbol"], kept["state"], kept["cum_qty"]) == (SYMBOL, "FILLED", 2)
    assert (kept["leg"], kept["qty"], kept["created"]) == (None, None, None)


def test_a_request_that_comes_after_its_fact_completes_the_row() -> None:
    kept = row("orders", updated(OrderState.ACKED, venue_id="9"), ASKED)
    assert (kept["state"], kept["venue_id"], kept["leg"], kept["seq"]) == ("ACKED", "9", "stop", 1)


def test_a_fill_that_is_said_again_is_the_fill_we_have() -> None:
    (kept,) = told(fill(), fill(price="1"))["fills"]
    assert (kept["price"], kept["seq"]) == (100, 1)
    assert len(told(fill("t"), fill("u"))["fills"]) == 2

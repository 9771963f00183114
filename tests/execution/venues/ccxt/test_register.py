"""Orders never go back and trades are told once, in whatever order the venue says things."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from quantum_os.events.execution import Fill, Leg, Liquidity, OrderState, OrderUpdated
from quantum_os.events.units import Mode, Ns, Price, Qty, Side, Usd
from quantum_os.execution.venues.ccxt.facts import OrderSeen, TradeSeen
from quantum_os.execution.venues.ccxt.register import Register
from quantum_os.formulas.client_ids import client_id
from quantum_os.formulas.order_states import TERMINAL

BTC = "BTC/USDT:USDT"
ENTRY = client_id(1, "i1", Leg.ENTRY, 0)
STOP = client_id(1, "p1", Leg.STOP, 0)


def seen(
    state: OrderState,
    cum: str = "0",
    *,
    name: str = ENTRY,
    venue_id: str = "",
    child_id: str = "",
    code: str = "",
) -> OrderSeen:
    cum_qty = Qty(Decimal(cum))
    return OrderSeen(name, BTC, state, cum_qty, Ns(1), venue_id, child_id, code=code)


def trade(
    number: int, name: str = ENTRY, qty: str = "1", order_id: str = "7", symbol: str = BTC
) -> TradeSeen:
    return TradeSeen(
        f"{symbol}:{number}",
        order_id,
        name,
        symbol,
        Side.BUY,
        Price(Decimal(100)),
        Qty(Decimal(qty)),
        Usd(Decimal(0)),
        Liquidity.TAKER,
        Ns(number),
    )


def book() -> Register:
    return Register("binance", Mode.TESTNET)


def test_a_stale_new_after_filled_changes_nothing() -> None:
    register = book()
    said = list(register.hears(seen(OrderState.FILLED, "1")))
    assert [each.state for each in said if isinstance(each, OrderUpdated)] == [OrderState.FILLED]
    assert list(register.hears(seen(OrderState.ACKED))) == []


def test_f49_filled_without_executed_quantity_is_not_filled() -> None:
    register = book()
    (said,) = register.hears(seen(OrderState.FILLED, "0"))
    assert isinstance(said, OrderUpdated)
    assert said.state is OrderState.ACKED
    assert said.avg_price is None


def test_e3_a_trade_is_told_once_whoever_says_it() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, venue_id="7")))
    assert len(list(register.hears_trade(trade(1)))) == 1
    assert list(register.hears_trade(trade(1))) == []
    assert list(register.hears_trade(trade(1, name=""))) == []
    assert register.repeated == 2


def test_e2_a_fill_before_the_answer_is_known_by_its_client_id() -> None:
    (fill,) = book().hears_trade(trade(1))
    assert fill.client_id == ENTRY


def test_a_listed_trade_is_named_by_the_number_of_its_order() -> None:
    register = book()
    assert list(register.hears_trade(trade(1, name=""))) == []
    said = list(register.hears(seen(OrderState.PARTIAL, "1", venue_id="7")))
    assert [type(each) for each in said] == [OrderUpdated, Fill]
    assert not register.unnamed


def test_the_same_number_at_another_symbol_is_another_order() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, venue_id="7")))
    assert list(register.hears_trade(trade(1, name="", symbol="ETH/USDT:USDT"))) == []


def test_a_triggered_stop_trades_under_another_name_and_is_still_ours() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, name=STOP, venue_id="900")))
    assert list(register.hears_trade(trade(1, name="x-other", order_id="55"))) == []
    said = list(register.hears(seen(OrderState.ACKED, name=STOP, venue_id="900", child_id="55")))
    assert [each.client_id for each in said if isinstance(each, Fill)] == [STOP]
    (later,) = register.hears_trade(trade(2, name="x-other", order_id="55"))
    assert later.client_id == STOP


def test_the_number_of_an_algo_order_is_no_number_of_an_order() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, name=STOP, venue_id="55", child_id="77")))
    (foreign,) = register.hears_trade(trade(1, name="human", order_id="55"))
    assert foreign.client_id == "human"


def test_e6_the_venues_own_liquidation_is_told_as_such() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, name=STOP)))
    (fill,) = register.hears_trade(trade(1, name="autoclose-123"))
    assert fill.liquidity is Liquidity.LIQUIDATION
    (adl,) = register.hears_trade(trade(2, name="adl_autoclose"))
    assert adl.liquidity is Liquidity.TAKER


def test_e8_a_trade_by_somebody_else_is_told_under_its_own_name() -> None:
    (fill,) = book().hears_trade(trade(1, name="web_abc"))
    assert fill.client_id == "web_abc"


def test_a_trade_beside_a_stop_that_was_taken_back_is_somebody_else_s_at_once() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, name=STOP, venue_id="900")))
    assert list(register.hears_trade(trade(1, name="web_1", order_id="8"))) == [], "a child's?"
    list(register.hears(seen(OrderState.CANCELED, name=STOP, venue_id="900")))
    (fill,) = register.hears_trade(trade(2, name="web_2", order_id="9"))
    assert fill.client_id == "web_2"


def test_a_trade_beside_a_stop_that_came_to_nothing_may_be_its_own() -> None:
    register = book()
    list(register.hears(seen(OrderState.ACKED, name=STOP, venue_id="900")))
    list(register.hears(seen(OrderState.CANCELED, name=STOP, venue_id="900", code="failed")))
    assert list(register.hears_trade(trade(1, name="web_1", order_id="8"))) == []


def test_our_own_word_is_not_the_venues() -> None:
    register = book()
    list(register.hears_us(seen(OrderState.UNKNOWN)))
    assert not register.orders[ENTRY].heard
    list(register.hears(seen(OrderState.ACKED)))
    assert register.orders[ENTRY].heard


def test_trades_of_an_earlier_life_are_not_told_again() -> None:
    register = book()
    register.recall(iter([f"{BTC}:1"]))
    assert list(register.hears_trade(trade(1))) == []


class Disorder(RuleBasedStateMachine):
    """A venue that repeats, shuffles and forgets; what is told must still be a life of an order."""

    def __init__(self) -> None:
        super().__init__()
        self.register = book()
        self.told: list[OrderUpdated | Fill] = []

    @rule(state=st.sampled_from(sorted(OrderState)), cum=st.sampled_from(["0", "0.3", "0.7", "1"]))
    def venue_says(self, state: OrderState, cum: str) -> None:
        self.told += self.register.hears(seen(state, cum, venue_id="7"))

    @rule(state=st.sampled_from([OrderState.UNKNOWN, OrderState.REJECTED]))
    def we_say(self, state: OrderState) -> None:
        self.told += self.register.hears_us(seen(state))

    @rule(number=st.integers(1, 4), named=st.booleans())
    def trades(self, number: int, named: bool) -> None:
        name = ENTRY if named else ""
        self.told += self.register.hears_trade(trade(number, name, "0.25"))

    @invariant()
    def it_is_a_life(self) -> None:
        updates = [each for each in self.told if isinstance(each, OrderUpdated)]
        ended = [n for n, each in enumerate(updates) if each.state in TERMINAL]
        assert ended in ([], [len(updates) - 1])
        quantities = [each.cum_qty for each in updates]
        assert quantities == sorted(quantities)
        assert all(each.cum_qty > 0 for each in updates if each.state is OrderState.FILLED)

    @invariant()
    def each_trade_is_told_once(self) -> None:
        names = [each.trade_id for each in self.told if isinstance(each, Fill)]
        assert len(names) == len(set(names))


TestDisorder = Disorder.TestCase
TestDisorder.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@given(st.permutations(["new", "partial", "filled", "t1", "t2"]))
def test_e4_in_any_order_the_fills_are_whole(order: list[str]) -> None:
    register = book()
    said: list[OrderUpdated | Fill] = []
    for each in order:
        if each.startswith("t"):
            said += register.hears_trade(trade(int(each[1:]), qty="0.5"))
        else:
            state, cum = {
                "new": (OrderState.ACKED, "0"),
                "partial": (OrderState.PARTIAL, "0.5"),
                "filled": (OrderState.FILLED, "1"),
            }[each]
            said += register.hears(seen(state, cum, venue_id="7"))
    assert sum(each.qty for each in said if isinstance(each, Fill)) == 1
    assert register.orders[ENTRY].standing.state is OrderState.FILLED
    assert not register.orders[ENTRY].lacks_fills

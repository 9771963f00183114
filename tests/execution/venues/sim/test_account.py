"""What the account owns after each trade."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.account import Account, money
from tests.execution.venues.sim.floor import D

BUY, SELL = Side.BUY, Side.SELL


def account(leverage: int = 10) -> Account:
    opened = Account(leverage={"X": leverage})
    opened.put_in(D(1000))
    return opened


def test_an_entry_is_the_volume_weighted_price() -> None:
    a = account()
    a.book_trade("X", BUY, D(1), D(100))
    a.book_trade("X", BUY, D(3), D(104))
    held = a.positions["X"]
    assert (held.qty, held.entry, held.margin) == (D(4), D(103), D("41.2"))


def test_a_reduction_realises_its_part_and_frees_its_margin() -> None:
    a = account()
    a.book_trade("X", SELL, D(4), D(100))
    a.book_trade("X", BUY, D(1), D(90))
    held = a.positions["X"]
    assert (a.realised, a.wallet, held.qty, held.entry) == (D(10), D(1010), D(-3), D(100))
    assert (held.margin, a.free()) == (D(30), D(980))


def test_a_trade_through_zero_closes_first_and_opens_the_rest() -> None:
    a = account()
    a.book_trade("X", BUY, D(1), D(100))
    a.book_trade("X", SELL, D(3), D(110))
    held = a.positions["X"]
    assert (a.realised, held.qty, held.entry, held.margin) == (D(10), D(-2), D(110), D(22))


def test_unrealised_profit_has_the_sign_of_the_position() -> None:
    a = account()
    a.book_trade("X", SELL, D(2), D(100))
    assert a.positions["X"].upnl(D(103)) == -6


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Side)), st.integers(1, 10**6), st.integers(1, 10**6)),
        min_size=1,
        max_size=20,
    )
)
def test_cash_and_profit_agree_to_the_last_digit(trades: list[tuple[Side, int, int]]) -> None:
    a = account(3)
    cash = Decimal(0)
    for side, qty, price in trades:
        amount, at = D(qty) / 1000, D(price) / 100
        a.book_trade("X", side, amount, at)
        cash -= side.sign * amount * at
    held = a.positions.get("X")
    still = Decimal(0) if held is None else held.cost.copy_sign(held.qty)
    assert a.wallet == 1000 + cash + still
    assert a.wallet == a.deposit + a.realised


def test_money_is_rounded_half_to_even() -> None:
    assert money(D("0.000000005")) == 0
    assert money(D("0.000000015")) == D("0.00000002")

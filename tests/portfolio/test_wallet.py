"""Cash is deposits + realised - fees + funding, always; losses are measured from fixed marks."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.execution import Fill
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, Side
from quantum_os.portfolio.ledger import Ledger
from quantum_os.portfolio.wallet import Wallet
from tests.portfolio.book import DEPOSIT, Book

CENT = Decimal("1e-12")
MONDAY = 4 * NS_PER_DAY
money = st.decimals(-1_000, 1_000, places=8)
prices = st.decimals("0.00001", 90_000, places=5)
moves = st.lists(
    st.tuples(
        st.sampled_from(["in", "out", "all out", "funding"]),
        st.decimals("0.001", 5, places=3),
        prices,
        st.decimals(0, 3, places=4),
    ),
    max_size=25,
)


@given(money, money, money, money)
def test_cash_is_the_sum_of_its_parts(
    deposits: Decimal, realised: Decimal, fees: Decimal, funding: Decimal
) -> None:
    wallet = Wallet(deposits=deposits, realised=realised, fees=fees, funding=funding)
    assert wallet.cash == deposits + realised - fees + funding


def _walked(side: Side, walk: list[tuple[str, Decimal, Decimal, Decimal]]) -> Book:
    """Trades one symbol there and back as told, and leaves it flat."""
    book, open_qty = Book(), Decimal(0)
    for deed, qty, price, fee in walk:
        if deed == "in":
            book.fill(side, qty, price, fee=str(fee))
            open_qty += qty
        elif deed == "funding" and open_qty:
            book.funding(str(fee - 1))
        elif deed != "funding" and open_qty:
            out = open_qty if deed == "all out" else min(qty, open_qty)
            book.fill(side.opposite, out, price, fee=str(fee))
            open_qty -= out
    if open_qty:
        book.fill(side.opposite, open_qty, "100")
    return book


def _trades(book: Book) -> list[TradeClosed]:
    events = [envelope.event() for envelope in book.journal.read()]
    return [event for event in events if isinstance(event, TradeClosed)]


def _gap(book: Book) -> Decimal:
    """What the closed trades and the wallet disagree by."""
    return abs(sum((trade.net for trade in _trades(book)), Decimal(0)) - (book.cash - DEPOSIT))


@given(st.sampled_from(Side), moves)
def test_f79_closed_trades_add_up_to_the_wallets_change(
    side: Side, walk: list[tuple[str, Decimal, Decimal, Decimal]]
) -> None:
    assert _gap(_walked(side, walk)) < CENT


@given(st.sampled_from(Side), moves)
def test_r14_the_wallet_is_what_the_fills_paid_and_received(
    side: Side, walk: list[tuple[str, Decimal, Decimal, Decimal]]
) -> None:
    book = _walked(side, walk)
    paid = Decimal(0)
    for trade in _trades(book):
        sign = 1 if trade.side == "LONG" else -1
        paid += sign * (trade.exit_price - trade.entry_price) * trade.qty
        paid += trade.funding - trade.fees
    assert abs(paid - (book.cash - DEPOSIT)) < CENT


@given(st.sampled_from(Side), moves)
def test_f79_each_position_id_is_closed_once(
    side: Side, walk: list[tuple[str, Decimal, Decimal, Decimal]]
) -> None:
    ids = [trade.position_id for trade in _trades(_walked(side, walk))]
    assert len(ids) == len(set(ids))


def test_canary_a_ledger_that_forgets_the_exit_fees_is_caught() -> None:
    class Forgetful(Ledger):
        def on_fill(self, event: Fill) -> Iterator[PositionUpdated | AccountUpdated | TradeClosed]:
            fees = self.state.wallet.fees
            yield from super().on_fill(event)
            if event.side is Side.SELL:
                self.state.wallet.fees = fees

    for ledger, caught in ((Ledger(), False), (Forgetful(), True)):
        book = Book(ledger)
        book.fill(Side.BUY, "1", "100", fee="1")
        book.fill(Side.SELL, "1", "110", fee="1")
        assert (_gap(book) >= CENT) is caught


def _marked(*equities: tuple[int, int]) -> Wallet:
    """Marks a wallet at (ns, equity) pairs."""
    wallet = Wallet(deposits=Decimal(100))
    for ns, equity in equities:
        wallet.mark(Decimal(equity - 100), ns)
    return wallet


def test_drawdown_is_from_the_peak() -> None:
    wallet = _marked((0, 100), (1, 120), (2, 90))
    assert (wallet.peak, wallet.drawdown) == (Decimal(120), 0.25)
    wallet.mark(Decimal(50), 3)
    assert wallet.drawdown == 0.0


def test_the_day_is_measured_from_the_equity_before_midnight() -> None:
    before = (MONDAY + 23 * NS_PER_HOUR, 110)
    assert _marked((MONDAY, 100), before).day_pnl == pytest.approx(0.1)
    wallet = _marked((MONDAY, 100), before, (MONDAY + 25 * NS_PER_HOUR, 99))
    assert wallet.day_pnl == pytest.approx(-0.1)
    assert wallet.week_pnl == pytest.approx(-0.01)


def test_the_week_begins_on_monday_midnight_utc() -> None:
    sunday = MONDAY + 7 * NS_PER_DAY - 1
    assert _marked((MONDAY, 100), (sunday, 80)).week_pnl == pytest.approx(-0.2)
    wallet = _marked((MONDAY, 100), (sunday, 80), (sunday + 1, 88))
    assert wallet.week_pnl == pytest.approx(0.1)


@given(st.lists(st.integers(1, 1_000), min_size=1))
def test_drawdown_is_a_fraction_that_a_new_peak_clears(equities: list[int]) -> None:
    wallet = _marked(*enumerate(equities))
    assert 0 <= wallet.drawdown < 1
    assert (wallet.drawdown == 0) == (equities[-1] == max(equities))

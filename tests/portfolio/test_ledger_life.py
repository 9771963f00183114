"""A ledger lived through by chance, against sums: what came, what went, and what is still held.

The model keeps exact fractions and no ledger of ours: cash that flowed by trades, the quantity
that is left of them, and its average cost.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    Liquidity,
    PositionCorrected,
)
from quantum_os.events.portfolio import AccountUpdated, PositionUpdated, TradeClosed
from quantum_os.events.units import Frac, Leverage, Ns, Price, Qty, Side, Usd
from quantum_os.portfolio.ledger import Ledger
from tests.lives import law, law_broken_by, lived
from tests.portfolio.book import BTC, DEPOSIT, MODE, VENUE, Book

LOAD = lived(100, 40)
ETH = "ETH/USDT:USDT"
SYMBOLS = st.sampled_from([BTC, ETH])
SIDES = st.sampled_from(list(Side))
QTY = st.integers(1, 5_000).map(lambda n: Decimal(n) / 1000)
PRICE = st.integers(500, 2_000).map(lambda n: Decimal(n) / 10)
USD = st.integers(-10_000, 10_000).map(lambda n: Decimal(n) / 1000)
CENT = Fraction(1, 100)
ZERO = Fraction(0)


class Holding:
    """One symbol, counted exactly: signed quantity and its average cost."""

    def __init__(self) -> None:
        self.qty = self.cost = ZERO

    def trades(self, signed: Fraction, price: Fraction) -> Fraction:
        """Gives what was realised; what goes through zero closes first and opens the rest."""
        realised = ZERO
        if self.qty * signed < 0:
            part = min(abs(self.qty), abs(signed)) * (1 if signed > 0 else -1)
            realised = (self.cost - price) * part
            self.qty, signed = self.qty + part, signed - part
        if signed:
            self.cost = (abs(self.qty) * self.cost + abs(signed) * price) / abs(self.qty + signed)
            self.qty += signed
        return realised


class LedgerLife(RuleBasedStateMachine):
    """One ledger that hears a venue which repeats itself and does not mind the order."""

    ledger_of: type[Ledger] = Ledger

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(self.ledger_of())
        self.held = {BTC: Holding(), ETH: Holding()}
        self.cash = Fraction(DEPOSIT)
        self.marks: dict[str, Fraction] = {}
        self.facts: list[Event] = []
        self.closed: list[TradeClosed] = []
        self.elsewhere = ZERO
        self.flat: set[str] = set()
        self.open: dict[str, str] = {}

    @rule(symbol=SYMBOLS, side=SIDES, qty=QTY, price=PRICE, fee=USD, taken=st.booleans())
    def trades(
        self, symbol: str, side: Side, qty: Decimal, price: Decimal, fee: Decimal, taken: bool
    ) -> None:
        """A fill of any order, or the venue's own liquidation; a fee below 0 is a rebate."""
        held = self.held[symbol]
        liquidity = Liquidity.TAKER
        if taken and held.qty:
            side = Side.SELL if held.qty > 0 else Side.BUY
            qty, liquidity = (
                Decimal(abs(held.qty).numerator) / abs(held.qty).denominator,
                (Liquidity.LIQUIDATION),
            )
        self.hears(self.fill(symbol, side, qty, price, fee, liquidity))
        self.cash += held.trades(Fraction(qty) * side.sign, Fraction(price)) - Fraction(fee)

    @rule(symbol=SYMBOLS, amount=USD)
    def funds(self, symbol: str, amount: Decimal) -> None:
        paid = FundingPaid(
            VENUE, MODE, f"f{len(self.facts)}", symbol, Usd(amount), Frac(0.0), Price(Decimal(1)),
            Qty(Decimal(1)), Ns(0),
        )  # fmt: skip
        self.hears(msgspec.structs.replace(paid))
        self.cash += Fraction(amount)
        if symbol not in self.open:
            self.elsewhere += Fraction(amount)

    @rule(amount=USD)
    def transfers(self, amount: Decimal) -> None:
        name = f"c{len(self.facts)}"
        self.hears(CashTransferred(VENUE, MODE, name, "TRANSFER", Usd(amount), Ns(0)))
        self.cash += Fraction(amount)
        self.elsewhere += Fraction(amount)

    @precondition(lambda self: self.facts)
    @rule(which=st.integers(0, 60))
    def repeats(self, which: int) -> None:
        """The venue says again what it has said: nothing changes by it."""
        self.hears(self.facts[which % len(self.facts)])

    @rule(price=PRICE)
    def marks_btc(self, price: Decimal) -> None:
        self.note(self.book.tick(float(price)))
        self.marks[BTC] = Fraction(price)

    @rule(symbol=SYMBOLS, qty=st.none() | QTY, side=SIDES, price=PRICE)
    def venue_holds_another(
        self, symbol: str, qty: Decimal | None, side: Side, price: Decimal
    ) -> None:
        """A correction moves no cash."""
        held = self.held[symbol]
        before = self.part_of_trades()
        signed = Decimal(0) if qty is None else qty * side.sign
        entry = None if qty is None else Price(price)
        was = self.book.ledger.state.positions.get(symbol)
        corrected = PositionCorrected(
            VENUE, MODE, symbol, Qty(signed), Qty(was.qty if was else Decimal(0)), entry, entry,
            Leverage(3), Ns(len(self.facts)),
        )  # fmt: skip
        self.note(self.book.hear(corrected))
        held.qty, held.cost = Fraction(signed), Fraction(price)
        self.elsewhere += before - self.part_of_trades()

    @rule()
    def restarts(self) -> None:
        self.book.ledger.restore(self.book.ledger.snapshot())

    def fill(
        self, symbol: str, side: Side, qty: Decimal, price: Decimal, fee: Decimal, by: Liquidity
    ) -> Fill:
        name = f"t{len(self.facts)}"
        return Fill(
            VENUE, MODE, name, "entry", symbol, side, Price(price), Qty(qty), Usd(fee), by, Ns(0)
        )

    def hears(self, fact: Event) -> None:
        self.facts.append(fact)
        self.note(self.book.hear(fact))

    def note(self, said: list[Event]) -> None:
        """Every position that is told of ends once, and is told flat when it does."""
        for event in said:
            if isinstance(event, PositionUpdated):
                if event.qty:
                    self.open[event.symbol] = event.position_id
                else:
                    self.open.pop(event.symbol, None)
            elif isinstance(event, TradeClosed):
                law(event.position_id not in self.flat, "a position ends once")
                self.flat.add(event.position_id)
                self.closed.append(event)
        accounts = [event for event in said if isinstance(event, AccountUpdated)]
        for account in accounts[-1:]:
            law(account.equity == account.wallet + account.upnl, "equity is wallet and profit")

    def part_of_trades(self) -> Fraction:
        """What closed trades came to, and what open ones took and paid so far."""
        closed = sum((Fraction(trade.net) for trade in self.closed), ZERO)
        positions = self.book.ledger.state.positions.values()
        return closed + sum((Fraction(p.gross - p.fees + p.funding) for p in positions), ZERO)

    @invariant()
    def it_holds_what_was_traded(self) -> None:
        positions = self.book.ledger.state.positions
        ours = {symbol: Fraction(each.qty) for symbol, each in positions.items()}
        theirs = {symbol: each.qty for symbol, each in self.held.items() if each.qty}
        law(ours == theirs, "positions are the sums of their trades")

    @invariant()
    def cash_is_what_flowed(self) -> None:
        law(abs(Fraction(self.book.cash) - self.cash) < CENT, "cash is what flowed, to the cent")

    @invariant()
    def equity_is_cash_and_what_is_held(self) -> None:
        positions = self.book.ledger.state.positions
        held = sum(
            ((Fraction(p.mark) - self.held[symbol].cost) * self.held[symbol].qty
             for symbol, p in positions.items()),
            ZERO,
        )  # fmt: skip
        equity = Fraction(self.book.ledger.state.equity)
        law(abs(equity - self.cash - held) < CENT, "equity is cash and what is held, to the cent")

    @invariant()
    def trades_explain_the_cash(self) -> None:
        """Each trade's net, and what open positions came to so far, are all that cash did."""
        told = self.part_of_trades() + self.elsewhere
        law(abs(told - (self.cash - Fraction(DEPOSIT))) < CENT, "trades explain the cash")


TestLedgerLife = LedgerLife.TestCase
TestLedgerLife.settings = LOAD


class BooksTwice(Ledger):
    """Does not know a trade again."""

    def on_fill(self, event: Fill) -> Iterator[PositionUpdated | AccountUpdated | TradeClosed]:
        self.state.booked.pop(event.trade_id, None)
        yield from super().on_fill(event)


class ForgetsTheFee(Ledger):
    """Leaves the fee out where a trade ends a position."""

    def on_fill(self, event: Fill) -> Iterator[PositionUpdated | AccountUpdated | TradeClosed]:
        before = self.state.wallet.fees
        yield from super().on_fill(event)
        if event.symbol not in self.state.positions:
            self.state.wallet.fees = before


class LosesTheSign(Ledger):
    """Reads a short as a long when it comes from a snapshot."""

    def restore(self, snapshot: object) -> None:
        super().restore(snapshot)  # type: ignore[arg-type]
        for position in self.state.positions.values():
            position.qty = abs(position.qty)


class TurnsFundingRound(Ledger):
    """Books what was paid as received."""

    def on_funding(self, event: FundingPaid) -> AccountUpdated | None:
        return super().on_funding(msgspec.structs.replace(event, amount=Usd(-event.amount)))


class EarnsACorrection(Ledger):
    """Makes a profit up where the venue's listing is believed."""

    def on_corrected(self, event: PositionCorrected) -> Iterator[PositionUpdated | AccountUpdated]:
        position = self.state.positions.get(event.symbol)
        if position is not None:
            self.state.wallet.realised += position.upnl
        yield from super().on_corrected(event)


class TakesATransferForProfit(Ledger):
    """Books cash that came as something a trade has earned."""

    def on_cash(self, event: CashTransferred) -> AccountUpdated | None:
        for position in self.state.positions.values():
            position.gross += event.amount
        return super().on_cash(event)


@pytest.mark.parametrize(
    "canary",
    [
        BooksTwice,
        ForgetsTheFee,
        LosesTheSign,
        TurnsFundingRound,
        EarnsACorrection,
        TakesATransferForProfit,
    ],
)
def test_canary_a_planted_bug_is_found(canary: type[Ledger]) -> None:
    law_broken_by(type(canary.__name__, (LedgerLife,), {"ledger_of": canary}), LOAD)

"""Whether positions, cash and closed trades are what the fills make them (6, 7, 9)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.execution import (
    CashTransferred,
    Fill,
    FundingPaid,
    PositionCorrected,
    VenueSnapshot,
)
from quantum_os.events.portfolio import AccountUpdated, TradeClosed
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_S, Ns
from quantum_os.risk.invariants.facts import ZERO, Facts
from quantum_os.risk.invariants.violation import Violation

CENT = Decimal("0.01")
ROUNDING = Decimal("0.000001")
"""What rounding every fill of a trade to 8 decimals may add up to."""
QUIET_S = 30
"""Seconds for which venue and fills may differ: something may still be on its way."""
PAYMENTS_KEPT = 2_000
ENDS_KEPT = 16
"""Positions of one symbol that have ended and were not told yet."""


class Life(msgspec.Struct):
    """One position from flat to flat, in cash: what was paid and got, fees, funding.

    A corrected one holds what no trade explains; `ended` is when it went flat.
    """

    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    corrected: bool = False


class Books(msgspec.Struct):
    """An account on the back of an envelope, from fills and payments alone.

    `agreed` are the wallet and the cash that were compared last. `rebased` asks that cash begin
    anew at the ledger's next word: a position was corrected, or the fills before were not heard.
    `differs_since` is by symbol, against the venue's listing.
    """

    cash: Decimal | None = None
    agreed: tuple[Decimal, Decimal] | None = None
    rebased: bool = False
    lives: dict[str, Life] = {}
    ended: dict[str, list[Life]] = {}
    closed: dict[str, None] = {}
    payments: dict[str, None] = {}
    differs_since: dict[str, Ns] = {}

    def hear(self, event: Event, facts: Facts) -> Iterator[Violation]:
        match event:
            case ProcessStarted():
                self._begin(event, facts)
            case Fill() if not facts.is_repeat:
                self._fill(event, facts)
            case FundingPaid() if self._is_new(event.funding_id):
                self._pay(event.amount)
                if event.symbol in self.lives:
                    self.lives[event.symbol].funding += event.amount
            case CashTransferred() if self._is_new(event.cash_id):
                self._pay(event.amount)
            case PositionCorrected():
                self.rebased = True
                self.differs_since.pop(event.symbol, None)
                self.lives.setdefault(event.symbol, Life()).corrected = True
            case TradeClosed():
                yield from self._closed(event, facts)
            case VenueSnapshot():
                yield from self._listed(event, facts)

    def settle(self, facts: Facts) -> Iterator[Violation]:
        """An instant is over: the ledger has said all that follows from it."""
        for symbol in facts.touched:
            seen = facts.symbols[symbol]
            told = seen.position.qty if seen.position is not None else ZERO
            if facts.whole and told != seen.net:
                yield Violation(6, symbol, f"ledger {told}, fills {seen.net}", facts.now)
            if seen.net == 0:
                # Set to nothing by a correction: no trade has closed it, so none is told.
                self.lives.pop(symbol, None)
        if facts.account_is_new and facts.account is not None:
            facts.account_is_new = False
            yield from self._cash_agrees(facts.account, facts)

    def _begin(self, event: ProcessStarted, facts: Facts) -> None:
        if self.cash is None:
            self.cash = event.deposit
            self.rebased = not facts.whole

    def _is_new(self, payment: str) -> bool:
        if payment in self.payments:
            return False
        self.payments[payment] = None
        if len(self.payments) > PAYMENTS_KEPT:
            del self.payments[next(iter(self.payments))]
        return True

    def _pay(self, amount: Decimal) -> None:
        if self.cash is not None:
            self.cash += amount

    def _fill(self, fill: Fill, facts: Facts) -> None:
        """Books a fill; one that goes through zero ends a position and begins the next."""
        seen = facts.symbol(fill.symbol)
        self._pay(-fill.side.sign * fill.price * fill.qty - fill.fee)
        past_zero = abs(seen.net) if seen.before * seen.net < 0 else ZERO
        self._live(fill, fill.qty - past_zero, facts)
        if past_zero or seen.net == 0:
            self._end(fill.symbol)
        if past_zero:
            self._live(fill, past_zero, facts)

    def _end(self, symbol: str) -> None:
        """What ended is kept until the ledger tells it; several can end in one instant."""
        waiting = self.ended.setdefault(symbol, [])
        waiting.append(self.lives.pop(symbol))
        del waiting[:-ENDS_KEPT]

    def _live(self, fill: Fill, qty: Decimal, facts: Facts) -> None:
        life = self.lives.setdefault(fill.symbol, Life(corrected=not facts.whole))
        life.gross -= fill.side.sign * fill.price * qty
        life.fees += fill.fee * qty / fill.qty

    def _cash_agrees(self, account: AccountUpdated, facts: Facts) -> Iterator[Violation]:
        if abs(account.wallet + account.upnl - account.equity) > CENT:
            values = f"wallet {account.wallet} + open {account.upnl} is not {account.equity}"
            yield Violation(7, "equity", values, facts.now)
        if self.cash is None or not facts.whole:
            return
        compared = (account.wallet, self.cash)
        if compared == self.agreed:
            return
        held = (seen.position for seen in facts.symbols.values())
        spent = sum((each.qty * each.entry for each in held if each is not None), ZERO)
        if self.rebased:
            self.cash, self.rebased = account.wallet - spent, False
        elif abs(self.cash + spent - account.wallet) > CENT:
            values = f"ledger {account.wallet}, fills and payments {self.cash + spent}"
            yield Violation(7, "wallet", values, facts.now)
            return
        self.agreed = compared

    def _closed(self, trade: TradeClosed, facts: Facts) -> Iterator[Violation]:
        waiting = self.ended.get(trade.symbol)
        life = waiting.pop(0) if waiting else None
        if trade.position_id in self.closed or (life is None and facts.whole):
            yield Violation(9, trade.position_id, f"{trade.symbol} is told closed again", facts.now)
            return
        self.closed[trade.position_id] = None
        if len(self.closed) > PAYMENTS_KEPT:
            del self.closed[next(iter(self.closed))]
        if life is None or life.corrected:
            return
        told = (trade.gross, trade.fees, trade.funding, trade.net)
        made = (life.gross, life.fees, life.funding, life.gross - life.fees + life.funding)
        if any(abs(one - other) > ROUNDING for one, other in zip(told, made, strict=True)):
            words = " ".join(str(each) for each in told), " ".join(str(each) for each in made)
            values = f"{trade.symbol}: gross, fees, funding, net told {words[0]}, filled {words[1]}"
            yield Violation(9, trade.position_id, values, facts.now)

    def _listed(self, listing: VenueSnapshot, facts: Facts) -> Iterator[Violation]:
        """Held against the fills; a difference that outlives what may be on its way is one."""
        theirs: dict[str, Decimal] = {row.symbol: row.qty for row in listing.positions}
        ours = facts.nets
        if theirs == ours:
            self.differs_since = {}
            return
        before, self.differs_since = self.differs_since, {}
        for symbol in dict.fromkeys((*theirs, *ours)):
            listed, net = theirs.get(symbol, ZERO), ours.get(symbol, ZERO)
            if listed == net:
                continue
            since = self.differs_since[symbol] = before.get(symbol, facts.now)
            if facts.now - since > QUIET_S * NS_PER_S:
                yield Violation(6, symbol, f"venue {listed}, fills {net}", since)

"""Decides what a position pays or receives at a funding stamp."""

from decimal import Decimal

from quantum_os.events.execution import FundingPaid
from quantum_os.events.market import ExchangeRaw
from quantum_os.events.units import NS_PER_MINUTE, Frac, Ns, Price, Qty, Usd
from quantum_os.execution.venues.sim.account import money
from quantum_os.execution.venues.sim.state import FundingDue, Session
from quantum_os.formulas.rounding import decimal_of
from quantum_os.kernel.ids import derive


def funding_amount(qty: Decimal, mark: Decimal, rate: Decimal) -> Decimal:
    """-(signed qty) * mark * rate, to 8 decimals: a long pays a positive rate, a short gets it."""
    return money(-qty * mark * rate)


def hear_rate(session: Session, event: ExchangeRaw) -> None:
    """Pays at once when prices have reached the stamp, else when they do.

    On bars the rate comes before the bar that ends at its stamp, and only that bar tells who still
    holds. Venues stamp some ms late: the minute is what counts.
    """
    stamp = round(event.venue_ts / NS_PER_MINUTE) * NS_PER_MINUTE
    session.state.funding_due.append(FundingDue(event.symbol, event.value, stamp))
    pay_due(session, session.state.priced_until)


def pay_due(session: Session, priced_until: int) -> None:
    """Pays what is due up to a time; nothing to a symbol that is flat."""
    state = session.state
    waiting = [due for due in state.funding_due if due.stamp > priced_until]
    for due in state.funding_due:
        if due.stamp <= priced_until and due.symbol in state.account.positions:
            _pay(session, due)
    state.funding_due = waiting


def _pay(session: Session, due: FundingDue) -> None:
    state = session.state
    qty = state.account.positions[due.symbol].qty
    mark = decimal_of(state.books[due.symbol].mark)
    amount = funding_amount(qty, mark, decimal_of(due.rate))
    state.account.book_funding(amount)
    session.said.append(
        FundingPaid(
            state.venue,
            state.mode,
            derive(state.namespace, "funding", due.symbol, due.stamp),
            due.symbol,
            Usd(amount),
            Frac(due.rate),
            Price(mark),
            Qty(qty),
            Ns(due.stamp),
        )
    )

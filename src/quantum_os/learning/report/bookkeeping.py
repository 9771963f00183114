"""Decides whether the report's money adds up: fills, trades, wallet and equity, to the cent."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from quantum_os.learning.report.evidence import ZERO, Evidence, SeenFill
from quantum_os.learning.report.facts import Recorded

CENT = Decimal("0.01")


class Check(msgspec.Struct, frozen=True):
    """One sum told twice, from different events; `ok` when both agree to the cent."""

    claim: str
    left: float
    right: float
    ok: bool


def checks(evidence: Evidence, recorded: Recorded) -> tuple[Check, ...]:
    """Adds the money up from the fills, and holds the ledger's and the run's own words to it."""
    lives = evidence.lives
    closed = [fill for life in lives for fill in life.fills]
    held = [fill for fills in evidence.open_fills.values() for fill in fills]
    funding = sum((payment.amount for payment in evidence.funding), ZERO)
    net = sum((life.trade.net for life in lives), ZERO)
    costs = sum((life.trade.gross - life.trade.fees + life.trade.funding for life in lives), ZERO)
    booked = cash_of(closed) + sum((life.trade.funding for life in lives), ZERO)
    end = evidence.deposit + cash_of((*closed, *held)) + funding + _worth(evidence)
    found = [
        _check("net of the closed trades = gross - fees + funding", net, costs),
        _check("net of the closed trades = their fills' cash + funding", net, booked),
        _check(
            "last equity = deposit + all fills' cash + funding + what is held", evidence.equity, end
        ),
    ]
    if recorded.net_pnl is not None:
        told = Decimal(repr(recorded.net_pnl))
        found.append(_check("net of the closed trades = run.json", net, told))
    if recorded.equity is not None:
        found.append(
            _check("last equity = run.json", evidence.equity, Decimal(repr(recorded.equity)))
        )
    return tuple(found)


def cash_of(fills: Iterable[SeenFill]) -> Decimal:
    """What fills brought in, in USD: sales less purchases less fees."""
    return sum(
        (-seen.fill.price * seen.fill.qty * seen.fill.side.sign - seen.fill.fee for seen in fills),
        ZERO,
    )


def _worth(evidence: Evidence) -> Decimal:
    """What is still held, at the last close, in USD; signed."""
    return sum(
        (
            fill.fill.qty * fill.fill.side.sign * evidence.open_prices[symbol]
            for symbol, fills in evidence.open_fills.items()
            if symbol in evidence.open_prices
            for fill in fills
        ),
        ZERO,
    )


def _check(claim: str, left: Decimal, right: Decimal) -> Check:
    return Check(claim, float(left), float(right), abs(left - right) < CENT)

"""Decides which filters and leverage brackets ship with the package, and that they make sense."""

from decimal import Decimal
from importlib import resources
from itertools import pairwise
from typing import Literal

import msgspec

from quantum_os.events.market import Bracket, Instrument
from quantum_os.events.units import Notional, Price, Qty, Usd

BOOK_FILE = "instruments.json"
BOOK_VENUE = "binance"
"""The exchange whose filters and brackets the packaged book holds."""
PACKAGED = "packaged"
"""The source of instruments that no venue gave."""
CUM_TOLERANCE_USD = Decimal("0.01")


class _Step(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    floor: Notional
    cap: Notional
    leverage_max: int
    mmr: Decimal
    cum: Usd


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    symbol: str
    tick: Price
    step: Qty
    min_qty: Qty
    max_qty: Qty
    market_max_qty: Qty
    qty_limits: Literal["recorded", "cautious"]
    min_notional: Notional
    brackets: tuple[_Step, ...]


class _Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    venue: str
    source: str
    as_of: str
    instruments: tuple[_Entry, ...]


def packaged_instruments() -> tuple[Instrument, ...]:
    """Gives the perpetuals of the packaged book, in its order, each checked."""
    packaged = resources.files("quantum_os.market").joinpath(BOOK_FILE)
    return read_book(packaged.read_bytes())


def read_book(content: bytes) -> tuple[Instrument, ...]:
    """Reads a book of instruments (JSON, figures as text); raises ValueError for what is wrong."""
    book = msgspec.json.decode(content, type=_Book)
    instruments = tuple(_instrument(entry) for entry in book.instruments)
    symbols = [instrument.symbol for instrument in instruments]
    repeated = [symbol for symbol, following in pairwise(sorted(symbols)) if symbol == following]
    if repeated:
        raise ValueError(f"listed twice: {', '.join(repeated)}")
    for instrument in instruments:
        check_instrument(instrument)
    return instruments


def check_instrument(instrument: Instrument) -> None:
    """Raises ValueError, naming the symbol, for filters or brackets no exchange can have.

    Brackets must be contiguous from 0, with rising maintenance rate and falling leverage, and each
    `cum` must join its step to the one before: cum_k = floor_k (mmr_k - mmr_{k-1}) + cum_{k-1}
    (Binance's published maintenance amount).
    """
    for reason in (*_bad_filters(instrument), *_bad_brackets(instrument.brackets)):
        raise ValueError(f"{instrument.symbol}: {reason}")


def _bad_filters(instrument: Instrument) -> list[str]:
    bad = [
        f"{name} is {value}, not above 0"
        for name, value in (
            ("tick", instrument.tick),
            ("step", instrument.step),
            ("min_qty", instrument.min_qty),
            ("min_notional", instrument.min_notional),
        )
        if not value.is_finite() or value <= 0
    ]
    if bad:
        return bad
    if instrument.max_qty < instrument.min_qty or instrument.market_max_qty < instrument.min_qty:
        bad.append("a maximum quantity is below the minimum")
    if instrument.min_qty % instrument.step != 0:
        bad.append(f"min_qty {instrument.min_qty} is no multiple of step {instrument.step}")
    return bad


def _bad_brackets(brackets: tuple[Bracket, ...]) -> list[str]:
    if not brackets:
        return ["no brackets"]
    first = brackets[0]
    bad = []
    if first.floor != 0 or first.cum != 0 or first.mmr <= 0:
        bad.append("the first bracket must start at 0 with cum 0 and a positive rate")
    if brackets[-1].leverage_max < 1 or brackets[-1].mmr >= 1:
        bad.append("the last bracket must allow leverage 1 and keep its rate below 1")
    bad += [f"bracket at {one.floor}: cap {one.cap}" for one in brackets if one.cap <= one.floor]
    for before, after in pairwise(brackets):
        bad += [f"bracket at {after.floor}: {reason}" for reason in _bad_joint(before, after)]
    return bad


def _bad_joint(before: Bracket, after: Bracket) -> list[str]:
    cum = after.floor * (after.mmr - before.mmr) + before.cum
    claims = (
        (after.floor == before.cap, f"does not start at {before.cap}"),
        (after.mmr > before.mmr, f"rate {after.mmr} does not rise"),
        (after.leverage_max < before.leverage_max, f"leverage {after.leverage_max} does not fall"),
        (abs(after.cum - cum) <= CUM_TOLERANCE_USD, f"cum {after.cum} is not {cum}"),
    )
    return [reason for holds, reason in claims if not holds]


def _instrument(entry: _Entry) -> Instrument:
    return Instrument(
        symbol=entry.symbol,
        tick=entry.tick,
        step=entry.step,
        min_qty=entry.min_qty,
        max_qty=entry.max_qty,
        market_max_qty=entry.market_max_qty,
        min_notional=entry.min_notional,
        brackets=tuple(
            Bracket(step.floor, step.cap, step.leverage_max, step.mmr, step.cum)
            for step in entry.brackets
        ),
    )

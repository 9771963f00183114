"""What both engines are told to trade, and how a trade of either is written down to be compared."""

from decimal import Decimal
from pathlib import Path

import msgspec

from quantum_os.events.units import NS_PER_HOUR

HOUR = NS_PER_HOUR


class Rule(msgspec.Struct, frozen=True):
    """One symbol, one position at a time, constant size, decided at the close of each hour.

    Long while EMA 10 stands above EMA 20, short while below; market order at the next open; a stop
    `stop` away from the deciding close and the targets, all resting; out at the open after `hold_h`
    hours otherwise. `fee` is a fraction of each side's notional; no slippage.

    Without `ladder` there is one target for the whole size. With it there are three for 30, 30 and
    40 % of it, and the stop is moved up: beyond both fees after the first, to the first after the
    second. In a trend the last part has no target.
    """

    stop: Decimal = Decimal("0.02")
    hold_h: int = 36
    fee: Decimal = Decimal("0.0005")
    ladder: bool = False


class Task(msgspec.Struct, frozen=True):
    """A recording to trade: its files, the span in ns, and the constant size of each symbol."""

    name: str
    files: tuple[Path, ...]
    start: int
    end: int
    sizes: dict[str, Decimal]


PARTS = (3, 3, 4)
"""Tenths of the size that the three targets of a ladder are for."""


class Trade(msgspec.Struct, frozen=True, order=True):
    """A closed trade, `exit` the average of its parts.

    Times are the opens (ns) of the bars it was entered and, with its last part, left in.
    """

    symbol: str
    entered: int
    left: int
    side: str
    qty: Decimal
    entry: float
    exit: float
    fees: float
    net: float

"""What the world says: prices, bars, funding, instruments, and how far each can be trusted."""

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import Bps, Flag, Frac, Notional, Ns, Price, Qty, Side, Usd


class RawKind(StrEnum):
    """What a venue's own message was about."""

    FUNDING = "funding"
    MARK = "mark"
    INDEX = "index"
    OPEN_INTEREST = "open_interest"


class MarketKlines(Event, frozen=True):
    """The closed bars of one venue at one time; columns over `symbols`.

    A symbol without a bar is absent.
    Prices in quote currency, volume in base units. A bar is stamped by its open time.
    """

    venue: str
    timeframe: str
    open_time: Ns
    close_time: Ns
    symbols: tuple[str, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    synthetic: bool = False


class MarketOpens(Event, frozen=True):
    """The first prices of the bars that start at `time`: the earliest a market order gets."""

    venue: str
    time: Ns
    symbols: tuple[str, ...]
    price: tuple[float, ...]
    synthetic: bool = False


class MarketTick(Event, frozen=True):
    """One price of one symbol; a conflated one carries the extremes and count of all."""

    venue: str
    symbol: str
    price: float
    venue_ts: Ns
    qty: float | None = None
    side: Side | None = None
    trade_id: str | None = None
    bid: float | None = None
    ask: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    count: int = 1
    synthetic: bool = False


class FeedWatermark(Event, frozen=True):
    """Nothing older than `time` will come from this venue any more."""

    venue: str
    time: Ns


class ExchangeRaw(Event, frozen=True):
    """One value of the venue's own messages, in our fields.

    FUNDING: `value` is the raw rate of the interval that ends at `venue_ts` (paid then by who
    holds a position), `interval_h` its length. MARK, INDEX: price. OPEN_INTEREST: base units.
    """

    venue: str
    symbol: str
    kind: RawKind
    venue_ts: Ns
    value: float
    interval_h: float | None = None
    next_time: Ns | None = None
    synthetic: bool = False


class FeedStatus(StrEnum):
    """How a feed topic is doing."""

    LIVE = "live"
    STALE = "stale"
    GAP = "gap"
    RESYNCING = "resyncing"
    DOWN = "down"


class FeedState(Event, frozen=True):
    """A topic of a feed changed its condition; a gap names its bounds."""

    venue: str
    topic: str
    state: FeedStatus
    since: Ns
    last_event_age_ms: float | None = None
    gap_from: Ns | None = None
    gap_to: Ns | None = None


class Bracket(msgspec.Struct, frozen=True):
    """One step of a venue's leverage table; `cum` is the maintenance amount joining the steps."""

    floor: Notional
    cap: Notional
    leverage_max: int
    mmr: Decimal
    cum: Usd


class Instrument(msgspec.Struct, frozen=True):
    """The filters of one perpetual: what the venue will accept."""

    symbol: str
    tick: Price
    step: Qty
    min_qty: Qty
    max_qty: Qty
    market_max_qty: Qty
    min_notional: Notional
    brackets: tuple[Bracket, ...]
    status: str = "TRADING"


class InstrumentUpdated(Event, frozen=True):
    """Filters, brackets or status of instruments were learnt; `source` says from whom."""

    venue: str
    instruments: tuple[Instrument, ...]
    source: str


class MarketCandle(Event, frozen=True):
    """The closed candles of one timeframe, built from finer bars; columns over `symbols`."""

    venue: str
    timeframe: str
    open_time: Ns
    close_time: Ns
    symbols: tuple[str, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    synthetic: bool = False


class MarketFlagged(Event, frozen=True):
    """The quality flags of a symbol changed; empty `flags` means it is clean again."""

    venue: str
    symbol: str
    flags: tuple[Flag, ...]
    since: Ns
    evidence: str


class ExchangeNormalized(Event, frozen=True):
    """The venues side by side at one bar close; columns over `symbols`.

    `mid` has one column per entry of `venues`. With fewer than two fresh venues a value is None,
    never 0.
    """

    STREAM: ClassVar[str] = "exchange.normalized"
    bar_close: Ns
    symbols: tuple[str, ...]
    venues: tuple[str, ...]
    mid: tuple[tuple[float | None, ...], ...]
    divergence_bps: tuple[Bps | None, ...]
    zscore: tuple[float | None, ...]
    lead_venue: tuple[str | None, ...]
    basis_bps: tuple[Bps | None, ...]
    funding_spread: tuple[Frac | None, ...]
    venues_fresh: tuple[int, ...]


class MarketData(Event, frozen=True):
    """One cross-section of the universe per decision bar close; columns over `symbols`.

    Unknown values are None. `funding_rate` is signed and normalised to 8 h. `flags` bar entries.
    """

    STREAM: ClassVar[str] = "market_data"
    bar_close: Ns
    timeframe: str
    venue: str
    symbols: tuple[str, ...]
    last: tuple[float | None, ...]
    mark: tuple[float | None, ...]
    index: tuple[float | None, ...]
    bid: tuple[float | None, ...]
    ask: tuple[float | None, ...]
    spread_bps: tuple[Bps | None, ...]
    funding_rate: tuple[Frac | None, ...]
    next_funding: tuple[Ns | None, ...]
    open_interest: tuple[float | None, ...]
    volume_usd: tuple[float | None, ...]
    atr_frac: tuple[Frac | None, ...]
    vol_ratio: tuple[float | None, ...]
    divergence_bps: tuple[Bps | None, ...]
    age_ms: tuple[float | None, ...]
    flags: tuple[tuple[Flag, ...], ...]
    universe_atr_frac: Frac | None = None
    quote_source: str = "model"


def row_of(symbols: tuple[str, ...], symbol: str) -> int | None:
    """Gives the place of a symbol in an event's columns; None when it is not among them."""
    return rows_of(symbols).get(symbol)


def rows_of(symbols: tuple[str, ...]) -> dict[str, int]:
    """Gives the places of all symbols of an event's columns; it is shared, and not to be changed.

    A bar asks hundreds of times about the same tuple. It is remembered by identity and held, so
    that another tuple cannot come to stand at its place.
    """
    found = _PLACES.get(id(symbols))
    if found is None:
        while len(_PLACES) >= PLACES_KEPT:
            del _PLACES[next(iter(_PLACES))]
        rows: dict[str, int] = {}
        for row, symbol in enumerate(symbols):
            rows.setdefault(symbol, row)
        found = _PLACES[id(symbols)] = (symbols, rows)
    return found[1]


PLACES_KEPT = 16
"""Tuples of symbols whose places are remembered: those of a bar's events, and some more."""

_PLACES: dict[int, tuple[tuple[str, ...], dict[str, int]]] = {}

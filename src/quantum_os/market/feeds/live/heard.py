"""What a venue's public messages say, in our units: facts, or why there is none in them."""

import msgspec

from quantum_os.events.units import Ns, Side


class Trade(msgspec.Struct, frozen=True):
    """One trade: `price` in quote currency, `qty` in base units; `side` is the taker's."""

    symbol: str
    price: float
    qty: float
    side: Side
    trade_id: str
    ts: Ns


class Quote(msgspec.Struct, frozen=True):
    """The best prices of the book; None where they have not changed."""

    symbol: str
    bid: float | None
    ask: float | None
    ts: Ns


class Bar(msgspec.Struct, frozen=True):
    """A bar as it stands; `closed` once it will not change any more."""

    symbol: str
    timeframe: str
    open_time: Ns
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: bool
    ts: Ns


class Reference(msgspec.Struct, frozen=True):
    """What a venue computes beside trading; None where it said nothing of it.

    `funding_rate` is the raw rate, as it stands, of the interval that ends at `next_funding`.
    """

    symbol: str
    ts: Ns
    mark: float | None = None
    index: float | None = None
    funding_rate: float | None = None
    next_funding: Ns | None = None
    interval_h: float | None = None
    open_interest: float | None = None


Level = tuple[float, float]
"""Price and quantity; a quantity of 0 takes the level away."""


class BookChange(msgspec.Struct, frozen=True):
    """Levels of a book that changed, numbered `first`..`last`; a snapshot holds the whole book.

    `previous` is the last number of the change before, where the venue says it.
    """

    symbol: str
    first: int
    last: int
    previous: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    ts: Ns
    is_snapshot: bool = False


Fact = Trade | Quote | Bar | Reference | BookChange


class Heard(msgspec.Struct, frozen=True):
    """A message of ours, and what it says."""

    facts: tuple[Fact, ...]


class NotOurs(msgspec.Struct, frozen=True):
    """A message that is sound and of no use to a feed: `shape` names its kind."""

    shape: str


class Refused(msgspec.Struct, frozen=True):
    """A message that cannot be true or cannot be read; `reason` begins with what it was about."""

    reason: str


Reading = Heard | NotOurs | Refused

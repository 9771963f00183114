"""Decides what the venue remembers, and hands it to those who work on it for one event."""

import msgspec

from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    LeverageConfirmed,
    OrderSubmitted,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.market import Instrument, MarketKlines, MarketOpens
from quantum_os.events.units import Mode
from quantum_os.execution.venues.sim.account import Account
from quantum_os.execution.venues.sim.book import SymbolBook
from quantum_os.execution.venues.sim.config import SimVenueConfig, Tariff
from quantum_os.execution.venues.sim.tape import Columns

Said = OrderSubmitted | OrderUpdated | Fill | FundingPaid | LeverageConfirmed | VenueSnapshot

KNOWN_IDS_MAX = 100_000
"""How many client ids the duplicate check remembers; the oldest is forgotten first."""


class Metrics(msgspec.Struct):
    """What a run is judged by.

    `naked_price_points`: price points that found a position without reduce-only stops (or closing
    orders) for its full size; the one at which the entry fills comes before the position.
    `ambiguous_bars`: bars that held both a stop and a target. `liquidations`: positions taken.
    """

    naked_price_points: int = 0
    ambiguous_bars: int = 0
    liquidations: int = 0


class FundingDue(msgspec.Struct, frozen=True):
    """A funding rate whose stamp the prices have not reached."""

    symbol: str
    rate: float
    stamp: int


class SimVenueState(msgspec.Struct):
    """The whole venue. `lost` are orders that never arrived and nobody has been told so."""

    venue: str = ""
    price_venue: str = ""
    mode: Mode = Mode.BACKTEST
    namespace: str = ""
    account: Account = msgspec.field(default_factory=Account)
    books: dict[str, SymbolBook] = {}
    instruments: dict[str, Instrument] = {}
    known_ids: dict[str, None] = {}
    lost: dict[str, str] = {}
    faults_seen: list[int] = []
    funding_due: list[FundingDue] = []
    bars: MarketKlines | None = None
    opens: MarketOpens | None = None
    ticks: dict[str, tuple[int, float]] = {}
    priced_until: int = -1
    metrics: Metrics = msgspec.field(default_factory=Metrics)


class Session:
    """The work on one event: the venue's state, the time, and what has been said so far."""

    __slots__ = ("columns", "config", "now", "said", "state", "tariff")

    def __init__(
        self,
        state: SimVenueState,
        config: SimVenueConfig,
        tariff: Tariff,
        columns: Columns,
        now: int,
    ) -> None:
        self.state = state
        self.config = config
        self.tariff = tariff
        self.columns = columns
        self.now = now
        self.said: list[Said] = []

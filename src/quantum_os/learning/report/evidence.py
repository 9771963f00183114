"""Decides what of a recording counts as evidence: the events themselves, sorted once."""

from array import array
from collections import Counter
from decimal import Decimal

import msgspec

from quantum_os.events.execution import Fill, FundingPaid, OrderRequested
from quantum_os.events.exits import ExitbrainAdaptiveLevels
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit, SafetyTripped
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Regime

ZERO = Decimal(0)


class Bars:
    """The bars of one symbol as columns, in order; times in ns, the bar's open."""

    def __init__(self) -> None:
        self.open_time: array[int] = array("q")
        self.open: array[float] = array("d")
        self.high: array[float] = array("d")
        self.low: array[float] = array("d")
        self.close: array[float] = array("d")


class Mark(msgspec.Struct, frozen=True, gc=False):
    """The account at one time, by the ledger."""

    time: int
    equity: Decimal
    wallet: Decimal
    drawdown: float
    margin_util: float


class Lean(msgspec.Struct, frozen=True, gc=False):
    """What was held from a time on, in USD; `leverage` is gross over equity."""

    time: int
    gross: float
    net: float
    leverage: float
    positions: int


class SeenFill(msgspec.Struct, frozen=True):
    """A fill, its order, and the price it is held against; None when there is none to hold to.

    The reference is the bar's open for a market order, the trigger for a stop, the limit for a
    target. `gapped` marks a stop that the market opened beyond.
    """

    fill: Fill
    order: OrderRequested | None
    reference: Decimal | None
    gapped: bool = False

    @property
    def slippage(self) -> Decimal:
        """USD lost against the reference; below 0 where the fill was better."""
        if self.reference is None:
            return ZERO
        return (self.fill.price - self.reference) * self.fill.qty * self.fill.side.sign


class Life(msgspec.Struct, frozen=True):
    """A closed trade with everything that the recording says of it.

    `stops` are (time, price) of each stop that the venue had acknowledged, None while there was
    none; `liquidation` is the estimate when it was opened.
    """

    trade: TradeClosed
    fills: tuple[SeenFill, ...]
    permit: RiskPermit | None
    plan: ExitbrainAdaptiveLevels | None
    stops: tuple[tuple[int, float | None], ...]
    liquidation: float | None


class Evidence(msgspec.Struct):
    """All that the report is made from. Times in ns, money in USD; everything in time order.

    `volatility` holds the ATR fraction of each decision bar, `reach` that of all symbols at
    each bar close at which an entry was permitted. `ends` counts (day, stage, gate) of
    every symbol and bar that did not end in an entry, `let_by` the gates that failed and were only
    reported. `open_fills` are those of what was still held at the end.
    """

    starts: list[ProcessStarted] = []
    policies: list[PolicyUpdated] = []
    synthetic: bool = False
    timeframe: str = ""
    first: int = 0
    last: int = 0
    bars: dict[str, Bars] = {}
    marks: list[Mark] = []
    leans: list[Lean] = []
    lives: list[Life] = []
    open_fills: dict[str, list[SeenFill]] = {}
    funding: list[FundingPaid] = []
    regimes: dict[str, list[tuple[int, Regime]]] = {}
    volatility: dict[str, list[float]] = {}
    reach: dict[int, dict[str, float]] = {}
    latches: list[tuple[int, SafetyTripped]] = []
    dispositions: int = 0
    candidates: int = 0
    filled: int = 0
    ends: Counter[tuple[int, str, str]] = msgspec.field(default_factory=Counter)
    let_by: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def deposit(self) -> Decimal:
        return Decimal(self.starts[0].deposit) if self.starts else ZERO

    @property
    def equity(self) -> Decimal:
        """The last equity; the deposit while nothing was marked."""
        return self.marks[-1].equity if self.marks else self.deposit

    @property
    def wallet(self) -> Decimal:
        """The last cash; the deposit while nothing was marked."""
        return self.marks[-1].wallet if self.marks else self.deposit

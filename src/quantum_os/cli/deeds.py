"""What the fund has just done and why, in words: entries, refusals, stops, closes, latches."""

from collections import deque
from collections.abc import Callable

import msgspec

from quantum_os.events.ai import CandidateRefused, DecisionSummary
from quantum_os.events.base import Event, stream_of
from quantum_os.events.exits import StopRequested
from quantum_os.events.market import MarketFlagged
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal, SafetyCleared, SafetyTripped
from quantum_os.events.system import Keeper, StorageState
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.envelope import Envelope

DEEDS_KEPT = 40

MARKET_STREAMS = frozenset({"market.klines", "market.tick", "market.opens"})

RATCHET = "ratchet"
"""How the reason of a stop that follows the price begins; the first stop of a trade is no news."""


class Deed(msgspec.Struct, frozen=True):
    """One thing the fund did: its time (ns of the market), its words, and how they are shown.

    What `is_of_the_process` is told whatever the market's time is: a store that is down is no
    history.
    """

    ts: int
    words: str
    style: str = ""
    is_of_the_process: bool = False


class Deeds:
    """A tap of the journal: the latest deeds, the last decision of each symbol, the data's age."""

    def __init__(self, price_venue: str, hear: Callable[[Deed], None] = lambda deed: None) -> None:
        self.latest: deque[Deed] = deque(maxlen=DEEDS_KEPT)
        self.summary: DecisionSummary | None = None
        self.trade: TradeClosed | None = None
        self.refusal: RiskRefusal | CandidateRefused | None = None
        self.entered: RiskPermit | None = None
        self._price_venue = price_venue
        self._hear = hear
        self._market_said_at: int | None = None
        self._down: set[Keeper] = set()

    def __call__(self, envelope: Envelope) -> None:
        if envelope.stream in MARKET_STREAMS:
            self._market_said_at = monotonic_ns()
        elif envelope.stream in _TOLD or envelope.stream == _SUMMARY:
            self._take(envelope.ts, envelope.event())

    @property
    def data_age_s(self) -> float | None:
        """Wall seconds since the market last said a price; None before it ever did."""
        said_at = self._market_said_at
        return None if said_at is None else (monotonic_ns() - said_at) / 1e9

    def _take(self, ts: int, event: Event) -> None:
        match event:
            case DecisionSummary():
                self.summary = event
            case TradeClosed():
                self.trade = event
            case RiskRefusal() | CandidateRefused():
                self.refusal = event
            case RiskPermit():
                self.entered = event
            case MarketFlagged() if event.venue != self._price_venue:
                return
            case StorageState() if not self._is_news(event):
                return
        told = in_words(event)
        if told is not None:
            deed = Deed(ts, *told, is_of_the_process=isinstance(event, StorageState))
            self.latest.appendleft(deed)
            self._hear(deed)

    def _is_news(self, event: StorageState) -> bool:
        """That a keeper is down is news; that it is well only after that."""
        was_down = event.keeper in self._down
        (self._down.discard if event.ok else self._down.add)(event.keeper)
        return was_down or not event.ok


def in_words(event: Event) -> tuple[str, str] | None:
    """Gives a deed's words and style; None for what is no news to a person."""
    match event:
        case RiskPermit():
            return _entry(event), "bold"
        case RiskRefusal():
            return f"refuses {base(event.symbol)}: {_gate(event)}", "dim"
        case CandidateRefused():
            return (
                f"drops {base(event.symbol)} at {event.stage.partition('.')[0]}: {_gate(event)}",
                "dim",
            )
        case StopRequested() if event.reason.startswith(RATCHET):
            return f"moves the stop of {base(event.symbol)} to {event.stop_price}", "cyan"
        case TradeClosed():
            return _closed(event), "green" if event.net > 0 else "red"
        case MarketFlagged() if event.flags:
            return f"distrusts {base(event.symbol)}: {event.evidence}", "yellow"
        case SafetyTripped():
            return f"halts, {event.cause}: {event.action}; {event.way_out}", "bold red"
        case SafetyCleared():
            return f"goes on: {event.cause} is cleared", "bold green"
        case StorageState(ok=False):
            return (
                f"{event.keeper} is down, {event.lag:,} events behind: {event.reason}",
                "bold red",
            )
        case StorageState():
            return f"{event.keeper} is well again", "bold green"
    return None


def base(symbol: str) -> str:
    """Gives the coin of a symbol: `BTC` of `BTC/USDT:USDT`."""
    return symbol.partition("/")[0]


def gate_words(gate: str) -> str:
    """Writes a gate's name as people say it: `max positions`."""
    return gate.lower().replace("_", " ")


def signed_r(value: float | None) -> str:
    """Writes a result in R; one without a planned stop has none."""
    return "R n/a" if value is None else f"{value:+.1f} R"


def _entry(permit: RiskPermit) -> str:
    intent = permit.intent
    away = abs(intent.sl_price / intent.ref_price - 1)
    return (
        f"goes {intent.side} {base(intent.symbol)}, {permit.qty} at {intent.ref_price:.6g}: stop "
        f"{intent.sl_price} ({away:.1%} away), {permit.leverage}x, by {intent.strategy}"
    )


def _closed(trade: TradeClosed) -> str:
    return (
        f"closed {trade.side} {base(trade.symbol)}: {trade.net:+.2f} USD "
        f"({signed_r(trade.r)}), {trade.exit_reason}"
    )


def _gate(refused: RiskRefusal | CandidateRefused) -> str:
    """Writes a gate with what was seen and what is allowed."""
    words = gate_words(refused.code)
    if refused.value is None or refused.limit is None:
        return words
    return f"{words} ({refused.value:.4g}, limit {refused.limit:.4g})"


_SUMMARY = stream_of(DecisionSummary)
_TOLD = frozenset(
    stream_of(kind)
    for kind in (
        RiskPermit,
        RiskRefusal,
        CandidateRefused,
        StopRequested,
        TradeClosed,
        MarketFlagged,
        SafetyTripped,
        SafetyCleared,
        StorageState,
    )
)

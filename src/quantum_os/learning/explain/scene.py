"""What was known when a bar was decided: the signal, and the last word on everything behind it."""

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from quantum_os.events.ai import AiFeatures, AiSignalGenerated
from quantum_os.events.base import Event, stream_of
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import MarketData, row_of
from quantum_os.events.system import ProcessStarted
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.explain.decision_bars import Decided, NoAnswer
from quantum_os.storage.recorded import Recorded

if TYPE_CHECKING:
    from quantum_os.ai.gate_columns import Judged

E = TypeVar("E", bound=Event)


class Said(msgspec.Struct, Generic[E], frozen=True):
    """One event of a known kind, with what the kernel knows of it."""

    envelope: Envelope
    event: E


class Scene(msgspec.Struct, frozen=True):
    """What the mind had before it when it judged a symbol; None where nothing had been said."""

    decided: Decided
    signal: Said[AiSignalGenerated]
    row: int
    features: Said[AiFeatures] | None
    market: Said[MarketData] | None
    policy: Said[PolicyUpdated] | None
    universe: Said[UniverseUpdated] | None
    started: Said[ProcessStarted] | None

    @property
    def symbol(self) -> str:
        return self.decided.summary.symbols[self.decided.row]

    @property
    def market_row(self) -> int | None:
        """The symbol's place in the cross-section of this very bar."""
        if self.market is None or self.market.event.bar_close != self.decided.bar.close:
            return None
        return row_of(self.market.event.symbols, self.symbol)

    def judged(self) -> "Judged":
        """Judges the symbol again by this build's gates."""
        # Only here: gates compute over arrays, and most questions are answered without them.
        from quantum_os.ai.decision_gates import Known, judge_bar

        known = Known(
            policy=self.policy.event if self.policy else None,
            market=self.market.event if self.market else None,
            tradable=self.universe.event.symbols if self.universe else (),
            mode=self.started.event.mode if self.started else None,
            now=self.decided.envelope.ts,
        )
        return judge_bar(self.signal.event, known).of(self.row)


def scene_of(recorded: Recorded, decided: Decided) -> Scene:
    """Collects the scene of a decision; raises NoAnswer when the record lacks its signal."""
    signal = caused(recorded, decided.envelope, AiSignalGenerated)
    symbol = decided.summary.symbols[decided.row]
    row = None if signal is None else row_of(signal.event.symbols, symbol)
    if signal is None or row is None:
        raise NoAnswer(f"{recorded.folder}: the signal behind event {decided.envelope.seq} is gone")
    before = signal.envelope.seq
    return Scene(
        decided=decided,
        signal=signal,
        row=row,
        features=caused(recorded, signal.envelope, AiFeatures),
        market=last_said(recorded, MarketData, before),
        policy=last_said(recorded, PolicyUpdated, before),
        universe=last_said(recorded, UniverseUpdated, before),
        started=last_said(recorded, ProcessStarted, before),
    )


def caused(recorded: Recorded, envelope: Envelope, kind: type[E]) -> Said[E] | None:
    """Gives what caused an event, if it was of a kind."""
    return _said(recorded.event(envelope.cause), kind)


def last_said(recorded: Recorded, kind: type[E], before: int) -> Said[E] | None:
    """Gives the last event of a kind with a lower number."""
    return _said(recorded.latest(stream_of(kind), before), kind)


def _said(envelope: Envelope | None, kind: type[E]) -> Said[E] | None:
    event = None if envelope is None else envelope.event()
    if envelope is None or not isinstance(event, kind):
        return None
    return Said(envelope, event)

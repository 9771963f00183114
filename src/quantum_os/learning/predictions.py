"""Which probabilities met their outcome: each vote's, and the pooled one that was decided upon."""

from collections import deque
from collections.abc import Iterator

import msgspec

from quantum_os.events.ai import AiSignalGenerated, SignalResolved
from quantum_os.events.base import stream_of
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, PositionSide, Regime
from quantum_os.kernel.envelope import Envelope

STREAMS = (stream_of(AiSignalGenerated), stream_of(SignalResolved))

DECISION = "decision"
"""Under this name stands the pooled probability of the side that the voters took together."""

MET_MAX = 50_000
"""Outcomes that are remembered, the latest."""

SLACK_NS = NS_PER_DAY
"""How long after its horizon an outcome may still come: candles can be missing."""


class Met(msgspec.Struct, frozen=True, gc=False):
    """A vote, or the decision, and what came. `p` None: no probability was said, or is known.

    `regime` is the symbol's at the vote; UNKNOWN also where the vote itself was not read.

    `r` is the vote's own R, before costs; `ended_by` names target, stop or horizon.
    """

    who: str
    side: PositionSide
    p: float | None
    won: bool
    r: float
    ended_by: str
    symbol: str = ""
    regime: Regime = Regime.UNKNOWN


class _Bar(msgspec.Struct, frozen=True):
    """What was said at one bar close, by voter (or DECISION), symbol and side."""

    said: dict[tuple[str, str, PositionSide], float | None]
    regimes: dict[str, Regime]
    until: int


class Predictions:
    """Joins signals with the outcomes of their votes, in the order of the journal.

    Outcomes are those of `ai.outcomes`: one open vote per voter, symbol and side, so a move counts
    once for each. The decision's outcome is that of any vote for its side: entry, stop and target
    are the same. It is counted once.
    """

    def __init__(self) -> None:
        self.met: deque[Met] = deque(maxlen=MET_MAX)
        self.since: int | None = None
        self.until: int | None = None
        self._bars: dict[int, _Bar] = {}

    def __len__(self) -> int:
        return len(self.met)

    def hear(self, envelope: Envelope) -> None:
        """Takes the next event; `since` and `until` are the bar closes of the signals heard."""
        event = envelope.event()
        if isinstance(event, AiSignalGenerated):
            self._on_signal(event)
        elif isinstance(event, SignalResolved):
            self.met.extend(self._resolved(event))

    def _on_signal(self, event: AiSignalGenerated) -> None:
        self.since = event.bar_close if self.since is None else self.since
        self.until = event.bar_close
        for old in [at for at, bar in self._bars.items() if bar.until < event.bar_close]:
            del self._bars[old]
        until = event.bar_close + int(event.horizon_h * NS_PER_HOUR) + SLACK_NS
        self._bars[event.bar_close] = _Bar(
            dict(_said(event)), dict(zip(event.symbols, event.regime, strict=True)), until
        )

    def _resolved(self, event: SignalResolved) -> Iterator[Met]:
        bar = self._bars.get(event.bar_close)
        said = {} if bar is None else bar.said
        regime = Regime.UNKNOWN
        if bar is not None:
            regime = bar.regimes.get(event.symbol, Regime.UNKNOWN)
        of_vote = (event.voter, event.symbol, event.side)
        yield _met(event.voter, said.get(of_vote), event, regime)
        of_decision = (DECISION, event.symbol, event.side)
        if of_decision in said:
            yield _met(DECISION, said.pop(of_decision), event, regime)


Said = tuple[tuple[str, str, PositionSide], float | None]


def _said(event: AiSignalGenerated) -> Iterator[Said]:
    for row, symbol in enumerate(event.symbols):
        for votes in event.voters:
            side = votes.side[row]
            if side is not None:
                yield (votes.voter, symbol, side), votes.p[row]
        taken = event.side[row]
        if taken is not None:
            q = event.q_long if taken is PositionSide.LONG else event.q_short
            yield (DECISION, symbol, taken), q[row]


def _met(who: str, p: float | None, event: SignalResolved, regime: Regime) -> Met:
    ended = event.reason
    return Met(who, event.side, p, event.won, event.r, ended, event.symbol, regime)

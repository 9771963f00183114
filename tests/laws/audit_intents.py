"""Law 8 held to a run: every symbol gets one disposition per decision bar, every wish one end."""

from collections import Counter
from collections.abc import Iterator

from quantum_os.events.ai import AiDecisionMade, CandidateRefused, DecisionSummary, Disposition
from quantum_os.events.execution import ExecutionResult
from quantum_os.events.market import MarketData
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import TradeIntent
from quantum_os.execution.conservation import Conservation
from tests.laws.scenario import Recorded


def audit_intents(run: Recorded) -> Iterator[str]:
    yield from _dispositions(run)
    yield from _candidates(run)
    yield from _intents(run)


def _dispositions(run: Recorded) -> Iterator[str]:
    """From the first warm bar on, one summary per cross-section, one row per symbol."""
    market: MarketData | None = None
    said: list[int] = []
    bars: list[int] = []
    for _, event in run.events:
        if isinstance(event, MarketData):
            market = event
            bars.append(event.bar_close)
        elif isinstance(event, DecisionSummary):
            said.append(event.bar_close)
            if market is None or event.symbols != market.symbols:
                yield f"the summary of {event.bar_close} leaves symbols out"
            for symbol, how, name in zip(
                event.symbols, event.disposition, event.decision_id, strict=True
            ):
                if (how is Disposition.CANDIDATE) is (name is None):
                    yield f"{symbol} at {event.bar_close}: {how} with id {name}"
    if said != [bar for bar in bars if said and bar >= said[0]]:
        yield f"{len(bars)} decision bars, {len(said)} summaries, not one for one"


def _candidates(run: Recorded) -> Iterator[str]:
    """A candidate is said once and ends once: refused before or at risk, or by its result."""
    open_ones: dict[str, None] = {}
    waiting: dict[str, None] = {}
    for envelope, event in run.events:
        match event:
            case DecisionSummary():
                open_ones |= {name: None for name in event.decision_id if name is not None}
            case AiDecisionMade() if event.decision_id not in open_ones:
                yield f"decision {envelope.seq} is in no summary"
            case RiskPermit():
                waiting[event.intent.decision_id] = None
            case CandidateRefused() | RiskRefusal() | ExecutionResult():
                waiting.pop(event.decision_id, None)
                if event.decision_id not in open_ones:
                    yield f"event {envelope.seq} ends a decision that is not open"
                open_ones.pop(event.decision_id, None)
    lost = [name for name in open_ones if name not in waiting]
    if lost:
        yield f"{len(lost)} candidates never ended, the first is {lost[0]}"


def _intents(run: Recorded) -> Iterator[str]:
    """Intents by end add up, by count and in the books that are kept of them."""
    counts = Counter(type(event) for _, event in run.events)
    ended = counts[RiskRefusal] + counts[ExecutionResult]
    for module in run.modules:
        if isinstance(module, Conservation):
            if module.residual:
                yield f"the residual is {module.residual}"
            if module.state.total != counts[TradeIntent]:
                yield f"{counts[TradeIntent]} intents, {module.state.total} in the books"
            if counts[TradeIntent] - ended != module.state.in_flight:
                yield f"{counts[TradeIntent]} intents, {ended} ends, {module.state.in_flight} open"

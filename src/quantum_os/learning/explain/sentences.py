"""How a symbol's end is said in one or two sentences that a trader understands."""

from collections.abc import Sequence

from quantum_os.events.ai import AiDecisionMade
from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.events.sizing import TradeIntent
from quantum_os.learning.explain.amounts import Unit, duration, written
from quantum_os.learning.explain.checks import Came, Checked
from quantum_os.learning.explain.ends import End, Ended
from quantum_os.learning.explain.gate_words import Stage, refusal_said
from quantum_os.learning.explain.story import Told

_WHERE = {
    Stage.PLAN: "refused when its exit was planned",
    Stage.SIZE: "refused when it was sized",
    Stage.RISK: "refused by risk",
    Stage.EXECUTION: "not carried out",
}


def ended_said(end: End, checks: Sequence[Checked], life: Sequence[Told]) -> str:
    """Says how it ended; for a trade, what it was and what it came to."""
    if end.ended is Ended.HOLD:
        return f"No trade: {_refused(end, checks)}."
    wish = _wish(life)
    if end.ended is Ended.FILLED:
        return f"{wish} was traded{_trade(life)}."
    if end.gate is not None:
        return f"{wish} was {_WHERE[end.stage]}: {_refused(end, checks)}."
    if end.ended is Ended.IN_FLIGHT:
        return f"{wish} had not ended where the record ends."
    return f"{wish} was {_WHERE[Stage.EXECUTION]} ({end.ended}): {end.reason}."


def _refused(end: End, checks: Sequence[Checked]) -> str:
    assert end.gate is not None, "a refusal names its gate"
    note = next(
        (
            check.note
            for check in checks
            if (check.gate, check.stage, check.came) == (end.gate, end.stage, Came.FAILED)
        ),
        "",
    )
    return refusal_said(end.gate, end.stage, value=end.value, limit=end.limit, note=note)


def _wish(life: Sequence[Told]) -> str:
    for _, event in life:
        if isinstance(event, AiDecisionMade):
            return f"A {event.side} by {event.strategy}"
    return "A candidate"


def _trade(life: Sequence[Told]) -> str:
    closed = next((event for _, event in life if isinstance(event, TradeClosed)), None)
    if closed is not None:
        came_to = written(float(closed.net), Unit.USD)
        in_r = "" if closed.r is None else f", {written(closed.r, Unit.R)}"
        return (
            f": {closed.qty.normalize():f} at {closed.entry_price:.8g} with {closed.leverage}x, "
            f"left at {closed.exit_price:.8g} ({closed.exit_reason}) after "
            f"{duration(closed.hold_s)}: {came_to} net{in_r}"
        )
    held = [event for _, event in life if isinstance(event, PositionUpdated)]
    intent = next((event for _, event in life if isinstance(event, TradeIntent)), None)
    if held and intent is not None:
        return (
            f": {abs(held[-1].qty).normalize():f} at {held[-1].entry:.8g} with "
            f"{intent.leverage}x, still open where the record ends"
        )
    return ""

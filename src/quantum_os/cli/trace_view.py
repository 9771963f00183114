"""How a chain reads on a terminal: one event after the other, under the stage it belongs to."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from quantum_os.learning.explain.trace import Step, Trace

_INDENT = 9
_STAGES = {
    "process.started": "rules",
    "policy.updated": "rules",
    "universe.updated": "rules",
    "meta.regime": "rules",
    "exit.stop_proposed": "exit plan and size",
    "sizing.decided": "exit plan and size",
    "exitbrain.adaptive_levels": "exit plan and size",
    "candidate.refused": "exit plan and size",
    "trade.intent": "exit plan and size",
    "risk.permit": "risk",
    "risk.refusal": "risk",
}
_BY_FAMILY = {
    "market": "market",
    "market_data": "market",
    "exchange": "market",
    "feed": "market",
    "ai": "mind",
    "decision": "mind",
    "leverage": "orders and position",
    "order": "orders and position",
    "fill": "orders and position",
    "funding": "orders and position",
    "execution": "orders and position",
    "position": "orders and position",
    "exit": "orders and position",
    "stop": "orders and position",
    "trade": "orders and position",
}
_COLOURS = {"FAILED": "red", "failed": "red", "reported": "yellow"}


def show(trace: Trace, console: Console) -> None:
    """Prints the chain: number, time, cause and source of each event, what it says, its figures."""
    console.print(_headline(trace))
    console.print(
        "Each event: seq, time, what, who said it, and the seq of its cause.", style="dim"
    )
    stage = ""
    for step in trace.steps:
        of = _stage(step.stream)
        if of != stage:
            console.print()
            console.print(of.upper(), style="bold cyan")
            stage = of
        _show_step(step, console)
    if trace.left_out:
        console.print(f"... and {trace.left_out:,} more events that followed", style="dim")


def _show_step(step: Step, console: Console) -> None:
    cause = f"because of {step.cause}" if step.cause else "an input"
    console.print(
        Text.assemble(
            (f"{'>' if step.is_asked else ' '}{step.seq:>7} ", "bold" if step.is_asked else ""),
            (f"{step.time}  ", "dim"),
            (step.stream, "bold"),
            (f"  by {step.source}, {cause}", "dim"),
        )
    )
    for text in (step.said, *step.details):
        colour = _COLOURS.get(text.split(" ", 1)[0], "" if text is step.said else "dim")
        indent = _INDENT if text is step.said else _INDENT + 2
        console.print(Padding(Text(text, style=colour), (0, 0, 0, indent), expand=False))


def _headline(trace: Trace) -> Text:
    what = f"{trace.stream} (event {trace.seq})"
    if trace.decision_id is None:
        led = "no decision led to it"
    else:
        led = f"decision {trace.decision_id}, which ended {trace.disposition}"
    symbol = f"  {trace.symbol}" if trace.symbol else ""
    return Text.assemble((trace.asked, "bold"), f"{symbol}  {what} of {trace.run}: {led}")


def _stage(stream: str) -> str:
    return _STAGES.get(stream) or _BY_FAMILY.get(stream.split(".", 1)[0], "the process")

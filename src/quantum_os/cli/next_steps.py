"""What to type after a demo: three commands, with this run's own values filled in."""

import shlex
from collections.abc import Collection
from pathlib import Path

from quantum_os.cli.deeds import Deeds
from quantum_os.events.ai import DecisionSummary, Disposition
from quantum_os.kernel.iso_time import iso

STEPS = 3


def next_steps(deeds: Deeds, folder: Path | None, known: Collection[str]) -> list[str]:
    """Gives the commands; `known` are the verbs that exist, `folder` is the recorded run.

    What this run has no value for is left out: a trade to trace, a decision to explain.
    """
    if folder is None:
        return ["quantum-os lineup", "quantum-os run --help", "quantum-os backtest --help"]
    run = shlex.quote(str(folder))
    wanted = (
        ("why", _why(deeds), f"--run {run}"),
        ("trace", _trace(deeds), f"--run {run}"),
        ("report", run, ""),
        ("replay", run, "--verify"),
        ("runs", shlex.quote(str(folder.parent)), ""),
        ("lineup", "", "--json"),
    )
    steps = [
        " ".join(word for word in ("quantum-os", verb, values, options) if word)
        for verb, values, options in wanted
        if verb in known and values is not None
    ]
    return steps[:STEPS]


def _why(deeds: Deeds) -> str | None:
    """A symbol and a bar: where the last decision held one back, or else any it decided on."""
    summary = deeds.summary
    if summary is None or not summary.symbols:
        return None
    return f"{shlex.quote(_symbol(summary))} {iso(summary.bar_close)}"


def _symbol(summary: DecisionSummary) -> str:
    held = zip(summary.symbols, summary.disposition, strict=True)
    return next(
        (symbol for symbol, disposition in held if disposition is Disposition.HOLD),
        summary.symbols[0],
    )


def _trace(deeds: Deeds) -> str | None:
    """The decision behind the last closed trade, else the last entry, else the last refusal."""
    if deeds.trade is not None and deeds.trade.decision_id is not None:
        return deeds.trade.decision_id
    if deeds.entered is not None:
        return deeds.entered.intent.decision_id
    return None if deeds.refusal is None else deeds.refusal.decision_id

"""Decides how the rest of the record is shown: refusals, stakes, regimes, proof and provenance."""

from quantum_os.learning.report.dispositions import Dispositions
from quantum_os.learning.report.document import Report
from quantum_os.learning.report.figure import Unit, written
from quantum_os.learning.report.page.elements import (
    Markup,
    chart,
    items,
    section,
    table,
    tag,
)
from quantum_os.learning.report.page.numbers import count

_HOW_TO_REPEAT = (
    "To make the run again, from data and a configuration with these hashes, and to prove that the "
    "recording still gives the same events:"
)


def exposure_section(report: Report) -> Markup:
    """What was at stake, over time."""
    peak = written(report.figure("gross_peak").value, Unit.RATIO)
    return section(
        "exposure",
        "Exposure",
        chart(
            "exposure",
            "Gross and net exposure over equity, and positions",
            f"Gross at most {peak} times equity.",
            height=380,
        ),
    )


def refusals_section(report: Report) -> Markup:
    """Who said no, by day and in all, and that every symbol and bar ended once."""
    ends = report.dispositions
    rows = [
        (end.gate, end.stage, count(end.count), written(end.count / ends.total, Unit.FRACTION))
        for end in ends.ended
    ]
    let_by = [(end.gate, count(end.count)) for end in ends.let_by]
    return section(
        "refusals",
        "Why there was no trade",
        tag("p", _sum(ends), id="dispositions"),
        chart(
            "refusals",
            "Refusals and holds by day",
            "Bars stacked by gate.",
            height=380,
            note="Bars where nothing was wanted are hidden; choose them in the legend.",
        ),
        tag(
            "div",
            table("Every end without an entry", ("gate", "stage", "count", "share"), rows, words=2),
            table("Failed and only reported", ("gate", "count"), let_by) if let_by else None,
            class_="two",
        ),
    )


def regimes_section(report: Report) -> Markup:
    """Which regime each symbol was in, over time."""
    rows = len(report.facts.symbols) + 1
    return section(
        "regimes",
        "Regimes",
        chart(
            "regimes",
            "Regime of the whole market and of each symbol",
            "One strip for each symbol; results by regime are in a table further up.",
            height=120 + 20 * rows,
        ),
    )


def assumptions_section(report: Report) -> Markup:
    """What these numbers assume, and what was not computed."""
    return section(
        "assumptions",
        "Assumptions",
        items(report.assumptions),
        tag("h3", "Not computed here"),
        items(report.not_computed),
    )


def provenance_section(report: Report, folder: str) -> Markup:
    """Where the numbers come from, that they add up, and how to make them again."""
    facts = report.facts
    rows = [
        ("code", facts.code),
        ("configuration", facts.config_hash),
        ("data", facts.data_hash or "unknown: a live process hashes no tape"),
        ("decisions", facts.decision_hash or "unknown: a live process keeps no such hash"),
        ("events", facts.event_hash or "unknown: a live process keeps no such hash"),
        ("policy", facts.policy_version),
        ("seed", str(facts.seed)),
        ("trial ledger", _ledger(report)),
    ]
    sums = [
        (check.claim, f"{check.left:,.8f}", f"{check.right:,.8f}", "yes" if check.ok else "NO")
        for check in report.checks
    ]
    return section(
        "provenance",
        "Provenance",
        table("What made this run", ("", ""), rows, words=2),
        table("The money adds up, USD", ("sum", "one way", "the other", "equal"), sums),
        tag("p", _HOW_TO_REPEAT),
        tag("pre", tag("code", commands(report, folder))),
        _settings(facts.settings),
    )


def commands(report: Report, folder: str) -> str:
    """The commands that repeat a run and, where it left a recording to replay, verify it."""
    facts = report.facts
    flags = f"--profile {facts.profile} --seed {facts.seed}"
    again = f"quantum-os run --mode {facts.mode} {flags}"
    if facts.mode == "backtest":
        span = f"--from {facts.start} --to {facts.end}"
        again = f"quantum-os backtest --data DATA {span} {flags}"
    verify = f"\nquantum-os replay {folder} --verify" if facts.event_hash else ""
    return again + verify


def _sum(ends: Dispositions) -> str:
    return (
        f"{count(ends.total)} symbols and bars = {count(ends.held)} held + "
        f"{count(ends.candidates)} candidates; of these {count(ends.refused)} were refused, "
        f"{count(ends.entered)} entered, {count(ends.under_way)} were under way at the end."
    )


def _ledger(report: Report) -> str:
    trials = report.trials
    kept = "" if trials.listed else "; this run is not in it and was counted on top"
    word = "trial" if trials.trials == 1 else "trials"
    return f"{trials.ledger}: {trials.trials} distinct {word}{kept}"


def _settings(settings: str) -> Markup | None:
    if not settings:
        return None
    return tag("details", tag("summary", "Settings as recorded"), tag("pre", settings))

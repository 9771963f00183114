"""How the answer to `why` reads on a terminal: the outcome first, then what it rests on."""

from collections.abc import Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from quantum_os.learning.explain.amounts import Unit, written
from quantum_os.learning.explain.checks import Came
from quantum_os.learning.explain.why import Market, Moved, View, Why

_COLOURS = {
    "hold": "yellow",
    "refused": "red",
    "filled": "green",
    "expired": "red",
    "superseded": "red",
    "in_flight": "yellow",
}
_MARKS = {
    Came.OK: "[green]ok[/]",
    Came.FAILED: "[red]FAILED[/]",
    Came.REPORTED: "[yellow]reported[/]",
}


def show(why: Why, console: Console) -> None:
    """Prints the answer."""
    console.print(_headline(why))
    console.print(
        f"{why.run}: {why.mode}, policy {why.policy_version}", style="dim", highlight=False
    )
    if why.is_inside:
        console.print(_inside(why), highlight=False)
    console.print()
    console.print(_outcome(why))
    console.print(why.said, highlight=False)
    if why.nearest_said:
        console.print(why.nearest_said, highlight=False)
    let = [check.gate.value for check in why.checks if check.came is Came.REPORTED]
    if let:
        console.print(
            f"Only reported in this profile, and refused in a strict one: {', '.join(let)}.",
            highlight=False,
        )
    console.print()
    for line in _seen(why.market, why.view):
        console.print(line, highlight=False)
    if any(vote.side is not None for vote in why.view.votes):
        console.print(_votes(why.view))
    if why.moved:
        console.print(_moved(why.moved))
    for table in _gates(why):
        console.print(table)
    if not why.checks_are_whole:
        console.print(
            "This build's gates do not come to what was recorded, so only the recorded gate is "
            "shown.",
            style="yellow",
        )
    if "decision_id" in why.ids:
        console.print(f"the whole chain: quantum-os trace {why.ids['decision_id']} --run {why.run}")


def _headline(why: Why) -> Text:
    bar = f"the {why.timeframe} bar {why.bar_open} .. {why.bar_close}"
    return Text.assemble((why.symbol, "bold"), f"  {bar}, decided at its close")


def _inside(why: Why) -> str:
    return (
        f"{why.asked} lies inside that bar. The decision in force at that moment was the one at "
        f"{why.bar_open}."
    )


def _outcome(why: Why) -> Text:
    colour = f"bold {_COLOURS[why.disposition]}"
    gate = f"  {why.gate}" if why.gate else ""
    figures = next(
        (
            f"  {check.value_said} (allowed {check.limit_said})"
            for check in why.checks
            if (check.gate, check.stage, check.came) == (why.gate, why.stage, Came.FAILED)
            and check.limit is not None
        ),
        "",
    )
    where = f" at {why.stage}" if why.gate else ""
    return Text.assemble((why.disposition.upper(), colour), where, (gate, "bold"), figures)


def _seen(market: Market | None, view: View) -> Iterator[str]:
    if market is None:
        yield "the market: nothing known of it at this bar"
    else:
        price = "unknown" if market.last is None else f"{market.last:,.8g}"
        yield (
            f"the market: price {price}, ATR {written(market.atr_frac, Unit.FRACTION)}, "
            f"volatility {written(market.vol_ratio, Unit.TIMES)} its median, "
            f"spread {written(market.spread_bps, Unit.BPS)}, "
            f"funding {written(market.funding_rate_8h, Unit.FRACTION)} in 8 h, "
            f"flags {', '.join(market.flags) or 'none'}"
        )
    known = f"{view.features_known} of {view.features} features known"
    if view.side is None:
        yield f"the mind: no side, regime {view.regime}, {known}"
        return
    yield (
        f"the mind: {view.side} by {view.strategy}, chance of TP1 first "
        f"{written(view.q, Unit.PROBABILITY)}, worth {written(view.e_net_r, Unit.R)} after costs "
        f"of {written(view.cost_r, Unit.R)}, "
        f"confidence {written(view.confidence, Unit.PROBABILITY)}, "
        f"regime {view.regime}, {known}"
    )


def _votes(view: View) -> Table:
    table = Table(
        "voter", "side", "chance", "weight", title="Votes", title_justify="left", box=SIMPLE_HEAD
    )
    for vote in view.votes:
        table.add_row(
            f"{vote.voter}:{vote.version}",
            vote.side or "abstains",
            written(vote.p, Unit.PROBABILITY),
            f"{vote.weight:.3f}",
        )
    return table


def _moved(moved: tuple[Moved, ...]) -> Table:
    table = Table(title="What moved each model", title_justify="left", box=SIMPLE_HEAD)
    for name in ("model", "for", "feature"):
        table.add_column(name, no_wrap=True)
    for name in ("value", "log-odds"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in moved:
        head = (each.model, each.side or "-")
        if each.silent:
            table.add_row(*head, each.silent, "", "", end_section=True)
            continue
        for share in each.shares:
            table.add_row(*head, share.feature, f"{share.value:.4g}", f"{share.log_odds:+.4f}")
            head = ("", "")
        table.add_row("", "", "all else", "", f"{each.rest:+.4f}", end_section=True)
    return table


def _gates(why: Why) -> Iterator[Table]:
    """Gives one table for each stage that was reached."""
    for stage, checks in groupby(why.checks, key=lambda check: check.stage):
        table = Table(title=f"Gates checked: {stage}", title_justify="left", box=SIMPLE_HEAD)
        table.add_column("gate", no_wrap=True)
        table.add_column("measures")
        for name in ("value", "allowed"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("came out")
        for check in checks:
            table.add_row(
                check.gate,
                check.measures,
                check.value_said,
                check.limit_said,
                f"{_MARKS[check.came]}{f' {check.note}' if check.note else ''}",
            )
        yield table

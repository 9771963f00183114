"""Decides how costs are shown: from price to pocket, and what other costs would have left."""

from quantum_os.learning.report.document import Report
from quantum_os.learning.report.figure import Unit, written
from quantum_os.learning.report.page.elements import Markup, chart, section, table, tag
from quantum_os.learning.report.page.numbers import in_r, money


def cost_section(report: Report) -> Markup:
    """The waterfall, its numbers, the same trades at other costs, and the stops' slippage."""
    costs = report.costs
    steps = (
        ("price alone, from reference prices", costs.untouched),
        ("slippage", -costs.slippage),
        ("gross", costs.gross),
        ("fees", -costs.fees),
        ("funding", costs.funding),
        ("net", costs.net),
    )
    said = ", ".join(f"{name} {written(value, Unit.USD, signed=True)}" for name, value in steps)
    return section(
        "costs",
        "Costs",
        tag(
            "div",
            chart("costs", "From price to pocket, closed trades, USD", said, height=320),
            tag("div", *(tag("p", text) for text in _sentences(report))),
            class_="two",
        ),
        _other(report),
    )


def _sentences(report: Report) -> list[str]:
    costs, stops = report.costs, report.stops
    said = [
        f"A round trip cost {written(costs.bps, Unit.BPS)} of its notional in fees and slippage; "
        f"{written(costs.maker_share, Unit.FRACTION)} of what was traded was at a resting order.",
        "Slippage is measured against the bar's open for market orders, the trigger for stops and "
        "the limit for targets; the venue's own model is in it.",
    ]
    if costs.unreferenced:
        said.append(f"{costs.unreferenced} fills have no such price: their slippage counts as 0.")
    if stops.stops:
        mean, worst = (written(bps, Unit.BPS) for bps in (stops.mean_bps, stops.worst_bps))
        said.append(
            f"{stops.stops} stops filled {mean} beyond their trigger on average, {worst} at worst; "
            f"{stops.gapped} met a market that had opened past them."
        )
    if not costs.funding:
        said.append("No funding was paid or received.")
    return said


def _other(report: Report) -> Markup:
    rows = [
        (
            f"{one.round_trip_bps} bps",
            money(one.net),
            in_r(one.r),
            money(one.stressed_net),
            in_r(one.stressed_r),
        )
        for one in report.other_costs
    ]
    caption = (
        "Same trades, other costs: what they would have netted. The trades stay; a fund that paid "
        f"this would have chosen others. {report.stressed_trades} were entered in the wildest 1 %."
    )
    heads = ("round trip", "net", "mean", "net, 3x in the wildest 1 %", "mean, 3x")
    return table(caption, heads, rows)

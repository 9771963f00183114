"""Decides what the charts of the page are drawn from: columns, times in ms, nothing twice."""

from collections import Counter
from collections.abc import Sequence

from quantum_os.events.ai import GLOBAL
from quantum_os.events.units import NS_PER_DAY, NS_PER_MS, Regime
from quantum_os.learning.report.benchmark import BITCOIN, Floats, equal_weight, held_one
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.facts import Facts
from quantum_os.learning.report.gathering import HELD
from quantum_os.learning.report.thinning import peaks, thinned

Columns = dict[str, object]

EXPOSURE_POINTS = 800
UNINTERESTING = frozenset({"NO_VOTE", "WARMUP"})
"""Holds that say only that nothing was wanted; the chart of refusals leaves them out at first."""


def equity_picture(evidence: Evidence, facts: Facts) -> Columns:
    """Equity, its fall from the peak, and buy & hold of the same deposit at the same times."""
    equity = [float(mark.equity) for mark in evidence.marks]
    fallen = [mark.drawdown for mark in evidence.marks]
    drawn, drawn_fallen = thinned(equity), thinned(fallen)
    times = [evidence.marks[place].time for place in drawn]
    deposit = float(evidence.deposit)
    held = equal_weight(evidence, facts.symbols, times)
    bitcoin = held_one(evidence, BITCOIN, times)
    return {
        "times": _ms(times),
        "equity": [round(equity[place], 2) for place in drawn],
        "equal_weight": None if held is None else _money(held, deposit),
        "bitcoin": None if bitcoin is None else _money(bitcoin, deposit),
        "fall_times": _ms([evidence.marks[place].time for place in drawn_fallen]),
        "fall": [round(-fallen[place], 6) for place in drawn_fallen],
        "deposit": deposit,
        "latches": [[time // NS_PER_MS, tripped.cause] for time, tripped in evidence.latches],
    }


def exposure_picture(evidence: Evidence) -> Columns:
    """Gross and net exposure over equity, and positions: the peak of each stretch drawn."""
    leans = evidence.leans
    drawn = peaks([lean.gross for lean in leans], EXPOSURE_POINTS)
    shown = [leans[place] for place in drawn]
    return {
        "times": _ms([lean.time for lean in shown]),
        "gross": [round(lean.leverage, 4) for lean in shown],
        "net": [
            round(lean.leverage * lean.net / lean.gross, 4) if lean.gross else 0 for lean in shown
        ],
        "positions": [lean.positions for lean in shown],
        "end": evidence.last // NS_PER_MS,
        "thinned": len(drawn) < len(leans),
    }


def refusals_picture(evidence: Evidence) -> Columns:
    """How many symbols and bars each gate ended, by day; gates with the most come first."""
    by_gate: dict[tuple[str, str], Counter[int]] = {}
    for (day, stage, gate), count in evidence.ends.items():
        by_gate.setdefault((stage, gate), Counter())[day] += count
    days = sorted({day for counts in by_gate.values() for day in counts})
    ordered = sorted(by_gate.items(), key=lambda item: (-item[1].total(), item[0]))
    return {
        "days": [day * NS_PER_DAY // NS_PER_MS for day in days],
        "gates": [
            {
                "stage": stage,
                "gate": gate,
                "counts": [counts[day] for day in days],
                "hidden": stage == HELD and gate in UNINTERESTING,
            }
            for (stage, gate), counts in ordered
        ],
    }


def regimes_picture(evidence: Evidence) -> Columns:
    """When each symbol's regime began, by its name; the whole market's comes first."""
    names = sorted(evidence.regimes, key=lambda name: (name != GLOBAL, name))
    labels = [regime.value for regime in Regime]
    return {
        "labels": labels,
        "rows": [
            {
                "name": name,
                "times": _ms([time for time, _ in evidence.regimes[name]]),
                "labels": [labels.index(label.value) for _, label in evidence.regimes[name]],
            }
            for name in names
        ],
        "start": evidence.first // NS_PER_MS,
        "end": evidence.last // NS_PER_MS,
    }


def _ms(times: Sequence[int]) -> list[int]:
    return [time // NS_PER_MS for time in times]


def _money(growth: Floats, deposit: float) -> list[float]:
    return [round(float(each) * deposit, 2) for each in growth]

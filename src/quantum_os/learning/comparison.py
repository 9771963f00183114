"""Decides how two recorded runs differ: in what they were told, what they did, what it made."""

from collections.abc import Mapping, Sequence

import msgspec

from quantum_os.kernel.iso_time import iso
from quantum_os.learning.decision_ends import Walked, ends_of, walk
from quantum_os.learning.report.cost_split import cost_split
from quantum_os.learning.report.day_figures import ratio_figures, result_figures
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.exposure_figures import exposure_figures
from quantum_os.learning.report.facts import Facts, facts_of
from quantum_os.learning.report.figure import Figure, Unit
from quantum_os.learning.report.gathering import STREAMS, gather
from quantum_os.learning.report.paired_days import Paired, paired
from quantum_os.learning.report.sample import Sample, sample_of
from quantum_os.learning.report.trade_figures import (
    CLOSED,
    division_figures,
    expectancy_figures,
)
from quantum_os.storage.recorded import Recorded


class Difference(msgspec.Struct, frozen=True):
    """One thing that the runs were told differently, by name; empty where a run lacks it."""

    kind: str
    name: str
    left: str
    right: str


class Beside(msgspec.Struct, frozen=True):
    """One figure of both runs; `change` is right less left, None when either is unknown."""

    key: str
    label: str
    unit: Unit
    left: float | None
    right: float | None
    change: float | None


class Comparison(msgspec.Struct, frozen=True):
    """Two runs side by side."""

    left: str
    right: str
    differences: tuple[Difference, ...]
    figures: tuple[Beside, ...]
    paired: Paired
    trades_both: int
    trades_left_only: int
    trades_right_only: int
    decisions: Walked


class _Run(msgspec.Struct, frozen=True):
    """One of the two, read and cut into days."""

    evidence: Evidence
    facts: Facts
    sample: Sample
    document: Mapping[str, object] | None


def compare(left: Recorded, right: Recorded) -> Comparison:
    """Compares two recordings; raises RunFolderError and NothingRecorded as reading them does."""
    one, other = _read(left), _read(right)
    entries = [
        {(life.trade.symbol, life.trade.opened_at) for life in run.evidence.lives}
        for run in (one, other)
    ]
    return Comparison(
        left=str(left.folder),
        right=str(right.folder),
        differences=tuple(_differences(one, other)),
        figures=_beside(one, other),
        paired=paired(one.sample, other.sample, one.facts.seed),
        trades_both=len(entries[0] & entries[1]),
        trades_left_only=len(entries[0] - entries[1]),
        trades_right_only=len(entries[1] - entries[0]),
        decisions=walk(ends_of(left), ends_of(right)),
    )


def _read(recorded: Recorded) -> _Run:
    evidence = gather(recorded.events(*STREAMS))
    facts = facts_of(recorded.document, evidence)
    return _Run(evidence, facts, sample_of(evidence, facts.seed), recorded.document)


def _differences(one: _Run, other: _Run) -> list[Difference]:
    found: list[Difference] = []
    for kind, told in (("configuration", _configured), ("data", _data), ("code", _code)):
        left, right = told(one), told(other)
        for name in sorted(left.keys() | right.keys()):
            pair = left.get(name, ""), right.get(name, "")
            if pair[0] != pair[1]:
                found.append(Difference(kind, name, *pair))
    return found


def _configured(run: _Run) -> dict[str, str]:
    """Every setting and policy value by its path; of a live process only the policy is known."""
    policy = msgspec.to_builtins(run.evidence.policies[-1].policy)
    plan = None if run.document is None else run.document.get("plan")
    settings = plan.get("settings") if isinstance(plan, dict) else None
    return {**_flat(settings, ""), **_flat(policy, "policy in force")}


def _data(run: _Run) -> dict[str, str]:
    facts = run.facts
    return {
        "hash": facts.data_hash or "unknown",
        "symbols": " ".join(facts.symbols),
        "timeframe": facts.timeframe,
        "first": iso(run.evidence.first),
        "last": iso(run.evidence.last),
    }


def _code(run: _Run) -> dict[str, str]:
    return {"build": run.facts.code}


def _flat(value: object, path: str) -> dict[str, str]:
    """Writes a document as text by dotted path."""
    if not isinstance(value, dict):
        return {} if value is None and not path else {path: msgspec.json.encode(value).decode()}
    found: dict[str, str] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{path}.{key}" if path else str(key))
    return found


def _beside(one: _Run, other: _Run) -> tuple[Beside, ...]:
    return tuple(
        Beside(
            key=left.key,
            label=left.label,
            unit=left.unit,
            left=left.value,
            right=right.value,
            change=_less(right.value, left.value),
        )
        for left, right in zip(_figures(one), _figures(other), strict=True)
    )


def _figures(run: _Run) -> Sequence[Figure]:
    trades = [life.trade for life in run.evidence.lives]
    costs = cost_split(run.evidence.lives)
    return (
        *result_figures(run.evidence, run.sample),
        *ratio_figures(run.sample),
        *expectancy_figures(trades, run.sample),
        *division_figures(trades),
        *exposure_figures(run.evidence),
        Figure("fees", "Fees, closed trades", Unit.USD, -costs.fees, CLOSED),
        Figure("slippage", "Slippage, closed trades", Unit.USD, -costs.slippage, "fill"),
        Figure("funding", "Funding, closed trades", Unit.USD, costs.funding, CLOSED),
    )


def _less(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old

"""Decides how every symbol and bar ended, so that the counts add up and name who said no."""

from collections import Counter

import msgspec

from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.gathering import HELD


class Ended(msgspec.Struct, frozen=True):
    """How many symbols and bars one gate ended, at which stage of an order's life."""

    stage: str
    gate: str
    count: int


class Dispositions(msgspec.Struct, frozen=True):
    """total = held + candidates; candidates = refused + entered + under way.

    `let_by` are the gates that failed and, by the profile, were only reported.
    """

    total: int
    held: int
    candidates: int
    refused: int
    entered: int
    under_way: int
    ended: tuple[Ended, ...]
    let_by: tuple[Ended, ...]


def dispositions(evidence: Evidence) -> Dispositions:
    """Adds the ends up over all days; the gates with the most come first."""
    by_gate: Counter[tuple[str, str]] = Counter()
    for (_, stage, gate), count in evidence.ends.items():
        by_gate[stage, gate] += count
    held = sum(count for (stage, _), count in by_gate.items() if stage == HELD)
    refused = by_gate.total() - held
    return Dispositions(
        total=evidence.dispositions,
        held=held,
        candidates=evidence.candidates,
        refused=refused,
        entered=evidence.filled,
        under_way=evidence.candidates - refused - evidence.filled,
        ended=tuple(
            Ended(stage, gate, count)
            for (stage, gate), count in sorted(
                by_gate.items(), key=lambda item: (-item[1], item[0])
            )
        ),
        let_by=tuple(
            Ended("reported only", str(gate), count)
            for gate, count in sorted(evidence.let_by.items(), key=lambda item: (-item[1], item[0]))
        ),
    )

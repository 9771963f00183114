"""What gates say of all symbols of a bar: which refuses first, and which is nearest to flipping."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.market_columns import Floats, Truths, told_column
from quantum_os.events.ai import Gate, GateCheck

NO_GATE = -1
PASSED = "passed"


class GateColumn(msgspec.Struct, frozen=True):
    """One gate over all symbols [S]: where it could be evaluated, passed, what it saw and allowed.

    `value` and `limit` are NaN where there is none; a note tells of a symbol that did not pass.
    """

    gate: Gate
    reached: Truths
    ok: Truths
    value: Floats
    limit: Floats
    notes: tuple[str, ...] = ()

    @property
    def fails(self) -> Truths:
        """[S]: where it was evaluated and did not pass."""
        return self.reached & ~self.ok

    def check(self, row: int, reported: frozenset[Gate]) -> GateCheck:
        """What it says of one symbol."""
        ok = bool(self.ok[row])
        return GateCheck(
            self.gate,
            ok,
            _known(self.value.item(row)),
            _known(self.limit.item(row)),
            report_only=not ok and self.gate in reported,
            note=self.notes[row] if self.notes and not ok else "",
        )


def _known(value: float) -> float | None:
    return None if value != value else value


class Judged(msgspec.Struct, frozen=True):
    """One symbol's disposition: the checks in order, and the first that refused."""

    checks: tuple[GateCheck, ...]
    is_candidate: bool
    reason: str
    value: float | None
    limit: float | None
    nearest: str


class Verdicts(msgspec.Struct, frozen=True):
    """[S] each: the disposition of every symbol of a bar, and what led to it.

    `reason` is the gate that refused first, with its value and limit; `report_only` are the gates
    that failed and were let through.
    """

    columns: tuple[GateColumn, ...]
    reported: frozenset[Gate]
    is_candidate: tuple[bool, ...]
    reason: tuple[str, ...]
    value: tuple[float | None, ...]
    limit: tuple[float | None, ...]
    nearest: tuple[str, ...]
    report_only: tuple[tuple[str, ...], ...]

    def of(self, row: int) -> Judged:
        """One symbol's verdict, with each check that was made."""
        checks = [each.check(row, self.reported) for each in self.columns if each.reached[row]]
        return Judged(
            checks=tuple(checks),
            is_candidate=self.is_candidate[row],
            reason=self.reason[row],
            value=self.value[row],
            limit=self.limit[row],
            nearest=self.nearest[row],
        )


def concluded(
    columns: Sequence[GateColumn],
    reported: frozenset[Gate],
    of_edge: frozenset[Gate],
    hardest: NDArray[np.intp],
) -> Verdicts:
    """Concludes from columns in order: the first that refuses is the reason; none, a candidate.

    `of_edge` are gates that measure one thing, how far the edge reaches; `hardest` [S] is the place
    in `columns` of the one that asks for the most of it, or NO_GATE. As a candidate's edge falls
    that one is the first to refuse.
    """
    names = [each.gate.value for each in columns]
    refuses = np.array([each.fails & (each.gate not in reported) for each in columns])
    held: Truths = np.logical_or.reduce(refuses, axis=0)
    rows = np.arange(len(held))
    first = refuses.argmax(axis=0)
    value, limit = (
        told_column(np.where(held, np.array(found)[first, rows], np.nan))
        for found in ([each.value for each in columns], [each.limit for each in columns])
    )
    alone = _nearest_that_refuses(columns, refuses, of_edge, hardest)
    nearest = np.where(held, alone, hardest)
    let = [each for each in columns if each.gate in reported and each.fails.any()]
    return Verdicts(
        columns=tuple(columns),
        reported=reported,
        is_candidate=tuple((~held).tolist()),
        reason=tuple(
            [
                names[at] if is_held else PASSED
                for at, is_held in zip(first.tolist(), held.tolist(), strict=True)
            ]
        ),
        value=value,
        limit=limit,
        nearest=tuple(["" if at == NO_GATE else names[at] for at in nearest.tolist()]),
        report_only=_let_through(let, len(rows)),
    )


def everywhere(gate: Gate, symbols: int) -> Verdicts:
    """The verdicts of a bar at which one gate refuses everything, before any other is asked."""
    unknown = np.full(symbols, np.nan)
    no = np.zeros(symbols, dtype=np.bool_)
    column = GateColumn(gate, ~no, no, unknown, unknown)
    nothing = np.full(symbols, NO_GATE, dtype=np.intp)
    return concluded([column], frozenset(), frozenset(), nothing)


def _nearest_that_refuses(
    columns: Sequence[GateColumn],
    refuses: Truths,
    of_edge: frozenset[Gate],
    hardest: NDArray[np.intp],
) -> NDArray[np.intp]:
    """[S]: the one gate whose value at its limit would turn a HOLD; NO_GATE when it takes several.

    Who satisfies the hardest of the gates that measure the edge satisfies the others with it. What
    stands behind a missing input was not judged, and may still refuse.
    """
    places = np.arange(len(columns))[:, None]
    is_hardest = places == hardest
    of_one = np.array([each.gate in of_edge for each in columns])[:, None]
    hardest_refuses = np.logical_or.reduce(refuses & is_hardest, axis=0)
    left = refuses & ~(hardest_refuses & of_one & ~is_hardest)
    return np.where(left.sum(axis=0) == 1, left.argmax(axis=0), NO_GATE)


def _let_through(let: Sequence[GateColumn], symbols: int) -> tuple[tuple[str, ...], ...]:
    """[S]: the names of the gates that failed and were only reported, in order."""
    if not let:
        return ((),) * symbols
    failed = zip(*(each.fails.tolist() for each in let), strict=True)
    names = [each.gate.value for each in let]
    return tuple(
        [tuple([name for name, did in zip(names, row, strict=True) if did]) for row in failed]
    )

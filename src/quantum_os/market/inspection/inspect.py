"""Which files of market data are suspicious: each alone, then all of one contract side by side."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import msgspec

from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_facts import iso
from quantum_os.market.feeds.tape_files import TapeFile, TapeKind, discover
from quantum_os.market.grid import Grid
from quantum_os.market.inspection.bars import Bars, read_bars
from quantum_os.market.inspection.contract import off_grid
from quantum_os.market.inspection.findings import (
    Comparison,
    Evidence,
    FileReport,
    Finding,
    Verdict,
)
from quantum_os.market.inspection.flagged import Flagged, flagged
from quantum_os.market.inspection.side_by_side import (
    APART_OF_MARK_MAX,
    APART_OF_VENUE_MAX,
    Compared,
    apart,
    disagreement,
    twins,
)
from quantum_os.market.instrument_book import BOOK_VENUE, packaged_instruments

ALONE = (
    "nothing of the same contract and time to compare with: another market's bars on the same "
    "grid would not be noticed"
)
NOT_JUDGED = {
    TapeKind.SPOT: "spot: never traded as a perpetual; witnesses against files that copy it",
    TapeKind.MARK: "marks: a witness for the perpetual of the same name",
    TapeKind.FUNDING: "funding: its rows are checked when it is played",
    TapeKind.OTHER: "its name is not that of a tape",
}


class Case(msgspec.Struct):
    """One file under inspection, and what has been found so far."""

    file: TapeFile
    bars: Bars | None = None
    findings: list[Finding] = []
    compared: list[Comparison] = []
    flags: Flagged = msgspec.field(default_factory=Flagged)

    @property
    def name(self) -> str:
        return str(self.file.path)

    @property
    def is_judged(self) -> bool:
        return self.file.kind is TapeKind.KLINES

    @property
    def speaks_against_itself(self) -> bool:
        """Whether there is evidence other than that another file says otherwise."""
        return any(finding.evidence is not Evidence.DISAGREES for finding in self.findings)


def inspect(
    paths: Sequence[Path], progress: Callable[[int, int], None] = lambda done, of: None
) -> tuple[FileReport, ...]:
    """Inspects files and folders of one level; raises TapeError for a path that is no tape.

    `progress` hears how many steps are done of how many.
    """
    cases = [Case(file) for file in discover(paths)]
    pairs = [pair for pair in combinations(cases, 2) if _are_related(*pair)]
    judged = [case for case in cases if case.is_judged]
    steps = len(cases) + len(pairs) + len(judged)
    done = 0
    for case in cases:
        _alone(case)
        progress(done := done + 1, steps)
    for pair in pairs:
        _together(*pair)
        progress(done := done + 1, steps)
    _clear_the_accused(judged)
    for case in judged:
        if case.bars is not None:
            case.flags = flagged(case.file, case.bars, _witnesses(case, cases))
        progress(done := done + 1, steps)
    return tuple(_report(case) for case in cases)


def _alone(case: Case) -> None:
    """Reads a file and looks at what it says of itself."""
    if case.file.kind in (TapeKind.FUNDING, TapeKind.OTHER) or not case.file.step_ns:
        return
    try:
        case.bars = read_bars(case.file)
    except TapeError as error:
        unreadable = Finding(Evidence.UNREADABLE, 1, 0, "", "", str(error))
        case.findings.append(unreadable)
        return
    if case.is_judged:
        finding = off_grid(case.bars, _contract(case.file))
        case.findings += [finding] if finding else []


def _contract(file: TapeFile) -> Grid | None:
    if file.venue != BOOK_VENUE:
        return None
    for known in packaged_instruments():
        if known.symbol == file.symbol:
            return Grid(float(known.tick), float(known.step))
    return None


def _are_related(one: Case, other: Case) -> bool:
    return (
        one.file.symbol == other.file.symbol != ""
        and (one.is_judged or other.is_judged)
        and TapeKind.FUNDING not in (one.file.kind, other.file.kind)
    )


def _together(one: Case, other: Case) -> None:
    """Holds two files of one contract against each other, or one against its witness."""
    if one.is_judged and other.is_judged:
        _held_against(one, other)
        _held_against(other, one)
    elif one.is_judged:
        _held_against(one, other)
    else:
        _held_against(other, one)


def _held_against(case: Case, other: Case) -> None:
    if case.bars is None or other.bars is None:
        return
    met = _met(case.bars, other.bars, case.file, other.file)
    if met is not None:
        compared, finding = met
        case.compared.append(compared)
        case.findings += [finding] if finding else []


def _met(bars: Bars, others: Bars, file: TapeFile, other: TapeFile) -> Compared:
    name, same_venue = str(other.path), file.venue == other.venue
    if other.kind is TapeKind.KLINES:
        if same_venue:
            return disagreement(bars, others, name)
        return apart(bars, others, name, APART_OF_VENUE_MAX)
    if not same_venue:
        return None
    if other.kind is TapeKind.SPOT:
        return twins(bars, others, name)
    return apart(bars, others, name, APART_OF_MARK_MAX)


def _clear_the_accused(cases: list[Case]) -> None:
    """Drops the word of files that speak against themselves, or that a third file contradicts.

    Of two files that disagree one is wrong. Where only one of them has other evidence against it,
    or where a third file agrees with one and not with the other, it is known which.
    """
    by_name = {case.name: case for case in cases}
    proven = {case.name for case in cases if case.speaks_against_itself}
    backed = {case.name for case in cases if _backers(case, by_name, proven)}
    for case in cases:
        if case.name in proven:
            continue
        case.findings = [
            finding
            for finding in case.findings
            if finding.against not in proven
            and not (case.name in backed and finding.against not in backed)
        ]


def _backers(case: Case, by_name: dict[str, Case], proven: set[str]) -> bool:
    """Whether another file of the same contract, itself unsuspected, agrees with this one."""
    accusers = {finding.against for finding in case.findings}
    return any(
        compared.differ is not None
        and compared.against not in accusers
        and compared.against not in proven
        for compared in case.compared
        if compared.against in by_name
    )


def _witnesses(case: Case, cases: list[Case]) -> list[Path]:
    """Other venues' bars of the same length, at most one file a venue, and the venue's own marks.

    Only files without any finding may confirm a move.
    """
    chosen: dict[str, Path] = {}
    for other in cases:
        if other is case or other.bars is None or other.findings or not _overlap(case, other):
            continue
        file = other.file
        if file.symbol != case.file.symbol:
            continue
        is_venue = file.kind is TapeKind.KLINES and file.venue != case.file.venue
        is_mark = file.kind is TapeKind.MARK and file.venue == case.file.venue
        if (is_venue and file.step_ns == case.file.step_ns) or is_mark:
            chosen.setdefault(f"{file.venue} {file.kind}", file.path)
    return list(chosen.values())


def _overlap(case: Case, other: Case) -> bool:
    if case.bars is None or other.bars is None:
        return False
    begins = max(int(case.bars.times[0]), int(other.bars.times[0]))
    return begins < min(int(case.bars.closes_at[-1]), int(other.bars.closes_at[-1]))


def _report(case: Case) -> FileReport:
    file, bars = case.file, case.bars
    verdict = Verdict.SUSPICIOUS if case.findings else Verdict.OK
    note = "" if case.compared else ALONE
    if not case.is_judged:
        note = NOT_JUDGED[file.kind]
        verdict = verdict if case.findings else Verdict.NOT_JUDGED
    return FileReport(
        path=case.name,
        kind=file.kind.value,
        venue=file.venue,
        symbol=file.symbol,
        timeframe=file.timeframe,
        bars=0 if bars is None else len(bars.times),
        start="" if bars is None else bars.at(0),
        end="" if bars is None else iso(int(bars.closes_at[-1])),
        verdict=verdict,
        findings=tuple(case.findings),
        flagged_bars=case.flags.bars,
        flags=case.flags.counts,
        episodes=tuple(case.flags.episodes),
        compared=tuple(case.compared),
        note=note,
    )

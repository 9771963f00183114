"""How a report is made: the recording read once, weighed, drawn, and written beside itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from quantum_os.formulas.statistics import sharpe_daily
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.report.document import Report, report_of
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.facts import Facts, facts_of
from quantum_os.learning.report.gathering import STREAMS, gather
from quantum_os.learning.report.page.layout import page
from quantum_os.learning.report.pictures import (
    equity_picture,
    exposure_picture,
    refusals_picture,
    regimes_picture,
)
from quantum_os.learning.report.sample import sample_of
from quantum_os.learning.report.trade_cards import trade_cards
from quantum_os.learning.report.trial_count import trial_count
from quantum_os.learning.report.written import library_source, write_report
from quantum_os.learning.rules_beside import rules_beside
from quantum_os.learning.trials import TrialLedger
from quantum_os.storage.recorded import Recorded

TOLD_EVERY = 4096
"""Events between two words on how far the reading is."""


class Made(msgspec.Struct, frozen=True):
    """A report and the files that hold it."""

    report: Report
    paths: tuple[Path, ...]


def make_report(
    recorded: Recorded, ledger: TrialLedger, where: str, progress: Callable[[int], None]
) -> Made:
    """Reads a recording and writes its report into its folder; `progress` hears the time reached.

    `where` names the trial ledger. Raises RunFolderError, NothingRecorded, NoLibrary, OSError.
    """
    library = library_source()
    evidence = gather(_told(recorded.events(*STREAMS), progress))
    facts = facts_of(recorded.document, evidence)
    sharpe = sharpe_daily(sample_of(evidence, facts.seed).returns)
    counted = trial_count(facts, ledger, where, sharpe)
    report = report_of(evidence, facts, counted, rules_beside(recorded.folder))
    text = page(report, pictures_of(evidence, facts, report), library, str(recorded.folder))
    return Made(report, write_report(recorded.folder, report, text, evidence))


def pictures_of(evidence: Evidence, facts: Facts, report: Report) -> dict[str, object]:
    """All that the page's charts and list are drawn from."""
    return {
        "equity": equity_picture(evidence, facts),
        "exposure": exposure_picture(evidence),
        "refusals": refusals_picture(evidence),
        "regimes": regimes_picture(evidence),
        "costs": report.costs,
        "leverage": report.leverage,
        "trades": trade_cards(evidence),
    }


def _told(events: Iterator[Envelope], progress: Callable[[int], None]) -> Iterator[Envelope]:
    for number, envelope in enumerate(events):
        if not number % TOLD_EVERY:
            progress(envelope.ts)
        yield envelope

"""The whole report: nothing without a source, nothing unknown without a reason, always the same."""

import msgspec
import pytest

from quantum_os.learning.report.document import Report, report_of
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.facts import NothingRecorded, facts_of
from quantum_os.learning.report.page.figure_sections import TABLES
from quantum_os.learning.report.verdict import Finding
from tests.learning.report.book import count, evidence, facts

LONG = [50.0, -20.0, 10.0, 30.0, -40.0] * 12


def reported(of: Evidence) -> Report:
    return report_of(of, facts(of), count(2, 0.1, -0.05))


REPORTS = {"long": LONG, "short": [5.0, -3.0], "nothing": [], "ruin": [-10_000.0, 1.0]}


@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_has_a_source_and_every_unknown_a_reason(name: str) -> None:
    report = reported(evidence(REPORTS[name]))
    for figure in report.figures:
        assert figure.source, figure.key
        assert figure.value is not None or figure.reason, figure.key
        if figure.interval is not None:
            assert figure.interval[0] <= figure.interval[1], figure.key
            assert figure.reason == "", figure.key


def test_every_figure_stands_in_one_table() -> None:
    shown = [key for keys in TABLES.values() for key in keys]
    assert sorted(shown) == sorted(figure.key for figure in reported(evidence([])).figures)


def test_the_same_evidence_gives_the_same_report(gathered: Evidence) -> None:
    one, other = (msgspec.json.encode(reported(gathered)) for _ in range(2))
    assert one == other


def test_a_made_up_market_finds_nothing(gathered: Evidence) -> None:
    assert reported(gathered).verdict.finding is Finding.SYNTHETIC


def test_a_steady_gain_is_still_luck_among_enough_trials() -> None:
    """The same run: shown on its own, not shown as the best of a thousand."""
    of = evidence([60.0, -10.0, 40.0, 25.0] * 20)
    alone = report_of(of, facts(of), count(1))
    of_many = report_of(of, facts(of), count(1000, 0.9, -0.9, 0.5, -0.5))
    assert alone.verdict.finding is Finding.EDGE_SHOWN
    assert of_many.verdict.finding is Finding.LUCK_MAY_EXPLAIN


def test_months_are_those_of_the_days() -> None:
    months = reported(evidence(LONG)).months
    assert [(month.year, month.month, month.days) for month in months] == [
        (2025, 7, 31),
        (2025, 8, 29),
    ]


def test_what_is_not_computed_is_named_and_nothing_else_claims_it() -> None:
    report = reported(evidence(LONG))
    assert any("PBO" in text for text in report.not_computed)
    assert not [figure for figure in report.figures if "overfit" in figure.label.lower()]


def test_a_recording_without_a_start_is_nothing_to_report_on() -> None:
    with pytest.raises(NothingRecorded, match="no start"):
        facts_of(None, Evidence())

"""The page says what the report says: the verdict first, every model, and each doubt."""

import re
from html import unescape
from pathlib import Path

import msgspec
import pytest

from quantum_os.learning.training.page.group_sections import by_chance
from quantum_os.learning.training.page.head_section import sentences, warnings
from quantum_os.learning.training.page.layout import CONTENTS, training_page
from quantum_os.learning.training.page_writing import write_page
from quantum_os.learning.training.report import NO_EDGE, TrainingReport, verdict


def text_of(page: str) -> str:
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture(scope="module")
def page(report: TrainingReport) -> str:
    return training_page(report, "/* no library */")


def test_the_verdict_stands_first(page: str, report: TrainingReport) -> None:
    headline = report.verdict.partition(":")[0]
    assert text_of(page).index(headline) < text_of(page).index("Walk forward R made")
    assert headline == "An edge is shown on this data"
    assert page.index('id="verdict"') < page.index('class="cards"')


def test_no_edge_is_said_where_the_lower_bound_is_not_above_0(report: TrainingReport) -> None:
    ensemble = msgspec.structs.replace(report.ensemble, expectancy_ci=(0.0, 0.2))
    told = msgspec.structs.replace(report, verdict=verdict(ensemble), ensemble=ensemble)
    page = training_page(told, "")
    assert f'id="verdict-title">{NO_EDGE}<' in page
    assert "its lower bound is not above 0" in text_of(page)


def test_every_part_and_every_model_is_there(page: str, report: TrainingReport) -> None:
    for anchor in CONTENTS:
        assert f'id="{anchor}"' in page
        assert f'href="#{anchor}"' in page
    text = text_of(page)
    for model in (report.ensemble, *report.models):
        assert f"{model.log_loss:.5f}" in text
        for name in ("Side", "Year", "Regime", "Symbol"):
            assert f"{name}: {model.name}" in text
    for artefact in report.artefacts:
        assert artefact in text
    assert report.data_hash in text
    for assumed in report.assumptions:
        assert assumed in text


def test_a_failed_leak_test_stands_before_the_verdict(report: TrainingReport) -> None:
    spoilt = msgspec.structs.replace(report.leakage[0], passes=False)
    told = msgspec.structs.replace(report, leakage=(spoilt, *report.leakage[1:]))
    page = training_page(told, "")
    warned = page.index("Leak tests failed: shuffled labels")
    assert warned < page.index('id="verdict"')
    assert ">LEAK<" in page
    assert ">LEAK<" not in training_page(report, "")


def test_what_was_not_tried_is_said(report: TrainingReport) -> None:
    told = msgspec.structs.replace(report, leakage=(), paths=None)
    assert "No leak tests were run" in "".join(warnings(told))
    page = text_of(training_page(told, ""))
    assert "None were walked" in page
    assert "leak tests," not in " ".join(sentences(told))


def test_groups_that_stand_out_are_held_against_chance(report: TrainingReport) -> None:
    told = by_chance(report.ensemble)
    groups = report.ensemble.groups
    known = [
        group
        for cut in (groups.by_side, groups.by_year, groups.by_symbol, groups.by_regime)
        for group in cut.values()
        if group.expectancy_ci is not None
    ]
    assert told.startswith(f"Of {len(known)} groups")
    assert f"{len(known) / 20:.1f} of these" in told


def test_nothing_that_is_named_can_become_markup(report: TrainingReport) -> None:
    told = msgspec.structs.replace(report, symbols=("<b>BTC</b>",))
    assert "&lt;b&gt;BTC" in training_page(told, "")
    assert "<b>BTC" not in training_page(told, "")


def test_the_same_report_gives_the_same_page(page: str, report: TrainingReport) -> None:
    again = msgspec.json.decode(msgspec.json.encode(report), type=TrainingReport)
    assert training_page(again, "/* no library */") == page


def test_the_page_is_the_same_wherever_it_lies(report: TrainingReport, tmp_path: Path) -> None:
    """Found by a second training of the same data: its page named its folder."""
    folders = [tmp_path / "one", tmp_path / "another"]
    for folder in folders:
        folder.mkdir()
    first, again = (write_page(folder, report).read_bytes() for folder in folders)
    assert first == again

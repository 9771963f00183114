"""The page is one file: it asks nobody for anything, and says what the report says."""

import json
import re
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from quantum_os.learning.report.document import Report, report_of
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.making import pictures_of
from quantum_os.learning.report.page.layout import CONTENTS, page
from quantum_os.learning.report.written import library_source
from tests.learning.report.book import count, evidence, facts
from tests.learning.report.page.test_elements import Reading

LIBRARY = "/* <script> </script> <!-- */ window.Plotly = null;"


def written(of: Evidence, library: str = LIBRARY) -> str:
    report = reported(of)
    return page(report, pictures_of(of, facts(of), report), library, "runs/x")


def reported(of: Evidence, damaged: tuple[str, ...] = ()) -> Report:
    return report_of(of, facts(of), count(2, 0.1, -0.1, damaged=damaged))


def test_nothing_is_fetched(gathered: Evidence) -> None:
    read = Reading(written(gathered))
    for name, attrs in read.tags:
        assert name not in ("iframe", "img", "object", "embed", "base"), name
        assert "src" not in attrs
        href = attrs.get("href") or "#"
        assert href.startswith(("#", "data:")), href
    policy = next(a for _, a in read.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in (policy["content"] or "")


def test_every_part_is_there_and_every_link_leads_somewhere(gathered: Evidence) -> None:
    read = Reading(written(gathered))
    ids = [attrs["id"] for _, attrs in read.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    assert set(CONTENTS) <= set(ids)
    for _, attrs in read.tags:
        if attrs.get("aria-labelledby"):
            assert attrs["aria-labelledby"] in ids


def test_headings_descend_one_by_one(gathered: Evidence) -> None:
    levels = [int(n[1]) for n, _ in Reading(written(gathered)).tags if re.fullmatch(r"h\d", n)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_warnings_stand_before_the_verdict_they_touch(gathered: Evidence) -> None:
    text = written(gathered)
    assert text.index("SYNTHETIC MARKET") < text.index('id="verdict"')
    assert text.index('id="verdict"') < text.index("these gates only reported")


def test_money_that_does_not_add_up_is_said_first() -> None:
    of = evidence([10.0])
    bent = msgspec.structs.replace(of.lives[0].trade, fees=of.lives[0].trade.fees + 5)
    of.lives[0] = msgspec.structs.replace(of.lives[0], trade=bent)
    assert "The money does not add up" in written(of)
    assert "The money does not add up" not in written(evidence([]))


def test_damaged_lines_of_the_ledger_are_said_aloud() -> None:
    of = evidence([1.0, -1.0])
    report = reported(of, damaged=("runs/trials.jsonl, line 7: malformed",))
    text = page(report, pictures_of(of, facts(of), report), LIBRARY, "x")
    assert "not counted: 1" in text
    assert "line 7: malformed" in text


@pytest.mark.parametrize("nets", [[], [5.0], [10.0, -4.0] * 20])
def test_any_run_has_a_page(nets: list[float]) -> None:
    text = written(evidence(nets))
    said = Reading(text.partition("</head>")[2].partition("<script")[0]).said
    assert len(said) > 2_000
    assert not re.search(r"\b(nan|inf|None|null|undefined)\b", said)
    assert ("No trade was closed" in text) is (not nets)


def test_what_only_a_run_file_knows_is_unknown_without_one(gathered: Evidence) -> None:
    """A home folder has a journal and no run.json."""
    said = Reading(written(gathered)).said
    assert "unknown: a live process hashes no tape" in said
    assert "unknown: a live process keeps no count of them" in said
    assert "replay" not in said.partition("To make the run again")[2].partition("A simulation")[0]


def test_names_from_outside_stay_text() -> None:
    """A voter of somebody else may be called anything."""
    of = evidence([10.0, -5.0])
    name = "</script><script>alert(1)</script>"
    for at, life in enumerate(of.lives):
        bent = msgspec.structs.replace(life.trade, strategy=name)
        of.lives[at] = msgspec.structs.replace(life, trade=bent)
    text = written(of)
    scripts = [attrs for name, attrs in Reading(text).tags if name == "script"]
    assert len(scripts) == 3
    assert data_of(text)["trades"][0]["strategy"] == name


def test_the_library_cannot_end_its_own_element() -> None:
    text = written(evidence([]))
    inside = text.partition('id="plotly-source">')[2].partition("</script>")[0]
    assert inside.endswith("window.Plotly = null;")
    assert "<\\/script>" in inside


def test_the_installed_library_is_the_one_that_draws() -> None:
    source = library_source()
    assert "plotly.js v" in source[:200]
    assert len(source) > 1_000_000


def data_of(text: str) -> Any:
    inside = text.partition('id="report-data">')[2].partition("</script>")[0]
    return json.loads(inside)


def test_the_page_draws_what_the_evidence_says(gathered: Evidence) -> None:
    data = data_of(written(gathered))
    assert len(data["trades"]) == len(gathered.lives)
    for card, life in zip(data["trades"], gathered.lives, strict=True):
        assert card["id"] == life.trade.position_id
        assert card["net"] == pytest.approx(float(life.trade.net), abs=1e-4)
        assert len(card["fills"]) == len(life.fills)
        assert card["candles"] is not None
    assert max(data["equity"]["equity"]) == pytest.approx(
        float(max(mark.equity for mark in gathered.marks)), abs=0.01
    )
    counted = sum(sum(gate["counts"]) for gate in data["refusals"]["gates"])
    assert counted == gathered.ends.total()

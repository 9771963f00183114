"""The page of the voters shows what was measured, and says so where nothing was."""

from typing import Any

import pytest

from tests.api.dashboard.door import turned
from tests.api.dashboard.test_figures import figure, percent, rows
from tests.api.served import Served
from tests.browser import Page

PANEL = "Said before, and what came"
_CHOOSE = """
const button = [...document.querySelectorAll('.choice button')]
  .find(each => each.textContent === arguments[0]);
button.click();
"""


@pytest.fixture(scope="module")
def curves(fund: Served) -> dict[str, Any]:
    told = fund.get("/api/v1/models/reliability").json()["curves"]
    return {each["who"]: each for each in told}


def tenths(value: float) -> str:
    return f"{value * 100:.1f} %"


def test_the_curve_is_that_of_the_api(page: Page, curves: dict[str, Any]) -> None:
    turned(page, "models")
    page.asks(_CHOOSE, "the decision")
    found = curves["decision"]["measured"]
    assert len(found["bins"]) > 1
    shown = rows(page, "Bins of the decision")
    assert [row[2] for row in shown] == [tenths(each["rate"]) for each in found["bins"]]
    assert [row[4] for row in shown] == [f"{e['wins']} / {e['n']}" for e in found["bins"]]
    assert figure(page, PANEL, "Won") == tenths(found["base_rate"])
    assert figure(page, PANEL, "Brier score") == f"{found['brier']:.4f}"
    dots = page.asks("return document.querySelectorAll('.reliability .bin').length")
    assert dots == len(found["bins"])
    counts = page.asks(
        "return [...document.querySelectorAll('.reliability .count')].map(e => e.textContent)"
    )
    assert counts == [str(each["n"]) for each in found["bins"]]


def test_a_rule_is_called_a_rule(page: Page) -> None:
    turned(page, "models")
    page.asks(_CHOOSE, "trend")
    said = page.waits_for(
        "return [...document.querySelectorAll('p.dim')]"
        ".find(each => each.textContent.startsWith('A rule says'))?.textContent"
    )
    assert "no probability" in said
    assert "hit rate" in said


def test_where_nothing_is_resolved_no_curve_is_drawn(page: Page, curves: dict[str, Any]) -> None:
    name = next(who for who, each in curves.items() if not each["measured"]["n"])
    turned(page, "models")
    page.asks(_CHOOSE, name.replace("_", " "))
    said = page.waits_for(
        "return [...document.querySelectorAll('.empty')]"
        ".find(each => each.textContent.startsWith('No curve of'))?.textContent"
    )
    assert curves[name]["reason"] in said
    assert page.asks("return document.querySelector('.reliability')") is None


def test_hit_rates_are_shown_by_side(fund: Served, page: Page) -> None:
    turned(page, "models")
    found = [
        (row, side) for row in fund.get("/api/v1/models").json()["voters"] for side in row["sides"]
    ]
    shown = rows(page, "Voters by side")
    assert [row[5] for row in shown] == [f"{side['wins']} / {side['n']}" for _, side in found]
    rates = [side["hit_rate"] for _, side in found]
    assert [row[6] for row in shown] == [
        percent(None) if rate is None else tenths(rate) for rate in rates
    ]


def test_every_voter_has_its_state_and_age(fund: Served, page: Page) -> None:
    turned(page, "models")
    told = fund.get("/api/v1/models/states").json()["voters"]
    shown = rows(page, "State of each voter")
    assert [row[0] for row in shown] == [each["slot"].replace("_", " ") for each in told]
    assert [row[2] for row in shown] == [each["state"].lower() for each in told]
    assert all(row[3] for row in shown)
    reviewed = rows(page, "What came of the latest votes")
    counts = [each["review"] and each["review"]["outcomes"] for each in told]
    assert [row[2] for row in reviewed] == ["—" if n is None else f"{n:,}" for n in counts]


def test_equal_weights_are_explained(page: Page) -> None:
    turned(page, "models")
    said = page.waits_for(
        "return [...document.querySelectorAll('p.dim')]"
        ".find(each => each.textContent.startsWith('By outcomes'))?.textContent"
    )
    assert "all count as they came" in said


def test_the_board_is_that_of_the_api(fund: Served, page: Page) -> None:
    turned(page, "models")
    page.asks(_CHOOSE, "trend")
    cells = [c for c in fund.get("/api/v1/models/board").json()["cells"] if c["who"] == "trend"]
    page.waits_for(
        "return [...document.querySelectorAll('h2')]"
        ".some(each => each.textContent.endsWith('symbol: trend'))"
    )
    shown = rows(page, "Reliability by regime and symbol")
    assert [row[5] for row in shown] == [f"{c['wins']} / {c['n']}" for c in cells[:40]]


def test_a_rule_has_no_drift_and_says_why(page: Page) -> None:
    turned(page, "models")
    said = page.asks("return [...document.querySelectorAll('p.dim')].map(each => each.textContent)")
    assert any("drift is unknown; it is no model of a training" in each for each in said)

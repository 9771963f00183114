"""A broken invariant is told by the API, stops new risk, and is on the pages until it is closed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.events.risk import SafetyCleared
from quantum_os.events.units import Ns
from tests.api.dashboard.accessibility import objections
from tests.api.dashboard.door import entered, turned
from tests.api.dashboard.test_figures import rows
from tests.api.served import Served
from tests.browser import Page

UNAUDITED = SafetyCleared("daily_loss", "nobody", "no audit knows of it", Ns(0))
"""A stop that is taken back without an entry in the audit: invariant 32."""


@pytest.fixture
def page(own_fund: Served, tmp_path: Path) -> Iterator[Page]:
    with entered(own_fund, tmp_path / "profile") as opened:
        yield opened


def test_a_broken_invariant_is_told_and_shown(own_fund: Served, page: Page) -> None:
    assert own_fund.get("/api/v1/incidents").json()["open"] == []
    turned(page, "risk")
    assert "No invariant that the fund watches over is broken" in page.asks(
        "return document.querySelector('main').textContent"
    )
    own_fund.hear(UNAUDITED)
    told = own_fund.get("/api/v1/incidents").json()
    (incident,) = told["open"]
    assert (incident["number"], incident["kind"]) == (32, "broken")
    latches = [each["cause"] for each in own_fund.get("/api/v1/locks").json()["locks"]]
    assert latches == [incident["cause"]]
    assert own_fund.get("/api/v1/health").json()["ok"] is False
    (opened,) = [each["event"] for each in told["items"]]
    assert opened["window"], "the events before it are kept"

    page.waits_for("return document.querySelector('[aria-label=\"Broken invariants\"]')")
    (row,) = rows(page, "Broken invariants")
    assert row[0] == "32"
    assert incident["sentence"] in row[1]
    assert objections(page) == []
    turned(page, "overview")
    # Each line comes with the answer that it is told by, and the latch's may come first.
    line = json.dumps(f"Invariant 32 is broken: {incident['sentence']}")
    page.waits_for(f"return document.querySelector('ul.eye')?.textContent.includes({line})")

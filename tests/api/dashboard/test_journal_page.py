"""The journal lists what was closed and adds up what is shown; runs are compared and opened."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from selenium.webdriver.support.wait import WebDriverWait

from tests.api.dashboard.accessibility import objections
from tests.api.dashboard.door import turned
from tests.api.dashboard.test_figures import figure, rows, usd
from tests.api.served import Served
from tests.browser import PATIENCE_S, Page

_PRESS = """
const wanted = arguments[0];
[...document.querySelectorAll('main button')].find(e => e.textContent === wanted).click();
"""
_SELECT = """
const field = document.querySelector(`select[name="${arguments[0]}"]`);
field.value = arguments[1];
field.dispatchEvent(new Event('change'));
"""


@pytest.fixture
def recorded(fund: Served, runs: Path) -> Iterator[Served]:
    facts = fund.fund.facts
    fund.fund.facts = msgspec.structs.replace(facts, runs=runs)
    yield fund
    fund.fund.facts = facts


def test_the_journal_is_every_closed_trade(fund: Served, page: Page) -> None:
    turned(page, "journal")
    trades = fund.get("/api/v1/trades?limit=500").json()["items"]
    assert [row[8] for row in rows(page, "The trade journal")] == [
        usd(each["event"]["net"], sign=True) for each in trades
    ]


def test_a_filter_leaves_what_it_says_and_the_sum_follows(fund: Served, page: Page) -> None:
    turned(page, "journal")
    events = [each["event"] for each in fund.get("/api/v1/trades?limit=500").json()["items"]]
    lost = [each for each in events if float(each["net"]) <= 0]
    assert 0 < len(lost) < len(events)
    page.asks(_SELECT, "end", "lost")
    page.waits_for(
        "return document.querySelectorAll("
        f"'[aria-label=\"The trade journal\"] tbody tr').length === {len(lost)}"
    )
    total = sum(float(each["net"]) for each in lost)
    assert figure(page, "The trade journal", "Net") == usd(round(total, 6), sign=True)
    assert objections(page) == []
    page.asks(_SELECT, "end", "")


def listed(page: Page) -> None:
    """Reads the page anew: it may have listed the runs of another folder before."""
    page.driver.refresh()
    page.waits_for(
        "return [...document.querySelectorAll('main button')]"
        ".some(each => each.textContent === 'A is one')"
    )


def test_two_runs_are_put_side_by_side(recorded: Served, page: Page) -> None:
    turned(page, "journal")
    listed(page)
    page.asks(_PRESS, "A is one")
    page.asks(_PRESS, "B is two")
    page.waits_for("return document.querySelector('[aria-label=\"Figures of both runs\"]')")
    told = recorded.get("/api/v1/runs/compare?left=one&right=two").json()
    shown = rows(page, "Figures of both runs")
    assert [row[0] for row in shown] == [each["label"] for each in told["figures"]]
    assert objections(page) == []
    page.asks(_PRESS, "A is one")


def test_a_report_opens_beside_and_draws_without_anything_of_ours(
    recorded: Served, page: Page
) -> None:
    turned(page, "journal")
    here = page.driver.current_window_handle
    page.complaints()
    listed(page)
    page.asks(_PRESS, "Open the report of one")
    try:
        beside = WebDriverWait(page.driver, PATIENCE_S)
        beside.until(lambda driver: len(driver.window_handles) > 1)
        page.driver.switch_to.window(page.driver.window_handles[-1])
        assert page.waits_for("return document.querySelectorAll('.main-svg').length") > 0
        assert page.asks("return origin") == "null"
        kept = "try { return sessionStorage.length } catch (error) { return error.name }"
        assert page.asks(kept) == "SecurityError"
        assert page.complaints() == []
    finally:
        if page.driver.current_window_handle != here:
            page.driver.close()
        page.driver.switch_to.window(here)

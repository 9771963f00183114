"""What a person has done from a page goes through the API: with a reason, confirmed, audited."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api.dashboard.accessibility import objections
from tests.api.dashboard.door import entered, turned
from tests.api.served import Served
from tests.browser import Page

_PRESS = """
const button = [...document.querySelectorAll('button.act')]
  .find(e => e.textContent === arguments[0] && e.checkVisibility());
button?.focus();
button?.click();
return Boolean(button);
"""
REASON = "news at noon <b>& more</b>"


@pytest.fixture
def acting(own_fund: Served, tmp_path: Path) -> Iterator[Page]:
    with entered(own_fund, tmp_path / "profile") as page:
        yield page


def press(page: Page, words: str) -> None:
    assert page.waits_for("return !document.querySelector('dialog[open] button:disabled')")
    assert page.asks(_PRESS, words), f"there is no button {words!r}"


def confirm(page: Page, words: str, reason: str = REASON) -> str:
    """Fills the dialog, and gives what it says in the end."""
    page.driver.switch_to.active_element.send_keys(reason)
    press(page, words)
    said: str = page.waits_for(
        "const told = document.getElementById('act-told')?.textContent;"
        "const trouble = document.querySelector('dialog .trouble')?.textContent;"
        "return told || trouble"
    )
    return said


def causes(fund: Served) -> list[str]:
    return [lock["cause"] for lock in fund.get("/api/v1/locks").json()["locks"]]


def test_a_pause_needs_a_reason_is_confirmed_and_stands_in_the_audit(
    own_fund: Served, acting: Page
) -> None:
    press(acting, "Pause entries")
    assert acting.asks("return document.activeElement.id") == "act-reason"
    assert objections(acting) == []
    press(acting, "Pause entries now")
    assert causes(own_fund) == []
    said = confirm(acting, "Pause entries now")
    assert "Audit entry 1" in said
    assert causes(own_fund) == ["operator_pause"]
    press(acting, "Close")
    stopped = "return document.querySelector('.bar-mode .chip.bad')?.textContent"
    assert acting.waits_for(stopped) == "entries stopped: operator pause"
    turned(acting, "governance")
    entry = own_fund.get("/api/v1/audit").json()["items"][0]["event"]
    assert entry["reason"] == REASON
    assert entry["actor"] == "browser"
    row = acting.waits_for(
        "return document.querySelector('[aria-label=\"The audit\"] tbody tr')?.textContent"
    )
    assert REASON in row
    turned(acting, "risk")
    assert objections(acting) == []
    press(acting, "End the pause")
    assert "Audit entry 2" in confirm(acting, "End the pause now")
    assert causes(own_fund) == []


def test_a_position_is_closed_from_its_row(own_fund: Served, acting: Page) -> None:
    turned(acting, "positions")
    held = own_fund.get("/api/v1/positions").json()["positions"][0]
    words = f"Close {held['symbol'].split('/')[0]} {held['side'].lower()}"
    press(acting, words)
    assert "Audit entry" in confirm(acting, f"{words} now")
    entry = own_fund.get("/api/v1/audit").json()["items"][0]["event"]
    assert (entry["action"], entry["subject"]) == ("forceexit", held["position_id"])
    press(acting, "Close")
    closing = (
        "return document.querySelector('[aria-label=\"Open positions\"] .chip.warn')?.textContent"
    )
    assert acting.waits_for(closing) == "closing: operator"


def test_a_kill_stays_pulled_and_the_refusal_says_why(own_fund: Served, acting: Page) -> None:
    press(acting, "Kill")
    assert "Audit entry" in confirm(acting, "Kill now")
    assert "operator_kill" in causes(own_fund)
    press(acting, "Close")
    turned(acting, "risk")
    acting.waits_for("return document.querySelector('.latches li')")
    press(acting, "Open the latch operator_kill")
    assert "cools off" in confirm(acting, "Open the latch operator_kill now")
    assert "operator_kill" in causes(own_fund)


def test_what_another_does_is_heard_without_asking(own_fund: Served, acting: Page) -> None:
    """Only the events of the bus are announced; answers that are asked for never are."""
    acting.waits_for(
        "return document.querySelector('.pulse span:last-child').textContent.match(/live|stale/)"
    )
    own_fund.post("/api/v1/pause", {"reason": "from elsewhere"})
    said = acting.waits_for("return document.getElementById('announcer').textContent")
    assert "operator_pause" in said


def test_escape_leaves_everything_as_it_was(own_fund: Served, acting: Page) -> None:
    press(acting, "Kill")
    acting.driver.switch_to.active_element.send_keys("not after all", Keys.ESCAPE)
    acting.waits_for("return !document.querySelector('dialog[open]')")
    assert causes(own_fund) == []
    assert acting.asks("return document.activeElement.textContent") == "Kill"
    press(acting, "Kill")
    assert acting.asks("return document.getElementById('act-reason').value") == ""


def test_a_limit_is_tightened_from_its_row_and_loosened_by_asking(
    own_fund: Served, acting: Page
) -> None:
    turned(acting, "governance")
    acting.waits_for(
        "return document.querySelector('[aria-label=\"Each limit and all who bind it\"]')"
    )
    press(acting, "Tighten positions max")
    assert objections(acting) == []
    assert acting.asks("return document.activeElement.id") == "act-value"
    acting.driver.switch_to.active_element.send_keys("1")
    acting.asks("document.getElementById('act-reason').focus()")
    assert "Audit entry 1" in confirm(acting, "Tighten positions max now")
    press(acting, "Close")
    held = own_fund.get("/api/v1/limits").json()["limits"]
    assert held["positions_max"] == 1
    assert acting.waits_for(
        "return [...document.querySelectorAll('.chip.warn')]"
        ".some(each => each.textContent === 'operator')"
    )
    press(acting, "Ask to loosen positions max")
    assert "Audit entry 2" in confirm(acting, "Ask to loosen positions max now")
    press(acting, "Close")
    acting.waits_for("return document.querySelector('[aria-label=\"Proposals\"]')")
    assert objections(acting) == []
    press(acting, "Approve loosen positions_max")
    assert "Audit entry 3" in confirm(acting, "Approve loosen positions_max now")
    press(acting, "Close")
    assert own_fund.get("/api/v1/limits").json()["limits"]["positions_max"] == 1
    (waiting,) = own_fund.get("/api/v1/policy/proposals").json()["proposals"]
    assert waiting["approved_by"] == ["browser"]
    press(acting, "Veto loosen positions_max")
    assert "Audit entry 4" in confirm(acting, "Veto loosen positions_max now")

"""Who is let in: a link once, a token as often as it is good; and nothing of it stays behind."""

from pathlib import Path

import pytest

from quantum_os.api.clearance import Role
from tests.api.dashboard.door import READY, address, entered
from tests.api.served import Served
from tests.browser import Page, opened_at

PASTE = """
document.getElementById('token').value = arguments[0];
document.querySelector('.door form').requestSubmit();
"""


def trouble(page: Page) -> str:
    found: str = page.waits_for("return document.querySelector('.door .trouble')?.textContent")
    return found


def test_a_link_logs_in_once_and_leaves_no_trace(fund: Served, tmp_path: Path) -> None:
    link = address(fund, f"/#login={fund.links.make(Role.TRADER)}")
    with opened_at(link, tmp_path / "one") as page:
        page.waits_for(READY)
        assert "login" not in page.asks("return location.href")
        assert page.asks("return document.cookie") == ""
        assert page.asks("return JSON.stringify(localStorage)") == "{}"
        assert page.asks("return document.querySelector('.who').textContent") == "browsertrader"
        sent = [each for each in page.requests() if link.split("=")[1] in each]
        assert sent == [] or all("#login=" in each for each in sent)
        page.asks("window.open(arguments[0])", link)
        page.driver.switch_to.window(page.driver.window_handles[-1])
        page.asks("sessionStorage.clear()")
        page.driver.get(address(fund, "/dashboard/mark.svg"))
        page.driver.get(link)
        assert "used already" in trouble(page)


def test_a_token_is_asked_for_and_judged(fund: Served, tmp_path: Path) -> None:
    with opened_at(address(fund), tmp_path / "two") as page:
        page.waits_for("return document.getElementById('token')")
        page.asks(PASTE, "qos_none_none")
        assert "token" in trouble(page)
        page.asks(PASTE, fund.of_role[Role.VIEWER])
        page.waits_for(READY)
        buttons = "return [...document.querySelectorAll('.bar-acts .act')].map(e => e.disabled)"
        assert page.asks(buttons) == [True, True, True]
        page.asks("[...document.querySelectorAll('.rail-end .quiet')].at(-1).click()")
        page.waits_for("return document.getElementById('token')")
        assert page.asks("return sessionStorage.length") == 0


def test_pages_whose_list_was_refused_come_when_it_is_given(fund: Served, tmp_path: Path) -> None:
    """Somebody who reloads again and again is refused for a moment, and no longer than that."""
    with entered(fund, tmp_path / "refused") as page:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/pages.json"]})
        page.driver.refresh()
        said = page.waits_for("return document.querySelector('main .empty')?.textContent")
        assert said.startswith("The pages are not there yet: ")
        page.asks("location.hash = '#/risk'")
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.waits_for(READY)
        assert page.asks("return document.title") == "Risk · Quantum OS"


def test_logging_out_ends_the_token_of_a_link(fund: Served, tmp_path: Path) -> None:
    with entered(fund, tmp_path / "three") as page:
        token = page.asks("return sessionStorage.getItem('quantum-os.token')")
        shown = {"Authorization": f"Bearer {token}"}
        assert fund.get("/api/v1/version", role=None, headers=shown).status == 200
        page.asks("[...document.querySelectorAll('.rail-end .quiet')].at(-1).click()")
        page.waits_for("return document.getElementById('token')")
        assert _is_refused(fund, shown)


def _is_refused(fund: Served, shown: dict[str, str]) -> bool:
    """The page says goodbye before the process has heard of it."""
    statuses = (fund.get("/api/v1/version", role=None, headers=shown).status for _ in range(200))
    return any(status == 401 for status in statuses)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_the_audit_is_shown_to_those_who_may_see_it(
    fund: Served, tmp_path: Path, role: Role
) -> None:
    with entered(fund, tmp_path / role, role) as page:
        page.asks("location.hash = '#/governance'")
        words = page.waits_for(
            "const shown = document.querySelector('main').textContent;"
            "return /chain unbroken|needs the role/.exec(shown)?.[0]"
        )
        assert words == ("needs the role" if role is Role.VIEWER else "chain unbroken")
        assert page.complaints() == []

"""What is old is shown as old: when the market falls silent, and when the process is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.api.dashboard.accessibility import objections
from tests.api.dashboard.door import PAGES, entered, turned
from tests.api.served import Served
from tests.browser import Page

STATES = "return [...document.querySelectorAll('q-provenance')].map(e => e.dataset.state)"
WORDS = "return document.querySelector('#stale')?.textContent"


@contextmanager
def silent(fund: Served) -> Iterator[None]:
    """The market stands still: whoever allows it no silence sees a stale one."""
    facts = fund.fund.facts
    fund.fund.facts = msgspec.structs.replace(facts, stale_after_s=0.1)
    try:
        yield
    finally:
        fund.fund.facts = facts


def test_a_silent_market_is_shown_as_silent_on_every_page(fund: Served, page: Page) -> None:
    with silent(fund):
        page.waits_for(WORDS)
        for name in PAGES:
            turned(page, name)
            assert "market is silent" in page.waits_for(WORDS)
            page.waits_for(f"{STATES}.every(e => e === 'stale')")
            assert page.asks(STATES)
            assert objections(page) == []
    page.waits_for(f"return !({WORDS.removeprefix('return ')})")


def test_a_page_turns_stale_by_itself_when_the_market_falls_silent(
    own_fund: Served, tmp_path: Path
) -> None:
    """The same page, without a reload: first all is live, then the limit of silence is passed."""
    with entered(own_fund, tmp_path / "profile") as page:
        assert set(page.asks(STATES)) == {"live"}
        assert page.waits_for("return document.querySelector('.pulse.live')")
        assert page.asks(WORDS) is None
        with silent(own_fund):
            assert "market is silent" in page.waits_for(WORDS)
            page.waits_for(f"{STATES}.every(e => e === 'stale')")


def test_a_process_that_is_gone_is_said_to_be_gone(own_fund: Served, tmp_path: Path) -> None:
    with entered(own_fund, tmp_path / "profile") as page:
        shown = page.asks("return document.querySelector('.bar-figures dd').textContent")
        own_fund.stop()
        said = page.waits_for(
            "const shown = document.querySelector('#stale')?.textContent ?? '';"
            "return /does not answer/.exec(shown)?.[0]"
        )
        assert said == "does not answer"
        page.waits_for("return document.querySelector('.pulse.lost')")
        page.waits_for(
            "return [...document.querySelectorAll('q-provenance')]"
            ".every(e => e.textContent.startsWith('STALE'))"
        )
        assert page.asks("return document.querySelector('.bar-figures dd').textContent") == shown

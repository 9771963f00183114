"""The page in a real browser: no error, no request, charts drawn, trades to be chosen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quantum_os.learning.report.document import report_of
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.making import pictures_of
from quantum_os.learning.report.page.layout import CONTENTS, page
from quantum_os.learning.report.written import library_source
from tests.browser import Page, opened
from tests.learning.report.book import count, facts

pytestmark = pytest.mark.slow

CHARTS = ["equity", "trade", "results", "excursions", "leverage", "costs", "exposure", "refusals"]
DRAWN = "return [...document.querySelectorAll('[data-chart] .main-svg')].length > 0"


@pytest.fixture(scope="module")
def file(gathered: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = report_of(gathered, facts(gathered), count(2, 0.1, -0.1))
    pictures = pictures_of(gathered, facts(gathered), report)
    made = tmp_path_factory.mktemp("page") / "report.html"
    made.write_text(page(report, pictures, library_source(), "runs/x"), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def shown(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(file, tmp_path_factory.mktemp("profile")) as found:
        yield found
        assert_quiet(found, file)  # whatever the tests of this worker did to it


def assert_quiet(page: Page, file: Path) -> None:
    """No word on the console, and nothing asked for but the file itself."""
    assert page.complaints() == []
    assert set(page.requests()) == {file.resolve().as_uri()}


def seen(page: Page, name: str) -> Any:
    """Brings a chart into view and waits until it is drawn; gives its traces.

    Brought there at every look, since a chart drawn late above it pushes it out of view again.
    """
    page.waits_for(
        f"document.getElementById('chart-{name}').scrollIntoView({{behavior: 'instant'}});"
        f"return document.querySelector('#chart-{name} .main-svg') !== null"
    )
    return page.asks(f"return document.getElementById('chart-{name}').data.map((t) => t.type)")


def test_every_part_is_shown(shown: Page) -> None:
    visible = "return document.getElementById(arguments[0]).getBoundingClientRect().height > 0"
    assert all(shown.asks(visible, anchor) for anchor in CONTENTS)
    assert "SYNTHETIC MARKET" in shown.asks("return document.body.innerText")


@pytest.mark.parametrize("name", [*CHARTS, "regimes"])
def test_every_chart_is_drawn_when_it_comes_near(name: str, shown: Page) -> None:
    kinds = seen(shown, name)
    assert kinds
    assert (kinds[0] == "candlestick") is (name == "trade")


def test_a_trade_is_chosen_in_the_list(shown: Page, gathered: Evidence) -> None:
    seen(shown, "trade")
    last = gathered.lives[-1].trade
    shown.asks(f"document.querySelector('tr[data-id=\"{last.position_id}\"] button').click()")
    title = "return document.querySelector('#chart-trade').closest('figure').innerText"
    base = last.symbol.partition("/")[0]
    assert f"{base} {last.side}" in shown.asks(title)
    assert last.position_id in shown.asks("return document.getElementById('trade-facts').innerText")
    marked = "return [...document.querySelectorAll('tr[aria-current]')].map((r) => r.dataset.id)"
    assert shown.asks(marked) == [last.position_id]
    entries = "return document.getElementById('chart-trade').data.find((t) => t.name === 'entry').y"
    assert float(last.entry_price) == pytest.approx(shown.asks(entries)[0], rel=1e-3)


def test_the_list_is_filtered_and_sorted(shown: Page, gathered: Evidence) -> None:
    listed = (
        "return [...document.querySelectorAll('#trade-list tbody tr')].map((r) => r.dataset.id)"
    )
    shorts = [one.trade for one in gathered.lives if one.trade.side == "SHORT"]
    shown.asks(
        "const s = document.querySelector('[data-filter=side]');"
        "s.value = 'SHORT'; s.dispatchEvent(new Event('change'));"
        "document.querySelector('[data-sort=net]').click();"
    )
    by_net = sorted(shorts, key=lambda trade: -trade.net)
    assert shown.asks(listed)[0] == by_net[0].position_id
    assert len(shown.asks(listed)) == len(shorts)
    sorted_by = "return document.querySelector('[aria-sort=descending] button').dataset.sort"
    assert shown.asks(sorted_by) == "net"
    shown.asks(
        "const s = document.getElementById('trade-search');"
        "s.value = 'no such trade'; s.dispatchEvent(new Event('input'));"
    )
    assert shown.asks(listed) == []
    shown.asks(
        "for (const e of document.querySelectorAll('.filters select, .filters input')) {"
        "e.value = ''; e.dispatchEvent(new Event(e.tagName === 'INPUT' ? 'input' : 'change')); }"
    )
    assert len(shown.asks(listed)) == len(gathered.lives)


def test_paper_gets_all_charts_and_the_screen_its_own_again(shown: Page) -> None:
    shown.asks("window.dispatchEvent(new Event('beforeprint'))")
    width = "return document.querySelector('#chart-equity .main-svg').getBoundingClientRect().width"
    assert shown.asks(width) == 680
    assert shown.asks(DRAWN)
    shown.asks("window.dispatchEvent(new Event('afterprint'))")
    assert shown.waits_for(f"return ({width.removeprefix('return ')}) > 700")


def test_the_whole_page_is_drawn_without_an_error_or_a_request(file: Path, tmp_path: Path) -> None:
    with opened(file, tmp_path) as page:
        for name in [*CHARTS, "regimes"]:
            seen(page, name)
        assert_quiet(page, file)


def test_no_part_is_wider_than_a_phone(file: Path, tmp_path: Path) -> None:
    with opened(file, tmp_path, dark=True) as phone:
        size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        phone.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for name in CHARTS:
            seen(phone, name)
        assert phone.asks("return document.documentElement.scrollWidth") <= 390
        page_colour = "return getComputedStyle(document.body).backgroundColor"
        assert phone.asks(page_colour) == "rgb(16, 19, 23)"
        assert_quiet(phone, file)


def test_a_broken_script_and_a_request_are_caught(tmp_path: Path) -> None:
    """The canary: a page that throws, and one that calls out, do not pass for quiet ones."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!doctype html><title>bad</title><link rel='icon' href='data:,'>"
        "<img src='http://127.0.0.1:9/x.png'><script>nobody.home()</script>",
        encoding="utf-8",
    )
    with opened(bad, tmp_path / "profile") as page:
        page.waits_for("return document.readyState === 'complete'")
        assert any("nobody is not defined" in said for said in page.complaints())
        assert "http://127.0.0.1:9/x.png" in page.requests()

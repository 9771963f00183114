"""A chart is read without a pointer: arrow keys walk over its points, and each is said aloud."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api.dashboard.door import turned
from tests.api.served import Served
from tests.browser import Page

PLACES = {
    "overview": "equity",
    "markets": "candles",
    "positions": "candles",
    "models": "reliability",
    "risk": "timeline",
}
_SAID = "return document.querySelector('q-chart:has(svg.' + arguments[0] + ') [role=status]')"
_FIRST = "document.querySelector('main .choice button')?.click()"
_FOCUS = """
const chart = document.querySelector('q-chart:has(svg.' + arguments[0] + ')');
chart?.focus();
return chart && document.activeElement === chart && chart.drawing.stops.length > 2;
"""


def pressed(page: Page, kind: str, *keys: str) -> str:
    page.driver.switch_to.active_element.send_keys(*keys)
    said: str = page.asks(f"{_SAID}.textContent", kind)
    return said


@pytest.mark.parametrize(("name", "kind"), PLACES.items())
def test_arrow_keys_read_a_chart(fund: Served, page: Page, name: str, kind: str) -> None:
    turned(page, name)
    page.asks(_FIRST)
    page.waits_for(_FOCUS.replace("arguments[0]", f"'{kind}'"))
    last = pressed(page, kind, Keys.ARROW_LEFT)
    before = pressed(page, kind, Keys.ARROW_LEFT)
    assert last
    assert before
    assert before != last
    assert pressed(page, kind, Keys.END) == last
    assert pressed(page, kind, Keys.ARROW_RIGHT) == last
    shown = page.asks("return document.activeElement.querySelector('.readout').textContent")
    assert shown == last
    assert page.asks("return document.activeElement.querySelectorAll('.cross').length") > 0
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert page.asks("return document.activeElement.querySelector('.readout')") is None


def test_the_equity_is_read_at_its_own_times(fund: Served, page: Page) -> None:
    turned(page, "overview")
    page.waits_for(_FOCUS.replace("arguments[0]", "'equity'"))
    points = fund.get("/api/v1/equity?points=600").json()["points"]
    first = points[0]
    wanted = f"{first['at'][5:10]} {first['at'][11:16]}  {float(first['equity']):,.2f}"
    assert pressed(page, "equity", Keys.HOME).startswith(wanted)


def test_the_bus_is_drawn_as_it_is_wired(fund: Served, page: Page) -> None:
    """Every way between two domains is there once, down or back up, and none besides."""
    turned(page, "system")
    modules = fund.get("/api/v1/lineup").json()["modules"]
    bus = fund.get("/api/v1/bus").json()
    domains = list(dict.fromkeys(each["name"].split(".")[0] for each in modules))
    says: dict[str, set[str]] = {}
    for each in modules:
        for stream in each["says"]:
            says.setdefault(stream, set()).add(each["name"].split(".")[0])
    ways = {
        (sayer, hearer.split(".")[0])
        for row in bus["streams"]
        for sayer in says.get(row["stream"], {"inputs"})
        for hearer in row["heard_by"]
    }
    wanted = sorted(f"{one} to {other}" for one, other in ways if one != other)
    shown = page.waits_for(
        "return [...document.querySelectorAll('.flow .way title')].map(e => e.textContent)"
    )
    assert sorted(each.partition(":")[0] for each in shown) == wanted
    nodes = page.asks(
        "return [...document.querySelectorAll('.flow .node .readout')].map(e => e.textContent)"
    )
    assert nodes == ["inputs", *domains, "journal"]
    lags = page.asks(
        "return [...document.querySelectorAll('.flow .node .tick')].map(e => e.textContent)"
    )
    assert lags[0].endswith("waiting")
    assert lags[-1].endswith("behind")

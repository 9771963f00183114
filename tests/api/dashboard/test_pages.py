"""Every page is quiet, asks nobody else, can be read by all, and fits a phone."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api.dashboard.accessibility import objections, sideways
from tests.api.dashboard.door import PAGES, address, resized, turned
from tests.api.served import Served
from tests.browser import Page

WIDTHS = (360, 768, 1400, 2560)


def test_the_navigation_lists_every_page_that_is_tested(page: Page) -> None:
    turned(page, "overview")
    links = page.asks("return [...document.querySelectorAll('nav li a')].map(each => each.hash)")
    assert links == [f"#/{name}" for name in PAGES]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_asks_only_its_own_process(fund: Served, page: Page, name: str) -> None:
    page.complaints()
    page.requests()
    turned(page, name)
    page.asks("location.reload()")
    turned(page, name)
    assert page.complaints() == []
    asked = page.requests()
    assert any("/api/v1/" in each for each in asked)
    assert [each for each in asked if not each.startswith(address(fund))] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_all(page: Page, name: str, theme: str) -> None:
    page.asks("document.documentElement.dataset.theme = arguments[0]", theme)
    turned(page, name)
    assert objections(page) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(page: Page, name: str, width: int) -> None:
    turned(page, name)
    resized(page, width)
    page.waits_for(f"return innerWidth === {width}")
    assert page.waits_for("return document.querySelectorAll('[data-panel]').length > 0")
    page.asks(
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert sideways(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_reaches_everything_in_the_order_of_the_page(page: Page, name: str) -> None:
    turned(page, name)
    wanted = page.asks(
        "const stops = 'a[href], button:not([disabled]), [tabindex=\"0\"], summary';"
        "return [...document.querySelectorAll(stops)]"
        ".filter(each => each.tabIndex >= 0 && each.checkVisibility()).length"
    )
    page.asks("document.activeElement?.blur(); window.getSelection().removeAllRanges()")
    page.asks("document.querySelector('.skip').focus()")
    places: list[tuple[int, int]] = []
    for _ in range(min(wanted, 60)):
        here = page.asks(
            "const all = [...document.querySelectorAll('*')]; const at = document.activeElement;"
            "return [all.indexOf(at), at.matches(':focus-visible') ? 1 : 0]"
        )
        places.append((here[0], here[1]))
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
    order = [place for place, _ in places]
    assert order == sorted(set(order))
    assert all(is_visible for _, is_visible in places[1:])


def test_digits_turn_the_pages(page: Page) -> None:
    turned(page, "overview")
    page.asks("document.getElementById('content').focus()")
    for number, name in enumerate(PAGES, 1):
        page.driver.switch_to.active_element.send_keys(str(number))
        page.waits_for(f"return document.querySelector('nav a[aria-current]').hash === '#/{name}'")


def test_nothing_moves_for_somebody_who_asked_for_that(page: Page) -> None:
    turned(page, "overview")
    still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": still})
    page.waits_for("return matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.asks("return document.getAnimations().length") == 0
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


PLANTED = {
    "no name": "<button></button>",
    "no label": "<input>",
    "no alt": "<img src='/dashboard/mark.svg'>",
    "a drawing without a name": "<svg width='9' height='9'><rect width='9' height='9'/></svg>",
    "a heading skips a level": "<h5>deep</h5>",
    "a table without a name": "<table><tr><td>1</td></tr></table>",
    "contrast": "<p class='planted'>pale</p>",
}


@pytest.mark.parametrize("what", PLANTED)
def test_canary_a_planted_fault_is_seen(page: Page, what: str) -> None:
    turned(page, "governance")
    page.asks(
        "const place = document.createElement('div'); place.id = 'planted';"
        "place.innerHTML = arguments[0]; document.body.append(place);"
        "for (const each of place.querySelectorAll('.planted')) each.style.color = '#777f88';"
        "for (const each of place.querySelectorAll('.planted')) each.style.background = '#888f99'",
        PLANTED[what],
    )
    try:
        assert any(each.startswith(what) for each in objections(page))
    finally:
        page.asks("document.getElementById('planted').remove()")


def test_canary_a_wide_thing_is_seen(page: Page) -> None:
    turned(page, "governance")
    page.asks(
        "const wide = document.createElement('div');"
        "wide.id = 'planted'; wide.style.width = '9000px';"
        "wide.textContent = 'wide'; document.body.append(wide)"
    )
    try:
        assert sideways(page)
    finally:
        page.asks("document.getElementById('planted').remove()")

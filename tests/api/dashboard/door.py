"""Opens the dashboard of a served fund, as somebody with a role, and knows its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantum_os.api.clearance import Role
from tests.api.served import Served
from tests.browser import Page, opened_at

PAGES = (
    "overview",
    "positions",
    "decisions",
    "risk",
    "orders",
    "markets",
    "models",
    "journal",
    "system",
    "governance",
)
"""In the order in which they stand in the navigation."""

READY = """
const main = document.querySelector('main#content');
return main && main.querySelectorAll('[data-panel]').length > 0
  && !/Asking the fund|Reading the journal|Asking the process/.test(main.textContent);
"""


def address(fund: Served, rest: str = "/") -> str:
    return f"http://127.0.0.1:{fund.port}{rest}"


@contextmanager
def entered(
    fund: Served, profile: Path, role: Role = Role.OPERATOR, *, dark: bool = False
) -> Iterator[Page]:
    """Opens a one-time link and waits for the first page."""
    link = address(fund, f"/#login={fund.links.make(role)}")
    with opened_at(link, profile, dark=dark) as page:
        page.waits_for(READY)
        yield page


def turned(page: Page, name: str) -> None:
    """Turns to a page and waits until all of it has been answered."""
    page.asks("location.hash = '#/' + arguments[0]", name)
    first = name.partition("/")[0]
    title = f"return document.querySelector('nav a[aria-current]')?.hash === '#/{first}'"
    page.waits_for(title)
    page.waits_for(READY)


def resized(page: Page, width: int, height: int = 900) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

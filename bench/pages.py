"""How long a page of the dashboard takes until each of its panels has an answer, in Chromium.

python bench/pages.py [--loads N] [--json]

A demo plays at 1,200 times real time in a process of its own. Each page is opened anew N times, as
somebody does who reloads it: document, scripts, every request and every panel. The time counts from
the beginning of the navigation by the browser's own clock, which is read once every frame. Between
two loads is a rest: who reloads without any is refused by the rate limit for a moment.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.api import Asking, demo, until_paced
from bench.table import show
from quantum_os.api.address import read_address
from quantum_os.cli.api_client import ApiClient
from quantum_os.storage.home import Home
from tests.api.dashboard.door import PAGES, READY
from tests.browser import Page, opened_at

BUDGET_S = 1.0
REST_S = 2.0

CLOCK = (
    """
const answered = () => {"""
    + READY
    + """};
const look = () => {
  if (document.body && answered()) { window.answeredAfterMs = performance.now(); return; }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
)
"""Notes in each new document when the last of its panels was answered."""


def load_s(page: Page) -> float:
    """Reloads the page that is open; gives the seconds until all of it was answered."""
    time.sleep(REST_S)
    page.asks("window.answeredAfterMs = 0")  # the document that goes may be asked once more
    page.driver.execute_cdp_cmd("Page.reload", {"ignoreCache": True})
    return float(page.waits_for("return window.answeredAfterMs")) / 1e3


def measure(page: Page, loads: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in PAGES:
        page.asks("location.hash = '#/' + arguments[0]", name)
        page.waits_for(READY)
        times = [load_s(page) for _ in range(loads)]
        slowest = max(times)
        rows.append(
            {
                "page": name,
                "median s": round(statistics.median(times), 2),
                "slowest s": round(slowest, 2),
                "within budget": "yes" if slowest <= BUDGET_S else "no",
            }
        )
    return rows


def main() -> None:
    loads = int(sys.argv[sys.argv.index("--loads") + 1]) if "--loads" in sys.argv else 5
    with demo(60, 900) as (home, _), tempfile.TemporaryDirectory() as profile:
        address = read_address(Home(home))
        assert address is not None
        until_paced(Asking(address, address.token))
        client = ApiClient(Home(home))
        link = client.post("/login_link", reason="to measure the pages")["path"]
        with opened_at(client.url + link, Path(profile)) as page:
            page.waits_for(READY)
            page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": CLOCK})
            rows = measure(page, loads)
    show("a page of the dashboard, opened anew", rows, [f"budget: {BUDGET_S:g} s; {loads} loads"])


if __name__ == "__main__":
    main()

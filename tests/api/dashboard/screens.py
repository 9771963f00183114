"""Makes the pictures of `docs/screens` from a demo of its own: `make screens`."""

import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.api.dashboard.door import READY, resized, turned
from tests.browser import Page, opened_at

FOLDER = Path(__file__).parents[3] / "docs" / "screens"
LINK = re.compile(r"http://\S+/#login=\w+")
PACED = "x: equity"
"""What a demo says once it has caught up with history."""

DEMO = ("demo", "--days", "14", "--speed", "50", "--duration", "600", "--port", "0")
WIDE, PHONE = (1280, 860), (360, 740)

SHOTS = (
    ("overview", "overview", WIDE, "dark"),
    ("overview-light", "overview", WIDE, "light"),
    ("positions", "positions", WIDE, "dark"),
    ("why", "decisions", WIDE, "dark"),
    ("risk", "risk", WIDE, "light"),
    ("markets", "markets", WIDE, "dark"),
    ("models", "models", WIDE, "light"),
    ("journal", "journal", WIDE, "dark"),
    ("bus", "system", WIDE, "dark"),
    ("phone", "overview", PHONE, "dark"),
)
"""Name, page, size, theme."""

_LAST_CANDIDATE = """
const cells = document.querySelectorAll('.heat button.end-refused, .heat button.end-filled');
cells[cells.length - 1]?.click();
return cells.length;
"""
_AT_VERDICT = """
const panel = document.querySelector('.verdict strong')?.closest('.panel');
if (panel) scrollTo(0, panel.getBoundingClientRect().top + scrollY - 470);
return panel;
"""
_AT_BUS = """
const panel = document.querySelector('.chart-flow')?.closest('.panel');
if (panel) scrollTo(0, panel.getBoundingClientRect().top + scrollY - 72);
return panel;
"""
_FLOWS = "return document.querySelectorAll('.way.ahead').length > 3"


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Runs a demo, and gives its one-time link once history has been played."""
    command = [sys.executable, "-m", "quantum_os", *DEMO, "--home", "home"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        link = next(found[0] for line in process.stderr if (found := LINK.search(line)))
        next(line for line in process.stderr if PACED in line)
        yield link
    finally:
        process.terminate()
        process.communicate()


def taken(page: Page, name: str, of: str, theme: str) -> None:
    page.asks("document.documentElement.dataset.theme = arguments[0]", theme)
    turned(page, of)
    if name == "why":
        page.waits_for(_LAST_CANDIDATE)
        page.waits_for(_AT_VERDICT)
    if name == "bus":
        page.waits_for(_AT_BUS)
        page.waits_for(_FLOWS)
    page.waits_for("return document.querySelector('q-chart svg, .heat, .filters')")
    page.asks("return new Promise(done => setTimeout(done, 1500))")
    shot = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    (FOLDER / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
    print(f"docs/screens/{name}.png")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with demo(folder) as link, opened_at(link, folder / "profile") as page:
            page.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            page.waits_for(READY)
            page.waits_for("return document.querySelector('.pulse.live')")
            for name, of, size, theme in SHOTS:
                resized(page, *size)
                taken(page, name, of, theme)


if __name__ == "__main__":
    main()

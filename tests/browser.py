"""Opens a page in headless Chromium, and hears what it logs and asks the network for."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S = 60

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1400,1000",
)


class Page:
    """One page that is open."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def asks(self, script: str, *arguments: object) -> Any:
        """Runs a script in the page and gives what it returns."""
        return self.driver.execute_script(script, *arguments)

    def waits_for(self, script: str) -> Any:
        """Waits until a script returns something true, and gives it."""
        return WebDriverWait(self.driver, PATIENCE_S).until(lambda _: self.asks(script))

    def complaints(self) -> list[str]:
        """What the console said so far."""
        return [entry["message"] for entry in self._logged("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for so far, the page's own among them.

        What the browser's own first tab loads (its documents are chrome://) is not the page's.
        """
        told = (json.loads(row["message"])["message"] for row in self._logged("performance"))
        sent = (each["params"] for each in told if each["method"] == "Network.requestWillBeSent")
        ours = (each for each in sent if not each["documentURL"].startswith("chrome://"))
        return [each["request"]["url"] for each in ours]

    def _logged(self, kind: str) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return rows


@contextmanager
def opened(file: Path, profile: Path, *, dark: bool = False) -> Iterator[Page]:
    """Opens a file in a browser of its own, with a fresh profile, and closes it again."""
    with opened_at(file.resolve().as_uri(), profile, dark=dark) as page:
        yield page


@contextmanager
def opened_at(address: str, profile: Path, *, dark: bool = False) -> Iterator[Page]:
    """Opens an address in a browser of its own, with a fresh profile, and closes it again."""
    options = Options()
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is not None:
        options.binary_location = found
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.get(address)
        yield Page(driver)
    finally:
        driver.quit()

"""What somebody who cannot see or point would miss on a page that is open."""

from pathlib import Path

from tests.browser import Page

HERE = Path(__file__).parent


def objections(page: Page) -> list[str]:
    """Lists what is not named, labelled, ordered, or not readable; an empty list is a good page."""
    return [*_asked(page, "names_and_order.js"), *_asked(page, "contrast.js")]


def sideways(page: Page) -> list[str]:
    """Lists what makes a page scroll sideways; what scrolls inside itself may be wide."""
    return _asked(page, "width.js")


def _asked(page: Page, script: str) -> list[str]:
    found: list[str] = page.asks((HERE / script).read_text())
    return found

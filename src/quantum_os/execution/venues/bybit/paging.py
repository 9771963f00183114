"""How a listing that comes in pages and in windows of a week is read whole."""

from collections.abc import Awaitable, Callable
from typing import Any

from quantum_os.events.units import NS_PER_MS, Ns

PAGES_MAX = 20
"""Pages of one window; a listing that is longer is an error, never cut short."""

WINDOW_MS = 7 * 86_400_000 - 1
"""What one request of trades or payments may span."""

Listing = Callable[[dict[str, Any]], Awaitable[Any]]


async def pages(listing: Listing, body: dict[str, Any]) -> list[Any]:
    """Every row of a listing; raises ValueError where it does not end."""
    rows: list[Any] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        answer = (await listing({**body, "cursor": cursor} if cursor else body))["result"]
        rows += answer["list"]
        cursor = str(answer.get("nextPageCursor") or "")
        if not cursor or not answer["list"]:
            return rows
    raise ValueError(f"a listing of more than {PAGES_MAX} pages")


async def since(listing: Listing, body: dict[str, Any], start: Ns, now: Ns) -> list[Any]:
    """Every row from `start` until `now` (ns) and a little beyond, the oldest window first."""
    rows: list[Any] = []
    begins, ends = max(0, start // NS_PER_MS), now // NS_PER_MS + 1_000
    while begins < ends:
        window = {"startTime": begins, "endTime": min(begins + WINDOW_MS, ends)}
        rows += await pages(listing, {**body, **window})
        begins += WINDOW_MS
    return rows

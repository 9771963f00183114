"""What is said of the dashboard at the start: its one-time link, and three things to try there."""

from quantum_os.api.dashboard.logins import place_of
from quantum_os.cli.console import err

TRIES = (
    "choose a cell under Decisions: why was this symbol traded, or not, at this bar?",
    "open a position: its stop and targets rest on the chart; follow it from bar to exit",
    "press Pause, give a reason, and find what you did under Governance, in the audit",
)
"""Things to do in the first minutes."""


def tell_dashboard(url: str, word: str) -> None:
    """Prints where the fund can be watched, and what to try."""
    if not url.startswith("http"):
        return
    lines = [
        f"watch it in a browser, this link logs in once: {url}{place_of(word)}",
        "three things to try there:",
        *(f"  {number}. {words}" for number, words in enumerate(TRIES, 1)),
    ]
    err.print("\n".join(lines), highlight=False, soft_wrap=True, markup=False)

"""Whether a link opens a report: a word for one file, used once, within a minute.

A browser shows no token when it opens a page, and a token in an address would stay in its history.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import monotonic_ns

LASTS_S = 60.0
WAITING_MAX = 64
WORD_BYTES = 32


class _Waiting(msgspec.Struct, frozen=True):
    file: Path
    until: int


class ReportLinks:
    """Gives words for reports, and the reports for words."""

    def __init__(self, now: Callable[[], int] = monotonic_ns) -> None:
        self._now = now
        self._waiting: dict[str, _Waiting] = {}

    def make(self, file: Path) -> str:
        """Gives the word of a new link; the oldest that waits is forgotten first."""
        while len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        word = secret(WORD_BYTES)
        self._waiting[word] = _Waiting(file, self._now() + round(LASTS_S * 1e9))
        return word

    def redeem(self, word: str) -> Path | None:
        """Spends a word; None when it was never given, was used, or is too old."""
        found = self._waiting.pop(word, None)
        return None if found is None or self._now() >= found.until else found.file

"""For how long the lives of a fund wanted to run and other work had the cores."""

import contextlib
from pathlib import Path


class Starvation:
    """Adds up what Linux counts for the main thread of each life; 0 where it does not count."""

    def __init__(self) -> None:
        self._of_earlier_ns = 0
        self._ns = 0
        self._pid = 0

    def begins(self, pid: int) -> None:
        """Follows the next life."""
        self._of_earlier_ns, self._ns, self._pid = self.seen_ns(), 0, pid

    def seen_ns(self) -> int:
        """Reads the sum over all lives; what cannot be read any more stays at its last figure."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            self._ns = int(Path(f"/proc/{self._pid}/schedstat").read_text().split()[1])
        return self._of_earlier_ns + self._ns

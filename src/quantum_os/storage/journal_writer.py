"""When the journal's waiting events are written: at once, by a thread that does nothing else."""

import threading
from collections.abc import Callable
from typing import Protocol


class WrittenBehind(Protocol):
    """What is written behind: events gather in it under its lock."""

    lock: threading.Lock

    @property
    def has_work(self) -> bool:
        """Whether something waits to be written."""

    @property
    def is_closing(self) -> bool:
        """Whether nothing more will come."""

    def write_next(self) -> float | None:
        """Writes what waits, or some of it; gives the seconds to rest, None to write no more."""


class Writer(Protocol):
    """Calls `write_next` whenever there is work; both are called by who gathers it."""

    def notify(self) -> None:
        """Hears that something waits or that the end has come; the lock is held by the caller."""

    def finish(self) -> None:
        """Returns once all is written, or will never be."""


StartWriter = Callable[[WrittenBehind], Writer]


class ThreadWriter:
    """Writes in a daemon thread of its own."""

    def __init__(self, gathered: WrittenBehind) -> None:
        self._gathered = gathered
        self._work = threading.Condition(gathered.lock)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def notify(self) -> None:
        self._work.notify()

    def finish(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while self._comes_work():
            rest_s = self._gathered.write_next()
            if rest_s is None:
                return
            if rest_s:
                with self._work:
                    self._work.wait_for(lambda: self._gathered.is_closing, rest_s)

    def _comes_work(self) -> bool:
        """Waits for work; False when the end has come and all is written."""
        gathered = self._gathered
        with self._work:
            self._work.wait_for(lambda: gathered.has_work or gathered.is_closing)
            return gathered.has_work

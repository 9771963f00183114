"""How a thread reads the journal beside the loop that trades: it works as long as it rests.

A thread that only works makes the loop wait for the interpreter again and again; one that waits
itself gives it away at once.
"""

import threading
from collections.abc import Iterator

import msgspec

from quantum_os.api.told import plain
from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.explain.trace import Trace
from quantum_os.storage.recorded_journal import RecordedJournal

WORK_NS = 1_000_000
REST_S = 0.001
"""A thread that has worked for so many ns rests for so many seconds."""


class Rests:
    """Counts the time since a thread last rested."""

    def __init__(self) -> None:
        self._never = threading.Event()
        self._began = perf_ns()
        self.taken = 0

    def passes(self) -> None:
        """Rests if it is time to; call it after each small step."""
        if perf_ns() - self._began >= WORK_NS:
            self._never.wait(REST_S)
            self.taken += 1
            self._began = perf_ns()


class ConsiderateJournal(RecordedJournal):
    """A recorded journal whose reader rests between the events."""

    rests: Rests | None = None

    def _read(self, where: str, *values: object, backwards: bool = False) -> Iterator[Envelope]:
        self.rests = rests = self.rests or Rests()
        for envelope in super()._read(where, *values, backwards=backwards):
            yield envelope
            rests.passes()


def told_in_steps(found: Trace) -> dict[str, object]:
    """Gives a chain as JSON can hold it; whoever writes a long one rests between its steps.

    Each step is JSON already when it leaves the thread: the loop, which writes the answer, has no
    more to do than to put them side by side.
    """
    rests = Rests()
    told: dict[str, object] = {}
    for name in found.__struct_fields__:
        if name != "steps":
            told[name] = plain(getattr(found, name))
            continue
        steps: list[object] = []
        for step in found.steps:
            steps.append(msgspec.Raw(msgspec.json.encode(plain(step))))
            rests.passes()
        told[name] = steps
    return told

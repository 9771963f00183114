"""Where an event goes that a module could not take: kept with the traceback, counted for ever."""

from collections import deque

import msgspec

from quantum_os.kernel.envelope import Envelope

KEPT_MAX = 1_000
"""Dead letters kept whole; older ones stay in the journal and in the count."""


class DeadLetter(msgspec.Struct, frozen=True):
    """One event, the module that failed on it, and how."""

    envelope: Envelope
    module: str
    error: str
    traceback: str


class DeadLetters:
    """The last dead letters, and how many events there have ever been per stream.

    An event that two modules failed on is kept twice and counted once.
    """

    def __init__(self) -> None:
        self.kept: deque[DeadLetter] = deque(maxlen=KEPT_MAX)
        self.counts: dict[str, int] = {}
        self._last_seq = 0

    def keep(self, letter: DeadLetter) -> None:
        stream, seq = letter.envelope.stream, letter.envelope.seq
        if seq != self._last_seq:
            self.counts[stream] = self.counts.get(stream, 0) + 1
        self._last_seq = seq
        self.kept.append(letter)

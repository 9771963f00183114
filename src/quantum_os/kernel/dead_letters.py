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
    """The last dead letters, and how many there have ever been per stream."""

    def __init__(self) -> None:
        self.kept: deque[DeadLetter] = deque(maxlen=KEPT_MAX)
        self.counts: dict[str, int] = {}

    def keep(self, letter: DeadLetter) -> None:
        stream = letter.envelope.stream
        self.counts[stream] = self.counts.get(stream, 0) + 1
        self.kept.append(letter)

"""Whether a dangerous act was confirmed: a word given a moment ago, for this act alone."""

from collections.abc import Callable

import msgspec

from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import monotonic_ns

LASTS_S = 60.0
WAITING_MAX = 100
"""Confirmations that may wait; the oldest is forgotten first."""


class _Given(msgspec.Struct, frozen=True):
    token_id: str
    action: str
    subject: str
    until: int


class Confirmations:
    """Gives words that confirm one act once."""

    def __init__(self, now: Callable[[], int] = monotonic_ns) -> None:
        self._now = now
        self._given: dict[str, _Given] = {}

    def give(self, token_id: str, action: str, subject: str) -> str:
        word = secret(16)
        until = self._now() + round(LASTS_S * 1e9)
        self._given[word] = _Given(token_id, action, subject, until)
        if len(self._given) > WAITING_MAX:
            del self._given[next(iter(self._given))]
        return word

    def redeem(self, word: str, token_id: str, action: str, subject: str) -> bool:
        """Whether the word was given for just this, and not used; used or not, it is spent."""
        given = self._given.pop(word, None)
        return (
            given is not None
            and given == _Given(token_id, action, subject, given.until)
            and (self._now() < given.until)
        )

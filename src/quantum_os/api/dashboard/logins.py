"""Whether a one-time link logs somebody in: a word that the process printed, used once, in time."""

import hmac
from collections.abc import Callable

import msgspec

from quantum_os.api.clearance import Role
from quantum_os.api.tokens import Issued, TokenFile
from quantum_os.kernel.chance import secret
from quantum_os.kernel.clock import monotonic_ns

LINK_LASTS_S = 3_600.0
"""Wall seconds in which the link of the start can be opened."""

ASKED_LASTS_S = 600.0
"""The same of a link that somebody asked for, who is there to open it."""

SESSION_S = 12 * 3_600.0
"""Wall seconds that the token of a browser is good for; it ends with the process in any case."""

WAITING_MAX = 16
"""Links that may wait; the oldest is forgotten first."""

BROWSER = "browser"
WORD_BYTES = 32


class _Waiting(msgspec.Struct, frozen=True):
    word: str
    role: Role
    until: int


class LoginLinks:
    """Gives words that log in once, and the tokens for them."""

    def __init__(self, tokens: TokenFile, now: Callable[[], int] = monotonic_ns) -> None:
        self._tokens = tokens
        self._now = now
        self._waiting: list[_Waiting] = []
        self._ours: set[str] = set()

    def make(self, role: Role, lasts_s: float = LINK_LASTS_S) -> str:
        """Gives the word of a new link that can be opened for so many wall seconds."""
        word = secret(WORD_BYTES)
        until = self._now() + round(lasts_s * 1e9)
        self._waiting = [*self._waiting[1 - WAITING_MAX :], _Waiting(word, role, until)]
        return word

    def redeem(self, word: str) -> Issued | None:
        """Spends a word for a token; None when it was never given, was used, or is too old."""
        found = None
        for each in self._waiting:
            if hmac.compare_digest(each.word.encode(), word.encode()):
                found = each
        if found is None:
            return None
        self._waiting.remove(found)
        if self._now() >= found.until:
            return None
        issued = self._tokens.lend(BROWSER, found.role, SESSION_S)
        self._ours.add(issued.token.id)
        return issued

    def end(self, token_id: str) -> bool:
        """Ends the token of a browser; False for any other, which only its owner can revoke."""
        if token_id not in self._ours:
            return False
        self._ours.discard(token_id)
        self._tokens.recall(token_id)
        return True


def place_of(word: str) -> str:
    """Gives where a word logs in, below the address of its process.

    It stands behind the `#`, which no browser sends: no log and no proxy sees it.
    """
    return f"/#login={word}"

"""What a venue's answer to a request proves: only what a list allows is definite, else unknown."""

import json
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

import aiohttp
import msgspec

from quantum_os.exchange.ban_clock import BANNED, Banned
from quantum_os.exchange.line import Answer
from quantum_os.exchange.rate_budget import BudgetSpent
from quantum_os.exchange.session import EgressBlocked


class Verdict(StrEnum):
    """What is known of a request once it has been answered, or has not been."""

    DONE = "done"
    """the venue says that it did it"""
    NO_CHANGE = "no_change"
    """it was so already: as good as done"""
    DUPLICATE = "duplicate"
    """the venue has an order of this client id: found and adopted, never sent again"""
    REFUSED = "refused"
    """the venue looked at it and will not do it"""
    NOT_EXECUTED = "not_executed"
    """it did not reach the venue's engine: the same request may be made again, later"""
    ABSENT = "absent"
    """the venue does not find the order now, which alone proves nothing"""
    LOCKED_OUT = "locked_out"
    """the venue does not know our key, or not for this; asking again changes nothing"""
    UNKNOWN = "unknown"
    """anything may have happened"""


class Ruling(msgspec.Struct, frozen=True):
    """A verdict with the venue's own code and words; `code` is empty where it gave none.

    `left` is when the request left, monotonic ns; 0 where no byte of it has.
    """

    verdict: Verdict
    code: str = ""
    reason: str = ""
    left: int = 0

    @property
    def succeeded(self) -> bool:
        return self.verdict in (Verdict.DONE, Verdict.NO_CHANGE)


CodeTable = Mapping[str, Verdict]
"""The definite codes of one venue. A code that is not in it is UNKNOWN."""

REASON_CHARACTERS_MAX = 200
_READ_MAX = 4 * REASON_CHARACTERS_MAX
CODE_CHARACTERS_MAX = 20
"""A longer code is none."""

_SILENCED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, BANNED})
_BLOCKED = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})
_DOWN = "Service Unavailable"
_CODE_NAMES = ("code", "retCode")
_TEXT_NAMES = ("msg", "retMsg")


def ruling_of(answer: Answer, error: Exception | None, table: CodeTable) -> Ruling:
    """Judges a request by the answer that came, `status` 0 for none, and by the error it ended in.

    The class of the error proves one thing only: that the request never left.
    """
    if _never_left(error):
        return Ruling(Verdict.NOT_EXECUTED, reason=_short(str(error) or "no connection"))
    if answer.status in _SILENCED:
        return Ruling(Verdict.NOT_EXECUTED, str(answer.status), _short(answer.body))
    code, text = _said(answer.body)
    if answer.status in _BLOCKED and not code:
        return Ruling(Verdict.LOCKED_OUT, str(answer.status), "blocked before the venue")
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and text.startswith(_DOWN):
        return Ruling(Verdict.NOT_EXECUTED, str(answer.status), _short(text))
    reason = text or _short(answer.body) or repr(error)
    return Ruling(table.get(code, Verdict.UNKNOWN), code, _short(reason))


def _never_left(error: Exception | None) -> bool:
    if isinstance(error, Banned | BudgetSpent | EgressBlocked):
        return True
    return error is not None and isinstance(error.__cause__, aiohttp.ClientConnectorError)


def _said(body: str) -> tuple[str, str]:
    """The venue's code and words, empty where the body is not in its form."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    code = next((content[name] for name in _CODE_NAMES if name in content), None)
    text = next((content[name] for name in _TEXT_NAMES if name in content), "")
    if isinstance(code, bool) or not isinstance(code, int | str):
        return "", str(text)
    named = str(code)
    return named if len(named) <= CODE_CHARACTERS_MAX and named.isascii() else "", str(text)


def _short(text: str) -> str:
    """Words on one line that can be written down: half a character becomes a question mark."""
    words = " ".join(text[:_READ_MAX].split())[:REASON_CHARACTERS_MAX]
    return words.encode(errors="replace").decode()

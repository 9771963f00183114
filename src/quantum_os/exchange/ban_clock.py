"""Until when an exchange has asked us to be silent; before then not one request leaves."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from quantum_os.kernel.clock import monotonic_ns

NS_PER_S = 1_000_000_000
BACK_OFF_S = 60.0
"""Seconds of silence after a 429 that names none."""

BAN_S = 120.0
"""Seconds of silence after a 418 that names none: the shortest ban there is."""

BLOCKED_S = 300.0
"""Seconds of silence after a firewall's refusal (403, 451): it is not cured by asking again."""

SILENCE_MAX_S = 3 * 86_400.0
"""No exchange bans for longer; a larger figure is not believed."""

BANNED = 418
_SILENCE_S: Mapping[int, float] = {
    HTTPStatus.TOO_MANY_REQUESTS: BACK_OFF_S,
    BANNED: BAN_S,
    HTTPStatus.FORBIDDEN: BLOCKED_S,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: BLOCKED_S,
}
CROWDED_S: Mapping[int, float] = {10006: 1.0, 10429: 1.0, 10018: 5.0}
"""Seconds of silence by Bybit's code: its windows are a second an account, five an address.

These come with HTTP 200, and for as long only where the answer names no end of it.
"""

RESETS_AT = "x-bapi-limit-reset-timestamp"
"""The header in which Bybit says when a window ends, ms; without a refusal it is just the time."""

CROWDED_MAX_S = 60.0
"""No window of Bybit's is longer; a later end is not believed."""

MS_DIGITS = 13
"""Digits of a time in ms, until the year 2286."""

_UNTIL = re.compile(r"banned until (\d{13})")
_BYBIT_CODE = re.compile(r'\s*\{\s*"retCode"\s*:\s*(\d+)')


class Banned(ConnectionRefusedError):
    """A request that did not leave: the exchange wants silence for `seconds` more."""

    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(f"silent for {seconds:.0f} s more: the exchange said {status}")
        self.status, self.seconds = status, seconds


class BanClock:
    """Hears every answer of one exchange and knows how long to be silent; one per address of ours.

    `venue_now` gives the exchange's time in ms, in which it says when a ban ends. `on_silence`
    hears for how many seconds silence was asked for, and by which status or code.
    """

    def __init__(
        self,
        venue_now: Callable[[], int] | None = None,
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._venue_now = venue_now
        self._monotonic = monotonic
        self._until = 0
        self.status = 0
        self.heard = 0
        self.on_silence: list[Callable[[float, int], None]] = []

    @property
    def seconds_left(self) -> float:
        return max(0.0, (self._until - self._monotonic()) / NS_PER_S)

    def check(self) -> None:
        """Raises Banned while silence is asked for."""
        left = self.seconds_left
        if left > 0:
            raise Banned(self.status, left)

    def hears(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Takes one answer into account; an earlier, longer silence stands."""
        if status == HTTPStatus.OK:
            self._hears_a_code(headers, body)
            return
        if status not in _SILENCE_S:
            return
        if status == HTTPStatus.FORBIDDEN and body.lstrip().startswith("{"):
            # A refusal in the exchange's own words is about the request, not about who asks.
            return
        seconds = max(_retry_after(headers), self._until_told(body)) or _SILENCE_S[status]
        self.silence(min(seconds, SILENCE_MAX_S), status)

    def silence(self, seconds: float, status: int) -> None:
        """Lets nothing leave for `seconds` from now on."""
        until = self._monotonic() + int(seconds * NS_PER_S)
        self.heard += 1
        if until > self._until:
            self._until, self.status = until, status
        for hears in self.on_silence:
            hears(seconds, status)

    def _hears_a_code(self, headers: Mapping[str, str], body: str) -> None:
        found = _BYBIT_CODE.match(body)
        code = int(found[1]) if found else 0
        if code in CROWDED_S:
            self.silence(self._resets_in_s(headers) or CROWDED_S[code], code)

    def _resets_in_s(self, headers: Mapping[str, str]) -> float:
        """Seconds until the window ends; 0 where that is not said, or is over."""
        lower = {name.lower(): value for name, value in headers.items()}
        text = lower.get(RESETS_AT, "")
        if self._venue_now is None or not (text.isdecimal() and len(text) == MS_DIGITS):
            return 0.0
        return min(max(0.0, (int(text) - self._venue_now()) / 1000), CROWDED_MAX_S)

    def _until_told(self, body: str) -> float:
        found = _UNTIL.search(body)
        if found is None or self._venue_now is None:
            return 0.0
        return max(0.0, (int(found[1]) - self._venue_now()) / 1000)


def _retry_after(headers: Mapping[str, str]) -> float:
    lower = {name.lower(): value for name, value in headers.items()}
    text = lower.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0

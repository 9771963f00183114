"""What stands between us and one exchange: its clock, its silence, its budget, its quarantine."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from quantum_os.exchange.ban_clock import BanClock
from quantum_os.exchange.quarantine import Quarantine
from quantum_os.exchange.rate_budget import WEIGHT_MAX, BudgetSpent, RateBudget
from quantum_os.exchange.venue_clock import VenueClock
from quantum_os.kernel.clock import monotonic_ns

READ_WAIT_MAX_S = 30.0
"""Seconds that a request waits for room in the budget; then it is given up."""

_USED_WEIGHT = "x-mbx-used-weight-1m"

FrameHook = Callable[[str, Any], None]
"""Hears every frame of a websocket, with the address it came from, before anybody else."""


class Answer:
    """What came back to the requests of one block: status and body of the last, 0 for none.

    A refusal is not forgotten for a success that came after it, as where two were asked at once.
    `left` is when the last request left, monotonic ns; 0 while none has.
    """

    def __init__(self) -> None:
        self.left = 0
        self.status = 0
        self.body = ""

    def hears(self, status: int, body: str) -> None:
        if status >= HTTPStatus.BAD_REQUEST or self.status < HTTPStatus.BAD_REQUEST:
            self.status, self.body = status, body


_answer: ContextVar[Answer | None] = ContextVar("answer", default=None)


@contextmanager
def listening() -> Iterator[Answer]:
    """Keeps what the exchange itself answers inside, whatever a library makes of it."""
    answer = Answer()
    token = _answer.set(answer)
    try:
        yield answer
    finally:
        _answer.reset(token)


class Line:
    """Shared by every client that speaks to one exchange from this process."""

    def __init__(self, clock: VenueClock | None = None, weight_max: float | None = None) -> None:
        self.clock = clock or VenueClock()
        self.ban = BanClock(self.clock.now_ms)
        self.budget = RateBudget(weight_max or WEIGHT_MAX, self.clock.monotonic)
        self.quarantine = Quarantine()
        self.frame_hooks: list[FrameHook] = []
        self.requests = 0

    def beside(self) -> "Line":
        """Gives a line with ears of its own that keeps this one's time, silence and budget."""
        line = Line(self.clock)
        line.ban, line.budget = self.ban, self.budget
        return line

    async def admit(self, weight: float) -> None:
        """Returns when a request may leave; raises Banned or BudgetSpent when it may not."""
        self.ban.check()
        waited = 0.0
        while (wait := self.budget.wait_s(weight)) > 0:
            if waited + wait > READ_WAIT_MAX_S:
                raise BudgetSpent(f"{weight:g} of weight asked for, {wait:.0f} s too early")
            waited += wait
            await asyncio.sleep(wait)
            self.ban.check()
        self.budget.spend(weight)

    def leaves(self) -> None:
        """Called before the bytes of a request leave; raises Banned."""
        self.ban.check()
        self.requests += 1
        answer = _answer.get()
        if answer is not None:
            answer.left = monotonic_ns()

    def answered(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Hears the answer to any request."""
        answer = _answer.get()
        if answer is not None:
            answer.hears(status, body)
        self.ban.hears(status, headers, body)
        used = {name.lower(): value for name, value in headers.items()}.get(_USED_WEIGHT, "")
        # An emulator counts by the machine's minutes, whatever the pace of the one we follow.
        if used.isdecimal() and not self.clock.is_followed:
            self.budget.counted(float(used))

    def heard(self, url: str, message: Any) -> None:
        """Passes a frame on to who has asked for frames."""
        self.clock.hears(message)
        for hook in self.frame_hooks:
            hook(url, message)

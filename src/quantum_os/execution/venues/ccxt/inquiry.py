"""When an order of unknown fate is believed to be absent: never because of one answer."""

import asyncio
from collections.abc import Callable
from typing import Any

from quantum_os.events.execution import OrderState
from quantum_os.events.units import NS_PER_MS, NS_PER_S, Ns, Qty
from quantum_os.exchange.measuring import RECV_WINDOW_MS
from quantum_os.exchange.rate_budget import reducing
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.dialect import Dialect
from quantum_os.execution.venues.ccxt.facts import OrderSeen
from quantum_os.execution.venues.ccxt.register import Known, Register
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.execution.venues.ccxt.verdicts import Verdict
from quantum_os.kernel.clock import monotonic_ns

NOT_FOUND_MIN = 3
"""Answers that the order is not found, before it may be believed."""

ABSENT_AFTER_S = RECV_WINDOW_MS / 1000 + 5.0
"""Seconds since the request: the venue cannot accept it any more, and its index has caught up."""

STOP_ABSENT_AFTER_S = 1.0
"""The same for a stop that an earlier life may have sent: a position may be without one meanwhile.

Another stop is placed then. Should the first come to light after all, it only reduces too, and is
taken off as an order that nobody owns.
"""

RESTS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
"""Seconds between two questions; the last goes on."""

RESOLVED_WITHIN_S = 60.0
"""Seconds after which an order that is still unknown is called out."""

NEVER_ARRIVED = "-2013"
"""What the fund calls an order that the venue has never seen and will not accept any more."""


class Inquiry:
    """Asks for orders by client id until each is found or proven absent."""

    def __init__(
        self,
        dialect: Dialect,
        attempts: Attempts,
        register: Register,
        teller: Teller,
        absent_after_s: float = ABSENT_AFTER_S,
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._dialect, self._attempts = dialect, attempts
        self._register, self._teller = register, teller
        self._absent_after_s = absent_after_s
        self._monotonic = monotonic
        self._open: dict[str, None] = {}

    def is_open(self, client_id: str) -> bool:
        return client_id in self._open

    async def resolve(
        self, client: Any, known: Known, since_ns: int | None = None, *, earlier: bool = False
    ) -> None:
        """Returns once the fate of an order is known and told. `since_ns` is when its bytes left.

        `earlier` says that an earlier life may have sent it. A second inquiry about the same order
        returns at once.
        """
        if known.client_id in self._open:
            return
        self._open[known.client_id] = None
        wait_s = self._absent_after_s
        if earlier and known.conditional and known.reduces:
            wait_s = min(wait_s, STOP_ABSENT_AFTER_S)
        try:
            await self._resolve(client, known, since_ns or self._monotonic(), wait_s)
        finally:
            del self._open[known.client_id]

    async def _resolve(self, client: Any, known: Known, since_ns: int, wait_s: float) -> None:
        not_found, asked = 0, 0
        while not known.standing.is_terminal:
            found, absent = await self._ask(client, known)
            if found:
                break
            not_found += absent
            age_s = (self._monotonic() - since_ns) / NS_PER_S
            if not_found >= NOT_FOUND_MIN and age_s >= wait_s and not known.heard:
                self._say_absent(known)
                break
            if age_s > RESOLVED_WITHIN_S:
                self._teller.alarm(
                    "order_unknown",
                    f"{known.client_id} of {known.symbol} is unknown for {age_s:.0f} s",
                    about=known.client_id,
                    value=age_s,
                )
            await asyncio.sleep(_rest_s(asked, wait_s - age_s))
            asked += 1
        self._teller.resolve("order_unknown", about=known.client_id)

    async def _ask(self, client: Any, known: Known) -> tuple[bool, int]:
        """Whether it was found, and 1 if the venue has said that it does not find it."""
        with reducing(known.reduces):
            ruling, seen = await self._attempts.make(
                self._dialect.ask(
                    client, known.client_id, known.symbol, conditional=known.conditional
                ),
                "query",
            )
        if seen is None:
            return False, int(ruling.verdict is Verdict.ABSENT)
        self._teller.say_all(self._register.hears(seen))
        return True, 0

    def _say_absent(self, known: Known) -> None:
        now_ms = self._attempts.line.clock.now_ms()
        absent = OrderSeen(
            known.client_id,
            known.symbol,
            OrderState.EXPIRED,
            Qty(known.standing.cum_qty),
            Ns(now_ms * NS_PER_MS),
            code=NEVER_ARRIVED,
            reason="never arrived",
        )
        self._teller.say_all(self._register.hears(absent))


def _rest_s(asked: int, until_absent_s: float) -> float:
    """The next rest; none goes beyond the moment at which absence can be proven.

    A position may be naked until then. Once it is past, only more answers are waited for.
    """
    rest = RESTS_S[min(asked, len(RESTS_S) - 1)]
    return min(rest, max(until_absent_s, RESTS_S[0])) if until_absent_s > 0 else rest

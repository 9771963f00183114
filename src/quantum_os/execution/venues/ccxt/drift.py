"""EDGE. Whether our clock agrees with the venue's: where it does not, no entry leaves."""

import asyncio
from typing import Any

from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.venue_clock import DRIFT_MAX_MS
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.halts import Halts
from quantum_os.execution.venues.ccxt.waiting import wait

PERIOD_S = 60.0
"""Between two measurements of clocks that agree."""

AGAIN_S = 5.0
"""Until the next one where they do not, or where nothing came of the last one."""


class Drift:
    """Measures the venue's clock every period, and soon after it is `wanted`."""

    def __init__(
        self,
        attempts: Attempts,
        halts: Halts,
        period_s: float = PERIOD_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._attempts, self._halts = attempts, halts
        self._period_s, self._again_s = period_s, again_s
        self.wanted = asyncio.Event()

    async def run(self, client: Any) -> None:
        """Measures until cancelled."""
        agrees = True
        while True:
            await wait(self.wanted, self._period_s if agrees else self._again_s)
            agrees = await self._measure(client)

    async def _measure(self, client: Any) -> bool:
        """Whether the clocks are known to agree."""
        _, offset = await self._attempts.make(measure_clock(client))
        if offset is None:
            return False
        if abs(offset) > DRIFT_MAX_MS:
            self._halts.close("clock_drift", f"our clock is {offset:.0f} ms off")
            return False
        self._halts.open("clock_drift")
        return True

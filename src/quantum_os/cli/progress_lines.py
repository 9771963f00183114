"""What a demo says where nobody watches a screen: each deed once, now and then how it stands."""

import asyncio

from quantum_os.cli.console import err
from quantum_os.cli.deeds import Deed, Deeds, base, signed_r
from quantum_os.cli.live_view import Watched
from quantum_os.cli.standing import Standing, standing_of
from quantum_os.events.units import NS_PER_S
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.runtime import Runtime

EVERY_S = 5.0
"""Wall seconds between two lines on how the fund stands."""

FIRST_S = 1.0
"""Wall seconds until the first of them."""


class ProgressLines:
    """Writes to stderr, one plain line at a time; deeds of the history are not told again."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def tell(self, deed: Deed) -> None:
        """Writes a deed as it happens."""
        if deed.is_of_the_process or deed.ts >= self._watched.watched_from:
            self._write(deed.ts, deed.words)

    async def run(self, runtime: Runtime, deeds: Deeds) -> None:
        """Writes how the fund stands until it is cancelled."""
        wait = FIRST_S
        while True:
            await asyncio.sleep(wait)
            wait = EVERY_S
            now = runtime.bus.instant.ns
            self._write(now, self.stands(now, standing_of(runtime.modules), deeds))

    def stands(self, now: int, standing: Standing, deeds: Deeds) -> str:
        """Gives one line on how the fund stands at a time of the market (ns)."""
        watched = self._watched
        if now < watched.watched_from:
            done = (now - watched.start) / max(1, watched.watched_from - watched.start)
            return f"catching up with history, {max(0.0, done):.0%}"
        held = ", ".join(
            f"{base(each.symbol)} {each.side.lower()} {signed_r(each.in_r(each.upnl))}"
            for each in standing.positions
        )
        age = deeds.data_age_s
        return (
            f"{'SYNTHETIC ' if watched.is_synthetic else ''}{watched.speed:g}x: equity "
            f"{standing.equity:,.2f} USD ({standing.gain:+.2%}), drawdown "
            f"{standing.drawdown:.2%}, {standing.trades} trades, "
            f"open: {held or 'none'}; last price {'n/a' if age is None else f'{age:.1f} s ago'}"
        )

    def _write(self, ts: int, words: str) -> None:
        time = iso(max(0, ts) // NS_PER_S * NS_PER_S)
        err.print(f"{time} {words}", highlight=False, markup=False, soft_wrap=True)

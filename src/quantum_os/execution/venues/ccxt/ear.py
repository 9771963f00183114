"""How the private stream is heard: opened again when it ends, doubted when it is silent."""

import asyncio
from typing import Any

from quantum_os.events.execution import Fill, Liquidity
from quantum_os.events.system import Severity
from quantum_os.events.units import NS_PER_S
from quantum_os.exchange.ban_clock import Banned
from quantum_os.execution.venues.ccxt.carrier import Follow
from quantum_os.execution.venues.ccxt.dialect import Dialect
from quantum_os.execution.venues.ccxt.facts import OrderSeen, Signal, SignalSeen, TradeSeen
from quantum_os.execution.venues.ccxt.halts import Halts
from quantum_os.execution.venues.ccxt.register import EXTERNAL, Register
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.kernel.chance import Generator
from quantum_os.kernel.kill_points import kill_point

BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 5.0
"""Wall seconds between two tries to open the stream: doubled each time, half of it by chance."""

LATE_NS = 3 * NS_PER_S
"""A trade that a listing has told and the stream has not after so long was lost by the stream."""

LOOK_S, OPENING_LOOK_S = 1.0, 0.05
"""Wall seconds between two looks at what the stream owes, and at whether it is open yet."""

OWED_MAX = 1_000
"""Trades that the stream has still to tell; the oldest is forgotten first."""

DOWN_ALARM_AFTER = 5
"""Tries in a row that fail before a person is told."""

_KINDS = {OrderSeen: "order", TradeSeen: "trade", SignalSeen: "signal"}


class Ear:
    """Turns frames into facts as they come, before ccxt's own caches see them.

    Those caches drop what is partial and go backwards; so ccxt is only used to keep the stream
    open. After each opening the account is listed: what was said meanwhile is not known.
    `opened_at` is since when it is connected, 0 while it is not.
    """

    def __init__(
        self,
        dialect: Dialect,
        register: Register,
        teller: Teller,
        halts: Halts,
        follow: Follow,
        chance: Generator,
    ) -> None:
        self._dialect, self._register = dialect, register
        self._teller, self._halts, self._follow = teller, halts, follow
        self._chance = chance
        self._watching: asyncio.Future[None] | None = None
        self.opened_at = 0
        self.is_open = False
        self.openings = 0
        self.frames = 0
        self.missed_trades = 0
        self._owed: dict[str, int] = {}

    async def run(self, client: Any) -> None:
        """Keeps the stream open until cancelled."""
        failures = 0
        while True:
            watching = asyncio.ensure_future(self._dialect.watch(client))
            self._watching = watching
            before = self.frames
            try:
                kill_point("ear.before_open")
                self._opening()
                await self._until_ended(client, watching)
            except asyncio.CancelledError:
                if not watching.cancelled() or _is_being_cancelled():
                    watching.cancel()
                    raise
            except Banned as banned:
                await asyncio.sleep(banned.seconds)
            except Exception as error:  # noqa: BLE001  whatever ends it, the stream begins anew
                failures = 1 if self.frames > before else failures + 1
                self._told_down(failures, error)
            self.is_open = False
            await self._dialect.forget_stream(client)
            await asyncio.sleep(self._rest_s(failures))

    def missed(self, fill: Fill) -> None:
        """Hears of a trade that a listing has told first; the stream owes it if it was open."""
        if self.is_open and 0 < self.opened_at < fill.venue_ts:
            self._owed[fill.trade_id] = fill.venue_ts
            while len(self._owed) > OWED_MAX:
                del self._owed[next(iter(self._owed))]

    async def _until_ended(self, client: Any, watching: "asyncio.Future[None]") -> None:
        """Waits for the stream's end and looks at what it owes meanwhile."""
        while not watching.done():
            await asyncio.wait({watching}, timeout=LOOK_S if self.opened_at else OPENING_LOOK_S)
            if not self.opened_at and is_connected(client):
                self._is_up()
            self._doubt()
        await watching

    def _doubt(self) -> None:
        """Begins the stream anew if it should long have told a trade that a listing has told."""
        settled = self._teller.now - LATE_NS
        late = [name for name, at in self._owed.items() if at < settled]
        if late:
            self._owed.clear()
            self.missed_trades += len(late)
            why = f"{late[0]} came from a listing and not from the stream"
            self._teller.alarm("stream_silent", why, severity=Severity.WARNING)
            self.renew()

    def renew(self) -> None:
        """Begins the stream anew, with another key."""
        if self._watching is not None:
            self._watching.cancel()

    def hears(self, url: str, message: Any) -> None:
        """Takes a frame; called by the line before ccxt reads it."""
        said = self._dialect.read_frame(url, message)
        self.frames += bool(said)
        for each in said:
            kind = _KINDS[type(each)]
            kill_point("ear.before_frame", kind)
            if isinstance(each, OrderSeen):
                self._hears_order(each)
            elif isinstance(each, TradeSeen):
                self._hears_trade(each)
            else:
                self._hears_signal(each)
            kill_point("ear.after_frame", kind)

    def _opening(self) -> None:
        self.openings += 1
        self.is_open = True
        self.opened_at = 0
        self._owed.clear()
        self._follow.listing.set()

    def _is_up(self) -> None:
        """What was said before this moment may not have been heard: the account is listed again."""
        self.opened_at = self._teller.now
        self._teller.resolve("stream_down")
        self._follow.listing.set()

    def _hears_order(self, seen: OrderSeen) -> None:
        self._teller.say_all(self._register.hears(seen))

    def _hears_trade(self, seen: TradeSeen) -> None:
        self._owed.pop(seen.trade_id, None)
        self._teller.resolve("stream_silent")
        fills = list(self._register.hears_trade(seen))
        self._teller.say_all(fills)
        for fill in fills:
            if fill.client_id.startswith(EXTERNAL):
                self._call_out(fill.symbol, fill.client_id, fill.liquidity)
        if seen.trade_id in self._register.unnamed:
            self._follow.listing.set()

    def _call_out(self, symbol: str, client_id: str, liquidity: Liquidity) -> None:
        """The venue has closed something itself: a person looks, and no entry leaves till then."""
        what = "liquidated" if liquidity is Liquidity.LIQUIDATION else "closed by the venue"
        self._halts.close("closed_by_venue", f"{symbol} was {what}: {client_id}")
        self._follow.listing.set()

    def _hears_signal(self, seen: SignalSeen) -> None:
        if seen.signal is Signal.ENDED:
            self.renew()
        elif seen.signal is Signal.MARGIN_CALL:
            self._teller.alarm("margin_call", seen.text or "margin call", about=seen.symbol)
        elif seen.signal is Signal.SETTINGS:
            self._follow.instruments.set()
        if seen.signal in (Signal.FUNDING, Signal.SETTINGS, Signal.MARGIN_CALL):
            self._follow.listing.set()

    def _told_down(self, failures: int, error: Exception) -> None:
        if failures == DOWN_ALARM_AFTER:
            self._teller.alarm("stream_down", f"the private stream does not open: {error}")

    def _rest_s(self, failures: int) -> float:
        if failures <= 0:
            return 0.0
        longest = min(BACKOFF_MAX_S, BACKOFF_MIN_S * 2.0 ** (failures - 1))
        return longest * float(self._chance.uniform(0.5, 1.0))


def is_connected(client: Any) -> bool:
    """Whether a socket of this ccxt client is connected; whoever carries orders has no other."""
    sockets = (client.clients or {}).values()
    connections = (getattr(socket, "connection", None) for socket in sockets)
    return any(each is not None and not each.closed for each in connections)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

"""EDGE. What the admin port answers: the state of the venue, its clock, and its faults."""

import msgspec
from aiohttp import web

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.contracts import plain
from quantum_os.emulator.fault_rules import Rule
from quantum_os.emulator.faults import Faults
from quantum_os.emulator.orders import Json
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.server import EmulatorServer
from quantum_os.emulator.standing import standing_of
from quantum_os.events.units import NS_PER_MS, NS_PER_S
from quantum_os.kernel.unreadable import UNREADABLE

ADVANCE_MAX_S = 31 * 24 * 3_600
"""Market seconds that one request may move the clock."""


class ClockWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What POST /__clock takes: market seconds to move on by, and whether time stands still."""

    advance_s: float = 0.0
    paused: bool | None = None


class Admin:
    """The admin port of one emulator."""

    def __init__(self, server: EmulatorServer, faults: Faults) -> None:
        self._server = server
        self._faults = faults

    async def listen(self, port: int) -> int:
        """Listens on the loopback; gives the port."""
        return await self._server.listen(self.application(), port)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/__state", self._state)
        app.router.add_post("/__clock", self._clock)
        app.router.add_post("/__fault", self._add)
        app.router.add_get("/__fault", self._list)
        app.router.add_delete("/__fault", self._clear)
        return app

    async def _state(self, http: web.Request) -> web.Response:
        return answered(self.state())

    async def _clock(self, http: web.Request) -> web.Response:
        server = self._server
        try:
            wish = msgspec.json.decode(await http.read(), type=ClockWish)
        except UNREADABLE as error:
            return answered({"error": str(error)}, 400)
        if not 0 <= wish.advance_s <= ADVANCE_MAX_S:
            return answered({"error": f"advance_s is 0 to {ADVANCE_MAX_S}"}, 400)
        if wish.paused is not None:
            (server.clock.pause if wish.paused else server.clock.resume)()
        played = 0
        if wish.advance_s:
            played = await server.player.step(round(wish.advance_s * NS_PER_S))
        return answered({"played": played, **self._time()})

    async def _add(self, http: web.Request) -> web.Response:
        """Takes a list of faults: those that wait are kept, deeds are done at once."""
        try:
            rules = msgspec.json.decode(await http.read(), type=list[Rule])
            placed = [await self._faults.add(rule) for rule in rules]
        except (*UNREADABLE, ValueError, Refused) as error:
            return answered({"error": str(error)}, 400)
        return answered(placed)

    async def _list(self, http: web.Request) -> web.Response:
        return answered(self._faults.rules.placed)

    async def _clear(self, http: web.Request) -> web.Response:
        self._faults.clear()
        return answered({})

    def state(self) -> Json:
        """The accounts' books to the last digit, the sockets, and what was asked."""
        server = self._server
        accounts = server.exchange.accounts.values()
        return {
            **self._time(),
            "accounts": {account.key: self._account(account) for account in accounts},
            "requests": dict(server.gateway.counts),
            "asked_for": dict(server.gateway.asked_for),
            "weight_1m": server.door.weight.count,
            "shut": {
                "status": server.door.status if server.door.left_s else 0,
                "left_s": server.door.left_s,
                "knocks": server.door.knocks,
                "knocks_total": server.door.knocks_total,
            },
            "sockets": [
                {
                    "section": socket.section.value,
                    "account": socket.api_key,
                    "streams": sorted(socket.streams),
                    "misrouted": sorted(socket.misrouted),
                    "unsent": socket.lost,
                    "stalled": socket.stalled,
                    "frozen": socket.frozen,
                }
                for socket in server.hub.sockets
            ],
            "sockets_opened": dict(server.hub.opened),
        }

    def _time(self) -> Json:
        server = self._server
        return {
            "market_ms": server.exchange.market.now // NS_PER_MS,
            "clock_ms": server.clock.now() // NS_PER_MS,
            "paused": server.clock.paused,
            "tape_ended": server.player.ended,
            "frames_sent": server.hub.sent,
        }

    def _account(self, account: TradingAccount) -> Json:
        marks = {name: one.mark for name, one in self._server.exchange.market.symbols.items()}
        standing = standing_of(account, marks)
        ledger = account.ledger
        return {
            "wallet": plain(ledger.wallet),
            "deposit": plain(ledger.deposit),
            "realised": plain(ledger.realised),
            "fees": plain(ledger.fees),
            "funding": plain(ledger.funding),
            "upnl": plain(standing.upnl),
            "available": plain(standing.available),
            "positions": {
                account.contract(one.symbol).name: {
                    "qty": str(one.qty),
                    "entry": plain(one.entry),
                    "mark": plain(one.mark),
                    "margin": plain(one.margin),
                    "leverage": one.leverage,
                    "liquidation": plain(one.liquidation),
                }
                for one in standing.holdings
                if one.qty
            },
            "orders": [one.listed(account.contract(one.symbol)) for one in account.open_orders()],
            "algo_orders": [
                one.listed(account.contract(one.symbol)) for one in account.open_algos()
            ],
            "trades": len(account.trades),
        }


def answered(body: object, status: int = 200) -> web.Response:
    """JSON for whoever asked."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )

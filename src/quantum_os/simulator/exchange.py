"""What the simulated exchange answers to a request, at the time at which it arrives there.

It is the emulator's own: its market, its accounts, its desks and its endpoints, without sockets.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from quantum_os.emulator.call import Call, Route, Security
from quantum_os.emulator.clock import VenueClock
from quantum_os.emulator.contracts import Contracts
from quantum_os.emulator.exchange import Exchange, Login
from quantum_os.emulator.gateway import ROUTES
from quantum_os.emulator.host import venue_config
from quantum_os.emulator.limits import Door
from quantum_os.emulator.listen_keys import ListenKeys
from quantum_os.emulator.market import Market
from quantum_os.emulator.refusals import Refused
from quantum_os.events.market import Instrument
from quantum_os.events.units import NS_PER_MS
from quantum_os.exchange.measuring import RECV_WINDOW_MS
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.stage import BAR_NS, DEPOSIT, OPENS_NS, instruments

KEY, SECRET = "A-KEY-THAT-STANDS-NOWHERE-ELSE", "A-SECRET-THAT-STANDS-NOWHERE-ELSE"
"""Long enough to be found where they were said, and to be found nowhere by chance."""

MAKER_BPS, TAKER_BPS = 2.0, 5.0
POINTS = 4


class Reply(msgspec.Struct, frozen=True):
    """An answer as it leaves the exchange."""

    status: int
    body: str
    headers: Mapping[str, str]


class Time:
    """The exchange's time: that of the loop, from the opening on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> int:
        return OPENS_NS + self._loop.ns


class SimulatedExchange:
    """One exchange with one account."""

    def __init__(self, seed: int, time: Time) -> None:
        self.time = time
        self.market = Market(Contracts(instruments()), BAR_NS, POINTS, seed)
        self.market.now = time.now()
        login = Login(KEY, SECRET, Decimal(str(DEPOSIT)))
        self.desks = Exchange(self.market, [login], venue_config(MAKER_BPS, TAKER_BPS, seed))
        self.account = self.desks.accounts[KEY]
        self.door = Door(time.now)
        self.clock = VenueClock(time.now(), 1.0, time, time.now)
        self.counts: dict[str, int] = {}
        self.brought_forward: dict[str, int] = {}
        """When funding is due, ms, by the names of contracts that pay before their time."""
        self._listen_keys = ListenKeys(time.now)
        self._listen_keys.open(KEY)

    def listed(self) -> tuple[Instrument, ...]:
        """The contracts as they are listed now."""
        return tuple(contract.instrument for contract in self.desks.contracts.all)

    def answer(self, method: str, path: str, params: Mapping[str, str], stamp_ms: int) -> Reply:
        """Carries a request out, or refuses it."""
        self.market.now = max(self.market.now, self.time.now())
        route = ROUTES[method, path]
        self.counts[path] = self.counts.get(path, 0) + 1
        headers: dict[str, str] = {}
        try:
            body = self._carried_out(route, params, stamp_ms, headers)
        except Refused as refused:
            if refused.status in (418, 429) and self.door.left_s:
                headers["Retry-After"] = str(self.door.left_s)
            text = msgspec.json.encode(refused.body()).decode()
            return Reply(refused.status, text, headers)
        return Reply(200, msgspec.json.encode(body).decode(), headers)

    def _carried_out(
        self, route: Route, params: Mapping[str, str], stamp_ms: int, headers: dict[str, str]
    ) -> object:
        try:
            self.door.pass_through(route.weigh(params))
        finally:
            headers["X-MBX-USED-WEIGHT-1M"] = str(self.door.weight.count)
        now_ms = self.time.now() // NS_PER_MS
        signed = route.security is Security.SIGNED
        if signed and not now_ms - RECV_WINDOW_MS <= stamp_ms < now_ms + 1_000:
            raise Refused(-1021)
        if route.orders:
            self.door.count_orders(KEY, route.orders)
        return route.handle(Call(params, self.desks, self.clock, self._listen_keys, self.account))

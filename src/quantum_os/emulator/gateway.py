"""Decides who may ask what: routes, limits, keys, stamps and signatures, then the handler."""

import hmac
import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl

import msgspec

from quantum_os.emulator import rest_account, rest_algo, rest_market, rest_orders
from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.call import Answer, Call, Route, Security
from quantum_os.emulator.clock import RECV_WINDOW_MAX_MS, RECV_WINDOW_MS, VenueClock
from quantum_os.emulator.exchange import Exchange
from quantum_os.emulator.limits import Door
from quantum_os.emulator.listen_keys import ListenKeys
from quantum_os.emulator.order_form import wanted, whole
from quantum_os.emulator.refusals import Refused

ROUTES: dict[tuple[str, str], Route] = {
    **rest_market.ROUTES,
    **rest_orders.ROUTES,
    **rest_algo.ROUTES,
    **rest_account.ROUTES,
}
"""Every endpoint that is served."""

NAMES_KEPT = 20_000
"""Client ids whose requests are counted, the newest."""

_SIGNATURE = re.compile(r"(^|&)signature=([^&]*)")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Request(msgspec.Struct, frozen=True):
    """What came in: `query` and `body` as they were sent, for they are what was signed."""

    method: str
    path: str
    query: str
    body: str
    key: str

    @property
    def params(self) -> dict[str, str]:
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return dict([*pairs, *parse_qsl(self.body, keep_blank_values=True)])


class Reply(msgspec.Struct):
    """What goes out; `headers` say what has been used of the limits."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


class Gateway:
    """Answers requests of all accounts. `revoked` keys are refused as if they did not exist.

    `counts` are the requests that came, by endpoint; `asked_for` how often an order was asked for
    under each client id.
    """

    def __init__(self, exchange: Exchange, clock: VenueClock, door: Door) -> None:
        self.exchange = exchange
        self.clock = clock
        self.door = door
        self.listen_keys = ListenKeys(clock.wall_now)
        self.revoked: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.asked_for: Counter[str] = Counter()

    def arrives(self, request: Request) -> None:
        """Counts a request, and the order that it asks for, whatever becomes of it."""
        self.counts[f"{request.method} {request.path}"] += 1
        if request.method != "POST":
            return
        params = request.params
        name = params.get("newClientOrderId") or params.get("clientAlgoId")
        if name:
            self.asked_for[name] += 1
            if len(self.asked_for) > NAMES_KEPT:
                del self.asked_for[next(iter(self.asked_for))]

    def answer(self, request: Request, page_max: int | None = None) -> Reply:
        """Carries a request out, or refuses it; never raises for what a client sent."""
        headers: dict[str, str] = {}
        try:
            body = self._carried_out(request, headers, page_max)
            return Reply(200, msgspec.json.encode(body), headers)
        except Refused as refused:
            return self.refusal(refused, headers)

    def refusal(self, refused: Refused, headers: dict[str, str] | None = None) -> Reply:
        """Writes a refusal; one for asking too much says how long to wait."""
        said = self.used() if headers is None else headers
        if refused.status in (418, 429) and self.door.left_s:
            said["Retry-After"] = str(self.door.left_s)
        return Reply(refused.status, msgspec.json.encode(refused.body()), said)

    def used(self) -> dict[str, str]:
        """The header that each answer has."""
        return {"X-MBX-USED-WEIGHT-1M": str(self.door.weight.count)}

    def _carried_out(
        self, request: Request, headers: dict[str, str], page_max: int | None
    ) -> Answer:
        params = request.params
        route = ROUTES.get((request.method, request.path))
        weight = 1 if route is None else route.weigh(params)
        try:
            self.door.pass_through(weight)
        finally:
            headers |= self.used()
        if route is None:
            raise Refused(-5000, f"{request.path}, Method {request.method}")
        trader = self._trader(request, params, route.security)
        if route.orders and trader is not None:
            short, long = self.door.count_orders(trader.key, route.orders)
            headers |= {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1M": str(long)}
        call = Call(params, self.exchange, self.clock, self.listen_keys, trader, page_max)
        return route.handle(call)

    def _trader(
        self, request: Request, params: Mapping[str, str], security: Security
    ) -> TradingAccount | None:
        if security is Security.NONE:
            return None
        if not _KEY.fullmatch(request.key):
            raise Refused(-2014)
        trader = self.exchange.accounts.get(request.key)
        if trader is None or request.key in self.revoked:
            raise Refused(-2015)
        if security is Security.SIGNED:
            self._check_stamp(params)
            check_signature(request, trader.secret)
        return trader

    def _check_stamp(self, params: Mapping[str, str]) -> None:
        wanted(params, "timestamp")
        stamp = whole(params, "timestamp", 0)
        window = whole(params, "recvWindow", RECV_WINDOW_MS)
        if not 0 < window <= RECV_WINDOW_MAX_MS:
            raise Refused(-1131, text="recvWindow must be less than 60000.")
        objection = self.clock.objection(stamp, window)
        if objection is not None:
            raise Refused(-1021, text=objection)


def check_signature(request: Request, secret: str) -> None:
    """Compares the signature with that of query and body as sent; raises Refused -1022."""
    signed = _SIGNATURE.sub("", request.query) + _SIGNATURE.sub("", request.body)
    found = _SIGNATURE.search(request.query) or _SIGNATURE.search(request.body)
    if found is None or not found[2]:
        raise Refused(-1102, "signature")
    right = hmac.new(secret.encode(), signed.encode(), sha256).hexdigest()
    if not hmac.compare_digest(right, found[2].lower()):
        raise Refused(-1022)

"""Decides which request, frame or deed a fault strikes: rules as data, counted one by one."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from quantum_os.emulator.algo_orders import CONDITIONAL, TARGETS
from quantum_os.emulator.gateway import Request
from quantum_os.execution.venues.sim.noise import noise

RULES_MAX = 1_000
"""Rules that may wait at once."""

FOR_EVER_S = 86_400.0


class Kind(StrEnum):
    """What goes wrong."""

    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HALF_BODY = "half_body"
    HALF_CHUNKED = "half_chunked"
    GARBAGE = "garbage"
    ERROR = "error"
    UNKNOWN_503 = "unknown_503"
    UNAVAILABLE_503 = "unavailable_503"
    HTML = "html"
    WAF = "waf"
    LIMIT = "limit"
    BAN = "ban"
    SLOW = "slow"
    HIDE = "hide"
    PAGE = "page"
    REFUSE_SOCKET = "refuse_socket"
    LOSE = "lose"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    SHUFFLE = "shuffle"
    REPLACE = "replace"
    DEAF = "deaf"
    CHILD_REJECTED = "child_rejected"
    POISON = "poison"
    GIANT = "giant"
    STALL = "stall"
    HALF_OPEN = "half_open"
    CLOSE = "close"
    CUT = "cut"
    DRIFT = "drift"
    REVOKE = "revoke"
    RESTORE = "restore"
    EXPIRE_LISTEN_KEY = "expire_listen_key"
    FILTERS = "filters"
    BRACKETS = "brackets"
    STATUS = "status"
    SETTLE = "settle"
    ADL = "adl"
    LIQUIDATE = "liquidate"
    TRADE = "trade"
    LEVERAGE = "leverage"
    FUNDING = "funding"
    MOVE = "move"
    DEPTH = "depth"
    OPEN_DOOR = "open_door"


REQUESTS = frozenset(list(Kind)[: list(Kind).index(Kind.REFUSE_SOCKET)])
"""Strike requests as they come."""

FRAMES = frozenset({Kind.LOSE, Kind.DUPLICATE, Kind.DELAY, Kind.SHUFFLE, Kind.REPLACE})
"""Strike frames of the streams as they leave."""

WAITING = REQUESTS | FRAMES | {Kind.REFUSE_SOCKET, Kind.DEAF, Kind.CHILD_REJECTED}
"""Wait for what they strike; every other kind is a deed that is done at once."""


class Rule(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One fault. The first group says what it strikes, the second how often, the third with what.

    `path` may end in `*`; `leg` is entry, close, stop or take_profit; `event` begins the name of a
    stream's channel or of a user event; `contains` stands in the text of a frame. `skip` lets the
    first ones pass, `count` None strikes for ever. `accepted` says whether a request is carried out
    before its answer is spoilt; None follows from the kind.
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    symbol: str | None = None
    leg: str | None = None
    client_id: str | None = None
    account: str | None = None
    event: str | None = None
    section: str | None = None
    contains: str | None = None
    skip: int = 0
    count: int | None = 1
    probability: float = 1.0
    seed: int = 0
    accepted: bool | None = None
    seconds: float | None = None
    ms: int = 0
    code: int | None = None
    status: int | str | None = None
    text: str | None = None
    size: int = 0
    side: str | None = None
    qty: str | None = None
    share: str = "1"
    rate: float = 0.0
    leverage: int = 0
    tick: str | None = None
    step: str | None = None
    min_qty: str | None = None
    max_qty: str | None = None
    min_notional: str | None = None
    max_orders: int | None = None
    max_algo_orders: int | None = None
    brackets: list[tuple[str, str, int, str, str]] | None = None


class Placed(msgspec.Struct):
    """A rule with its number, and how often it was met and has struck."""

    number: int
    rule: Rule
    met: int = 0
    hits: int = 0

    @property
    def is_spent(self) -> bool:
        return self.rule.count is not None and self.hits >= self.rule.count


class RuleBook:
    """The rules in the order they were given."""

    def __init__(self) -> None:
        self.placed: list[Placed] = []
        self._numbers = 0

    def add(self, rule: Rule) -> Placed:
        """Takes a rule; raises ValueError when too many wait."""
        self.placed = [one for one in self.placed if not one.is_spent or len(self.placed) < 100]
        if len(self.placed) >= RULES_MAX:
            raise ValueError(f"{RULES_MAX} rules wait already")
        self._numbers += 1
        placed = Placed(self._numbers, rule)
        self.placed.append(placed)
        return placed

    def clear(self) -> None:
        self.placed = []

    def waits_for(self, kinds: frozenset[Kind]) -> bool:
        """Whether any rule of these kinds may still strike."""
        return any(one.rule.kind in kinds and not one.is_spent for one in self.placed)

    def strikes(self, kinds: frozenset[Kind], matches: Callable[[Rule], bool]) -> list[Placed]:
        """The rules whose turn it is, each counted."""
        struck: list[Placed] = []
        for one in self.placed:
            rule = one.rule
            if rule.kind not in kinds or one.is_spent or not matches(rule):
                continue
            one.met += 1
            if one.met <= rule.skip:
                continue
            if noise(rule.seed, "fault", one.number, one.met) < rule.probability:
                one.hits += 1
                struck.append(one)
        return struck


def strikes_request(rule: Rule, request: Request, params: Mapping[str, str]) -> bool:
    """Whether a rule is about this request."""
    named = params.get("newClientOrderId") or params.get("clientAlgoId") or ""
    return (
        rule.method in (None, request.method)
        and (rule.path is None or _is_path(rule.path, request.path))
        and rule.symbol in (None, params.get("symbol"))
        and rule.leg in (None, leg_of(request, params))
        and (rule.client_id is None or rule.client_id in named)
        and rule.account in (None, request.key)
    )


def leg_of(request: Request, params: Mapping[str, str]) -> str | None:
    """What an order is for, by what can be seen from outside; None for any other request."""
    is_order = request.path in ("/fapi/v1/order", "/fapi/v1/algoOrder")
    if request.method != "POST" or not is_order:
        return None
    kind = params.get("type", "")
    if kind in CONDITIONAL:
        return "take_profit" if kind in TARGETS else "stop"
    return "close" if params.get("reduceOnly", "").lower() == "true" else "entry"


def _is_path(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern

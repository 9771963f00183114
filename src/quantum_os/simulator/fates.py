"""What becomes of one request on its way to the exchange and back, as the faults of a seed will."""

from collections.abc import Mapping

import msgspec

from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import Reply
from quantum_os.simulator.faults import Faults, Kind

NS_PER_MS = 1_000_000
QUICK_MS = (8.0, 60.0)
"""How long a message takes one way when nothing is wrong."""

SLOW_MS = (200.0, 9_000.0)

ORDERS = frozenset({"/fapi/v1/order", "/fapi/v1/algoOrder"})


class Fate(msgspec.Struct):
    """`arrives` False never reaches the exchange; `answers` False never comes back.

    `instead` comes back in place of what the exchange said; `breaks` ends the connection instead.
    """

    out_ns: int
    back_ns: int
    arrives: bool = True
    answers: bool = True
    breaks: str = ""
    unconnected: bool = False
    instead: Reply | None = None
    hides: bool = False


def _said(status: int, code: int, text: str) -> Reply:
    body = msgspec.json.encode({"code": code, "msg": text}).decode()
    return Reply(status, body, {})


_PAGE = Reply(502, "<html><body>502 Bad Gateway</body></html>", {})
_UNKNOWN = _said(503, -1000, "Unknown error, please check your request or try again later.")
_DOWN = _said(503, -1008, "Service Unavailable.")
_TIMED_OUT = _said(400, -1007, "Timeout waiting for response from backend server.")
_UNMAPPED = _said(400, -9876, "A code that nobody has written down.")
_NO_ORDER = _said(400, -2010, "New order rejected.")
_TRIGGERS = _said(400, -2021, "Order would immediately trigger.")
_NO_MARGIN = _said(400, -2019, "Margin is insufficient.")


def fate_of(
    faults: Faults, quick: Draws, method: str, path: str, params: Mapping[str, str]
) -> Fate:
    """Draws the fate of a request; at most one of the faults that spoil its outcome strikes."""
    fate = Fate(_quick(quick), _quick(quick))
    if faults.healed:
        return fate
    if faults.strikes(Kind.SLOW_REQUEST):
        fate.out_ns += round(faults.draws(Kind.SLOW_REQUEST).skewed(*SLOW_MS) * NS_PER_MS)
    if faults.strikes(Kind.SLOW_ANSWER):
        fate.back_ns += round(faults.draws(Kind.SLOW_ANSWER).skewed(*SLOW_MS) * NS_PER_MS)
    if method == "POST" and path in ORDERS:
        if _refused(faults, fate, path, params):
            return fate
        fate.hides = faults.strikes(Kind.HIDDEN_ORDER)
    _spoil(faults, fate)
    return fate


def _refused(faults: Faults, fate: Fate, path: str, params: Mapping[str, str]) -> bool:
    """The exchange takes the order and will not have it."""
    reduces = params.get("reduceOnly") == "true"
    if not reduces and faults.strikes(Kind.REFUSED_ENTRY):
        fate.arrives, fate.instead = False, _NO_ORDER
    elif not reduces and faults.strikes(Kind.NO_MARGIN):
        fate.arrives, fate.instead = False, _NO_MARGIN
    elif path == "/fapi/v1/algoOrder" and faults.strikes(Kind.REFUSED_STOP):
        fate.arrives, fate.instead = False, _TRIGGERS
    return fate.instead is not None


def _spoil(faults: Faults, fate: Fate) -> None:
    if faults.strikes(Kind.NO_CONNECTION):
        fate.arrives, fate.unconnected = False, True
    elif faults.strikes(Kind.HANG_BEFORE):
        fate.arrives = fate.answers = False
    elif faults.strikes(Kind.HANG_AFTER):
        fate.answers = False
    elif faults.strikes(Kind.RESET_BEFORE):
        fate.arrives, fate.breaks = False, "connection reset"
    elif faults.strikes(Kind.RESET_AFTER):
        fate.breaks = "connection reset"
    elif faults.strikes(Kind.HALF_BODY):
        fate.breaks = "payload is not completed"
    elif faults.strikes(Kind.UNAVAILABLE_503):
        fate.arrives, fate.instead = False, _DOWN
    elif faults.strikes(Kind.UNMAPPED_CODE):
        fate.arrives, fate.instead = False, _UNMAPPED
    else:
        _spoil_answer(faults, fate)


def _spoil_answer(faults: Faults, fate: Fate) -> None:
    """Another answer comes; whether the request was carried out, nobody can tell from it."""
    for kind, answer in (
        (Kind.EMPTY_BODY, Reply(200, "{}", {})),
        (Kind.HTML_502, _PAGE),
        (Kind.UNKNOWN_503, _UNKNOWN),
        (Kind.CODE_1007, _TIMED_OUT),
    ):
        if faults.strikes(kind):
            fate.instead = answer
            fate.arrives = kind is Kind.EMPTY_BODY or faults.draws(kind).hits(0.5)
            return


def _quick(draws: Draws) -> int:
    return round(draws.skewed(*QUICK_MS) * NS_PER_MS)

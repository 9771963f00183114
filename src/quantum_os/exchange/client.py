"""Which client speaks to an exchange: ccxt's own, behind our line, and set as we need it."""

from collections.abc import Callable
from typing import Any

import aiohttp
import ccxt.pro

from quantum_os.exchange import errand
from quantum_os.exchange.endpoint import Endpoint, Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import RECV_WINDOW_MS

KEEP_ALIVE_MS = 5_000
"""Between two pings of a websocket: two that nobody answers are found within 15 s."""

TIMEOUT_MS = 10_000
"""Of a request, until its outcome is called unknown."""


class _Behind:
    """Puts a ccxt client behind our line; mixed in before it, which stays as it is."""

    line: Line

    def on_rest_response(self, code: int, *rest: Any) -> Any:
        _reason, _url, _method, headers, body, *_ = rest
        errand.answered()
        self.line.answered(code, headers, body or "")
        return super().on_rest_response(code, *rest)  # type: ignore[misc]

    async def throttle(self, cost: float | None = None) -> None:
        await self.line.admit(1.0 if cost is None else float(cost))

    async def fetch(self, *args: Any, **named: Any) -> Any:
        self.line.leaves()
        errand.leaves()
        return await super().fetch(*args, **named)  # type: ignore[misc]

    def nonce(self) -> int:
        return self.line.clock.now_ms()

    def client(self, url: str) -> Any:
        known = url in (self.clients or {})  # type: ignore[attr-defined]
        client = super().client(url)  # type: ignore[misc]
        if not known:
            self.line.quarantine.guard(client)
        return client

    def handle_message(self, client: Any, message: Any) -> None:
        self.line.heard(client.url, message)
        super().handle_message(client, message)  # type: ignore[misc]


class BinanceClient(_Behind, ccxt.pro.binanceusdm):  # type: ignore[misc]
    """Binance USD-M perpetuals."""


class BybitClient(_Behind, ccxt.pro.bybit):  # type: ignore[misc]
    """Bybit linear perpetuals."""


CLIENTS: dict[str, Callable[..., Any]] = {"binance": BinanceClient, "bybit": BybitClient}
"""The exchanges that can be spoken to, by their name in the fund."""

_OPTIONS: dict[str, dict[str, Any]] = {
    "binance": {
        "fetchMarkets": {"types": ["linear"]},
        "defaultType": "swap",
        "recvWindow": RECV_WINDOW_MS,
        "fetchOpenOrders": {"warnWithoutSymbol": False},
        "fetchCurrencies": False,
    },
    "bybit": {
        "fetchMarkets": {"types": ["linear"]},
        "defaultType": "swap",
        "defaultSubType": "linear",
        "recvWindow": RECV_WINDOW_MS,
        "fetchCurrencies": False,
    },
}


def open_client(
    venue: str,
    endpoint: Endpoint,
    session: aiohttp.ClientSession,
    line: Line,
    keys: Keys | None = None,
) -> Any:
    """Gives a ccxt.pro client of `venue` that speaks through `session` and `line` only.

    Raises KeyError for an exchange that is not in `CLIENTS`, ValueError for keys of another venue
    or realm. The caller closes the client first and the session then.
    """
    if keys is not None and (keys.venue, keys.realm) != (venue, endpoint.realm):
        raise ValueError(f"{keys!r} do not belong to {venue} {endpoint.realm}")
    config: dict[str, Any] = {
        "session": session,
        "timeout": TIMEOUT_MS,
        "enableRateLimit": True,
        "options": dict(_OPTIONS[venue]),
    }
    if keys is not None:
        config["apiKey"], config["secret"] = keys.revealed()
    client = CLIENTS[venue](config)
    client.line = line
    client.streaming = {**client.streaming, "keepAlive": KEEP_ALIVE_MS}
    client.has["fetchCurrencies"] = False
    client.timeout_on_exit = 0
    if endpoint.realm is Realm.TESTNET:
        _to_testnet(venue, client)
    return client


def _to_testnet(venue: str, client: Any) -> None:
    """Binance's demo and Bybit's testnet: the money there is not real, the addresses are."""
    if venue == "binance":
        client.enable_demo_trading(True)
    else:
        client.set_sandbox_mode(True)

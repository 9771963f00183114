"""A program of somebody else: Binance's own connector places, cancels and streams.

Run as `python connector_client.py REST STREAM ADMIN`; prints what it asked and what it got. The
addresses, and the certificate in the environment, are all that it is told of the emulator.
"""

import json
import sys
import threading
import urllib.request
from typing import Any

from binance.um_futures import UMFutures
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient

WAIT_S = 20.0


class Heard:
    """The messages of one stream, and a way to wait for one of them."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._came = threading.Condition()

    def hear(self, _: object, text: str) -> None:
        with self._came:
            self.messages.append(json.loads(text))
            self._came.notify_all()

    def wait(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            return [one for one in self.messages if event in (one.get("e"), *one)]

        with self._came:
            assert self._came.wait_for(lambda: len(found()) >= count, WAIT_S), event
            return found()[:count]


def step(admin: str, seconds: float) -> None:
    """Moves the market on."""
    body = json.dumps({"advance_s": seconds}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{admin}/__clock", data=body)).read()


def say(asked: str, got: object) -> None:
    print(f"> {asked}\n< {json.dumps(got)}")


def main(rest: str, stream: str, admin: str) -> None:
    client = UMFutures(key="KEY1", secret="SECRET1", base_url=rest)
    say("time", client.time())
    symbols = [one["symbol"] for one in client.exchange_info()["symbols"]]
    say("exchange_info, the symbols", symbols)
    say("klines BTCUSDT 1m", client.klines("BTCUSDT", "1m", limit=2))

    market, user = Heard(), Heard()
    public = UMFuturesWebsocketClient(f"{stream}/public", on_message=market.hear)
    public.subscribe("btcusdt@trade", id=1)
    say("subscribe btcusdt@trade", market.wait("result")[0])
    key = client.new_listen_key()["listenKey"]
    private = UMFuturesWebsocketClient(f"{stream}/private", on_message=user.hear)
    private.user_data(key, id=1)
    say("user_data", user.wait("result")[0])
    step(admin, 60)
    say("trade", market.wait("trade")[0])

    book = client.book_ticker("BTCUSDT")
    price = round(float(book["bidPrice"]) * 0.98, 1)
    order = {"quantity": 0.01, "price": price, "timeInForce": "GTC", "newClientOrderId": "mine"}
    say("new_order LIMIT", client.new_order("BTCUSDT", "BUY", "LIMIT", **order))
    say("get_orders", client.get_orders(symbol="BTCUSDT"))
    say("cancel_order", client.cancel_order("BTCUSDT", origClientOrderId="mine"))
    taker = {"quantity": 0.01, "newOrderRespType": "RESULT", "newClientOrderId": "taker"}
    say("new_order MARKET", client.new_order("BTCUSDT", "BUY", "MARKET", **taker))
    say("get_account_trades", client.get_account_trades("BTCUSDT"))
    say("get_position_risk", client.get_position_risk(symbol="BTCUSDT"))
    say("balance", client.balance())
    for event in user.wait("ORDER_TRADE_UPDATE", 4):
        say("ORDER_TRADE_UPDATE", event)
    say("close_listen_key", client.close_listen_key(key))
    private.stop()
    public.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

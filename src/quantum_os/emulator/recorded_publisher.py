"""Decides what the public streams say of a recorded market: each message as it was recorded."""

from quantum_os.emulator.bar_path import Tick
from quantum_os.emulator.capture import Line
from quantum_os.emulator.hub import Hub
from quantum_os.emulator.market import Market, PublicTrade, SymbolMarket
from quantum_os.emulator.orders import Json
from quantum_os.emulator.publisher import ALL_MARKS, ALL_QUOTES, Publisher
from quantum_os.emulator.recorded_market import RecordedMarket, RecordedSymbol

SAME = {"depthUpdate": "depth", "markPriceUpdate": "markPrice"}
"""The stream of an event that is not called like it; others are."""


class RecordedPublisher(Publisher):
    """Plays recorded messages to whoever follows their stream, at whatever speed it was recorded.

    Only candles are made, of recorded trades, and only where none were recorded.
    """

    def __init__(self, market: RecordedMarket, hub: Hub) -> None:
        super().__init__(market, hub)
        self._newest: dict[tuple[str, str], Json] = {}
        market.on_message.append(self._plays)

    def _plays(self, symbol: RecordedSymbol, line: Line) -> None:
        if not line.stream:
            return
        contract, body = symbol.contract, line.body
        if line.kind in ("bookTicker", "markPriceUpdate"):
            self._newest[line.kind, contract.symbol] = body
        channel = SAME.get(line.kind, line.kind)
        for stream in self._hub.streams_of(contract.name.lower()):
            wanted = stream.partition("@")[2]
            if line.kind == "kline":
                is_same = stream == line.stream
            else:
                is_same = wanted.partition("@")[0] == channel
            if is_same:
                self._note(stream, symbol.time)
                self._hub.publish(stream, contract.name, body)
        for stream in self._hub.streams_of("!"):
            if stream == ALL_QUOTES and line.kind == "bookTicker":
                self._hub.publish(stream, contract.name, body)
            elif stream in ALL_MARKS and line.kind == "markPriceUpdate":
                self._note(f"{stream}{contract.name}", symbol.time)
                self._hub.publish(stream, contract.name, [body])

    def _note(self, what: str, time: int) -> None:
        self._last[what] = time
        self._owed.discard(what)

    def _tick(self, symbol: SymbolMarket, tick: Tick, trade: PublicTrade | None) -> None:
        if trade is None or "kline" not in symbol.lacks:
            return
        for stream in self._hub.streams_of(symbol.contract.name.lower()):
            if "@kline_" in stream:
                self._say_kline(stream, symbol, tick.time)

    def _begins(self, stream: str) -> None:
        if stream.endswith("@bookTicker") or stream == ALL_QUOTES:
            self._owed.add(stream)

    def _quote_again(self, symbol: SymbolMarket) -> Json | None:
        return self._newest.get(("bookTicker", symbol.contract.symbol))

    def _mark_again(self, symbol: SymbolMarket) -> Json | None:
        return self._newest.get(("markPriceUpdate", symbol.contract.symbol))


def publisher_of(market: Market, hub: Hub) -> Publisher:
    """The publisher that a market needs."""
    return (
        RecordedPublisher(market, hub)
        if isinstance(market, RecordedMarket)
        else Publisher(market, hub)
    )

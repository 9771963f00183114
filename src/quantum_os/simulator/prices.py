"""Where the prices of a simulated world go, trade by trade, and how its bars come of them."""

import math

import msgspec

from quantum_os.emulator.bar_path import Tick
from quantum_os.events.market import ExchangeRaw, MarketKlines, RawKind
from quantum_os.events.units import (
    NS_PER_HOUR,
    NS_PER_MINUTE,
    NS_PER_MS,
    NS_PER_S,
    Ns,
    Side,
)
from quantum_os.market.feeds.live.heard import Bar
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.exchange import SimulatedExchange
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.stage import BAR, BAR_NS, OPENS_NS, SYMBOLS, VENUE

TICK_S = (3.0, 9.0)
"""Seconds between two trades of a symbol."""

MOVE = 0.00135
"""Standard deviation of the price, as a fraction, from one trade to the next."""

USD_PER_TICK = 400_000.0
FLASH = (0.008, 0.035)
"""How far a flash move goes at once, as a fraction of the price."""

FUNDING = 0.0001
FUNDING_HOURS = 8
NOTICE_NS = 10 * NS_PER_S
"""How long before it is paid a payment is announced, at least, that comes before its time."""


class Forming(msgspec.Struct):
    """A bar that is not over."""

    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0

    def add(self, price: float, qty: float) -> None:
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.close = price
        self.volume += qty


class Prices:
    """Moves the exchange's market. `bars` are those that have closed, `paid` the funding."""

    def __init__(
        self,
        loop: VirtualLoop,
        exchange: SimulatedExchange,
        faults: Faults,
        seed: int,
        last: tuple[float, ...],
    ) -> None:
        self.bars: dict[int, dict[str, Bar]] = {}
        of = exchange.desks.contracts.of
        self.last = {
            symbol: of(symbol).on_tick(price) for symbol, price in zip(SYMBOLS, last, strict=True)
        }
        self.paid: list[ExchangeRaw] = []
        self._loop, self._exchange, self._faults = loop, exchange, faults
        self._draws = Draws(seed, "prices")
        self._forming = {symbol: Forming(*(self.last[symbol],) * 4) for symbol in SYMBOLS}
        self._opened = OPENS_NS

    def begin(self) -> None:
        for symbol in SYMBOLS:
            self._exchange.market.pays(last_funding(symbol), quietly=True)
            due = self._exchange.market.symbols[symbol].next_funding(OPENS_NS)
            self._loop.call_at_ns(due - OPENS_NS, self._pays, symbol, due)
            self._trade(symbol, 0.0)
            self._next(symbol)
        self._loop.call_at_ns(self._loop.ns + BAR_NS, self._close)

    def jump(self, symbol: str) -> None:
        """Moves one price at once."""
        draws = self._faults.draws(Kind.FLASH_MOVE)
        far = draws.between(*FLASH) * (1 if draws.hits(0.5) else -1)
        self._trade(symbol, far)

    def fund(self, symbol: str) -> bool:
        """Brings a payment forward to a minute that is near; False where one is on its way."""
        name = self._exchange.desks.contracts.of(symbol).name
        if name in self._exchange.brought_forward:
            return False
        due = -(-(self._exchange.time.now() + NOTICE_NS) // NS_PER_MINUTE) * NS_PER_MINUTE
        self._exchange.brought_forward[name] = due // NS_PER_MS
        self._loop.call_at_ns(due - OPENS_NS, self._pays, symbol, due)
        return True

    def _pays(self, symbol: str, due: int) -> None:
        name = self._exchange.desks.contracts.of(symbol).name
        self._exchange.brought_forward.pop(name, None)
        rate = FUNDING * (1 if self._draws.hits(0.5) else -1)
        raw = _funding(symbol, due, rate)
        self.paid.append(raw)
        self._exchange.market.pays(raw)

    def _next(self, symbol: str) -> None:
        self._loop.call_later(self._draws.between(*TICK_S), self._moves, symbol)

    def _moves(self, symbol: str) -> None:
        self._trade(symbol, MOVE * self._draws.normal())
        self._next(symbol)

    def _trade(self, symbol: str, move: float) -> None:
        market = self._exchange.market.symbols[symbol]
        contract = market.contract
        wanted = self.last[symbol] * math.exp(move)
        price = round(round(wanted / contract.tick) * contract.tick, contract.price_digits)
        qty = round(USD_PER_TICK / price / contract.step) * contract.step
        side = Side.BUY if price >= self.last[symbol] else Side.SELL
        self.last[symbol] = price
        now = self._exchange.time.now()
        self._forming[symbol].add(price, qty)
        self._exchange.market.plays(Tick(symbol, now, price, qty, side))

    def _close(self) -> None:
        """Ends the bars of this minute, and begins the next at the price that stands."""
        opened, closed = self._opened, self._opened + BAR_NS
        now = self._exchange.time.now()
        bars = {
            symbol: Bar(
                symbol=symbol,
                timeframe=BAR,
                open_time=Ns(opened),
                open=one.open,
                high=one.high,
                low=one.low,
                close=one.close,
                volume=one.volume,
                closed=True,
                ts=Ns(now),
            )
            for symbol, one in self._forming.items()
        }
        self.bars[opened] = bars
        self._forming = {symbol: Forming(*(self.last[symbol],) * 4) for symbol in SYMBOLS}
        self._opened = closed
        self._exchange.market.closes(_klines(opened, bars))
        self._loop.call_at_ns(closed - OPENS_NS + BAR_NS, self._close)


def last_funding(symbol: str) -> ExchangeRaw:
    """The payment before the world began, whose rate is in force then."""
    step = FUNDING_HOURS * NS_PER_HOUR
    return _funding(symbol, OPENS_NS // step * step, FUNDING)


def _funding(symbol: str, time: int, rate: float) -> ExchangeRaw:
    following = Ns(time + FUNDING_HOURS * NS_PER_HOUR)
    return ExchangeRaw(
        VENUE, symbol, RawKind.FUNDING, Ns(time), rate, float(FUNDING_HOURS), following
    )


def _klines(opened: int, bars: dict[str, Bar]) -> MarketKlines:
    rows = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars.values()]
    opens, highs, lows, closes, volumes = zip(*rows, strict=True)
    return MarketKlines(
        VENUE,
        BAR,
        Ns(opened),
        Ns(opened + BAR_NS),
        tuple(bars),
        opens,
        highs,
        lows,
        closes,
        volumes,
    )

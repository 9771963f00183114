"""Decides what one account's venue says to each input: the simulated venue without a bus."""

from collections.abc import Iterable
from decimal import Decimal

from quantum_os.emulator.refusals import Refused
from quantum_os.events.base import Event
from quantum_os.events.execution import LeverageRequested
from quantum_os.events.market import Instrument, InstrumentUpdated, MarketKlines, MarketTick
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Leverage, Mode, Ns, Usd
from quantum_os.execution.venues.sim.account import Account, Position
from quantum_os.execution.venues.sim.book import SymbolBook
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.execution.venues.sim.liquidation import liquidation_level
from quantum_os.execution.venues.sim.venue import SimVenue
from quantum_os.kernel.instant import Instant

VENUE = "sim:binance"
PRICE_VENUE = "binance"
MODE = Mode.TESTNET

LEVERAGE_FIRST = 20
"""What a symbol's leverage is until it is set, as at Binance."""


def venue_config(maker_fee_bps: float, taker_fee_bps: float, seed: int) -> SimVenueConfig:
    """The simulated venue on the wire: the quote decides what a small order gets, nothing else."""
    return SimVenueConfig(
        maker_fee_bps=maker_fee_bps,
        taker_fee_bps=taker_fee_bps,
        half_spread_bps=0.0,
        slippage_bps=0.0,
        slippage_jitter=0.0,
        range_share=0.0,
        latency_ms=0.0,
        limit_through_ticks=0,
        seed=seed,
    )


class VenueHost:
    """One account at one simulated venue: inputs in, what the venue says out, in order."""

    def __init__(
        self,
        config: SimVenueConfig,
        instruments: Iterable[Instrument],
        deposit: Decimal,
        start: int,
        namespace: str,
    ) -> None:
        self.venue = SimVenue(config)
        self._instant = Instant(start)
        self.venue.keep_time_by(self._instant)
        self._handlers = self.venue.handlers()
        self.config = config
        began = ProcessStarted(
            epoch=1,
            build="",
            config_hash="",
            mode=MODE,
            venue=VENUE,
            namespace=namespace,
            seed=config.seed,
            deposit=Usd(deposit),
            started_at=Ns(start),
        )
        self.hear(start, began)
        self.learn(start, tuple(instruments))

    @property
    def account(self) -> Account:
        return self.venue.state.account

    @property
    def books(self) -> dict[str, SymbolBook]:
        return self.venue.state.books

    def hear(self, time: int, event: Event) -> list[Event]:
        """Offers one input; time never runs backwards."""
        self._instant.ns = max(time, self._instant.ns)
        said = self._handlers[type(event)](event)
        if said is None:
            return []
        return [said] if isinstance(said, Event) else list(said)

    def cares_for(self, symbol: str) -> bool:
        """Whether a price of the symbol can change anything here."""
        state = self.venue.state
        return symbol in state.books or bool(state.funding_due)

    def learn(self, time: int, instruments: tuple[Instrument, ...]) -> None:
        """Hears filters and brackets, and gives a leverage to what has none yet."""
        self.hear(time, InstrumentUpdated(VENUE, instruments, "emulator"))
        for instrument in instruments:
            if instrument.symbol not in self.account.leverage:
                highest = max(bracket.leverage_max for bracket in instrument.brackets)
                self.set_leverage(time, instrument.symbol, min(LEVERAGE_FIRST, highest))

    def set_leverage(self, time: int, symbol: str, leverage: int) -> int:
        """Asks for a leverage and gives the one that stands."""
        wish = LeverageRequested(VENUE, MODE, symbol, Leverage(leverage), "")
        self.hear(time, wish)
        return self.account.leverage[symbol]

    def quotes(self, time: int, symbol: str, bid: float, ask: float) -> list[Event]:
        """Shows the venue a quote.

        Its price is the middle, so that a limit trades where the other side of the quote reaches
        it and not where the last trade was.
        """
        tick = MarketTick(PRICE_VENUE, symbol, (bid + ask) / 2.0, Ns(time), bid=bid, ask=ask)
        return self.hear(time, tick)

    def may_take(self, symbol: str, room: Decimal | None) -> bool:
        """Bounds what one order takes from the next quote; False where there is nothing to take.

        None bounds nothing. The first price of a symbol is shown whatever stands there: without one
        no order is ever heard.
        """
        book = self.books.get(symbol)
        if book is not None:
            book.volume = None if room is None else float(room) / self.config.participation_max
        return room != 0 or book is None

    def closes(self, klines: MarketKlines) -> None:
        """Lets the venue know what was traded in a bar, which bounds what one order can take."""
        self.venue.state.bars = klines
        for place, symbol in enumerate(klines.symbols):
            book = self.books.get(symbol)
            if book is not None:
                book.volume = klines.volume[place]

    def move_margin(self, symbol: str, amount: Decimal) -> Position:
        """Adds to (> 0) or takes from a position's own margin; raises Refused."""
        position = self.account.positions.get(symbol)
        if position is None:
            raise Refused(-4054)
        if amount > self.account.free() or position.margin + amount <= 0:
            raise Refused(-4051)
        position.margin += amount
        instrument = self.venue.state.instruments[symbol]
        position.liquidation = liquidation_level(position, instrument)
        self.books[symbol].refresh(position)
        return position

"""Decides what an exchange would answer to orders, prices, funding rates and queries."""

from math import inf
from typing import ClassVar

from quantum_os.events.execution import (
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderQueryRequested,
    OrderRequested,
)
from quantum_os.events.market import (
    ExchangeRaw,
    InstrumentUpdated,
    MarketKlines,
    MarketOpens,
    MarketTick,
    RawKind,
)
from quantum_os.events.system import ProcessStarted, TimerFired
from quantum_os.events.units import Leverage
from quantum_os.execution.venues.sim.config import SimVenueConfig, tariff_of
from quantum_os.execution.venues.sim.funding import hear_rate, pay_due
from quantum_os.execution.venues.sim.intake import (
    answer_queries,
    answer_query,
    cancel,
    receive,
)
from quantum_os.execution.venues.sim.snapshot import listing
from quantum_os.execution.venues.sim.state import Said, Session, SimVenueState
from quantum_os.execution.venues.sim.tape import Bar, Columns, Point, bar_of
from quantum_os.execution.venues.sim.walk import visit, walk_bar, walk_missed, walk_path
from quantum_os.kernel.reactor import Reactor

RECONCILE_TIMER = "execution.reconcile"
_PREFIX = "sim:"


class SimVenue(Reactor[SimVenueState]):
    """One-way, isolated margin, USD. Symbols without an order or a position cost nothing.

    Prices come from one venue at one timeframe, and perhaps as ticks; a bar that ticks covered is
    not walked again, unless it reached what none of them did.
    """

    name: ClassVar[str] = "execution.venues.sim"

    def __init__(self, config: SimVenueConfig | None = None) -> None:
        self.config = config or SimVenueConfig()
        super().__init__(SimVenueState(faults_seen=[0] * len(self.config.faults)))
        self._tariff = tariff_of(self.config)
        self._columns = Columns()

    def on_process_started(self, event: ProcessStarted) -> None:
        """Opens the account at the first start; a later one finds it as it was."""
        state = self.state
        if state.venue:
            return
        state.venue, state.mode, state.namespace = event.venue, event.mode, event.namespace
        state.price_venue = self.config.price_venue or event.venue.removeprefix(_PREFIX)
        state.account.put_in(event.deposit)

    def on_instruments(self, event: InstrumentUpdated) -> None:
        if event.venue in (self.state.venue, self.state.price_venue):
            for instrument in event.instruments:
                self.state.instruments[instrument.symbol] = instrument

    def on_leverage_request(self, event: LeverageRequested) -> LeverageConfirmed | None:
        """Sets the leverage where it can be set, and says what it is: a position keeps its own."""
        state = self.state
        instrument = state.instruments.get(event.symbol)
        if event.venue != state.venue:
            return None
        leverage = state.account.leverage
        brackets = () if instrument is None else instrument.brackets
        highest = max((bracket.leverage_max for bracket in brackets), default=0)
        if event.symbol not in state.account.positions and 1 <= event.leverage <= highest:
            leverage[event.symbol] = event.leverage
        actual = leverage.get(event.symbol, self.config.leverage_default)
        return LeverageConfirmed(
            state.venue, state.mode, event.symbol, Leverage(actual), event.intent_id
        )

    def on_order(self, event: OrderRequested) -> list[Said] | None:
        if event.venue != self.state.venue:
            return None
        session = self._session()
        receive(session, event)
        return session.said

    def on_cancel(self, event: OrderCancelRequested) -> list[Said] | None:
        if event.venue != self.state.venue:
            return None
        session = self._session()
        cancel(session, event)
        return session.said

    def on_query(self, event: OrderQueryRequested) -> list[Said] | None:
        if event.venue != self.state.venue:
            return None
        session = self._session()
        answer_query(session, event.client_id, event.symbol)
        return session.said

    def on_opens(self, event: MarketOpens) -> list[Said] | None:
        """The first prices of new bars: funding of the time before, then what waits for a price."""
        state = self.state
        if event.venue != state.price_venue:
            return None
        state.opens = event
        if not state.books and not state.funding_due:
            state.priced_until = event.time
            return None
        return self._walk_opens(event)

    def on_klines(self, event: MarketKlines) -> list[Said] | None:
        """Closed bars: the path of each symbol that we have an interest in, then funding."""
        state = self.state
        if event.venue != state.price_venue:
            return None
        state.bars = event
        if not state.books and not state.funding_due:
            state.priced_until = event.close_time
            return None
        return self._walk_bars(event)

    def on_tick(self, event: MarketTick) -> list[Said] | None:
        """One price; a conflated one is walked like a small bar."""
        state = self.state
        if event.venue != state.price_venue:
            return None
        state.ticks[event.symbol] = (self._instant.ns, event.price)
        if event.symbol not in state.books and not state.funding_due:
            if event.venue_ts > state.priced_until:
                state.priced_until = event.venue_ts
            return None
        return self._walk_tick(event)

    def on_raw(self, event: ExchangeRaw) -> list[Said] | None:
        state = self.state
        if (
            event.kind is not RawKind.FUNDING
            or event.venue != state.price_venue
            or event.symbol not in state.books
        ):
            return None
        session = self._session()
        hear_rate(session, event)
        return session.said

    def on_timer(self, event: TimerFired) -> list[Said] | None:
        """Answers the reconciler: what was left unsaid of orders, then the whole listing."""
        if event.key != RECONCILE_TIMER or not self.state.venue:
            return None
        session = self._session()
        answer_queries(session)
        session.said.append(listing(self.state, self.now))
        return session.said

    def _session(self) -> Session:
        return Session(self.state, self.config, self._tariff, self._columns, self.now)

    def _walk_opens(self, event: MarketOpens) -> list[Said]:
        state, session = self.state, self._session()
        pay_due(session, event.time)
        places = self._columns.of(event.symbols)
        for symbol, book in tuple(state.books.items()):
            place = places.get(symbol)
            if place is None or not 0.0 < event.price[place] < inf:
                continue
            book.opened = event.time
            price = event.price[place]
            if book.restless or not book.covered or not book.down < price < book.up:
                volume, swing = book.volume, book.range_bps
                point = Point(price, event.time, event.time, volume, swing)
                visit(session, symbol, book, point)
            book.mark = price
        state.priced_until = event.time
        return session.said

    def _walk_bars(self, event: MarketKlines) -> list[Said]:
        state, session = self.state, self._session()
        places = self._columns.of(event.symbols)
        for symbol, book in tuple(state.books.items()):
            place = places.get(symbol)
            if place is None:
                continue
            bar = bar_of(event, place)
            if not 0.0 < bar.low <= bar.close <= bar.high < inf:
                continue
            quiet = bar.low > book.down and bar.high < book.up
            if book.ticked >= bar.open_time:
                walk_missed(session, symbol, book, bar)
            elif quiet and book.covered and not book.restless:
                book.volume, book.range_bps = bar.volume, bar.range_bps
                book.mark = bar.close
            elif bar.low <= bar.open <= bar.high:
                walk_bar(session, symbol, book, bar)
        state.priced_until = event.close_time
        pay_due(session, event.close_time)
        return session.said

    def _walk_tick(self, event: MarketTick) -> list[Said]:
        state, session = self.state, self._session()
        pay_due(session, event.venue_ts)
        book = state.books.get(event.symbol)
        if book is not None:
            book.ticked = self.now
            low, high = event.low or event.price, event.high or event.price
            if high > low:
                start = min(max(book.mark, low), high)
                bar = Bar(self.now, self.now + 1, start, low, high, event.price, book.volume)
                walk_path(session, event.symbol, book, bar)
            else:
                point = Point(
                    event.price,
                    event.venue_ts,
                    self.now,
                    book.volume,
                    book.range_bps,
                    event.bid,
                    event.ask,
                )
                visit(session, event.symbol, book, point)
        state.priced_until = max(state.priced_until, event.venue_ts)
        return session.said

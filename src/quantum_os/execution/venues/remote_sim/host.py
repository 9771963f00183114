"""EDGE. What the venue server holds: the simulated venue on a bus of its own, and what it said."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import (
    Fill,
    FundingPaid,
    LeverageConfirmed,
    LeverageRequested,
    OrderCancelRequested,
    OrderRequested,
    OrderState,
    OrderUpdated,
    VenueSnapshot,
)
from quantum_os.events.system import TimerFired
from quantum_os.events.units import Ns, Qty
from quantum_os.execution.venues.remote_sim.wire import Frame, Kind, Query
from quantum_os.execution.venues.sim.venue import RECONCILE_TIMER, SimVenue
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope, decode_event, encode_event
from quantum_os.kernel.timers import Timers

FACTS_KEPT = 20_000
"""Facts that a client may have missed and still gets, the newest."""

LAST_WORDS_KEPT = 20_000
"""Orders whose last word is remembered, the newest."""

CLIENT_ID_LENGTH_MAX = 36
"""Characters of a client id, as at Binance."""

DIGITS_MAX = 18
"""Decimal places and digits of a number in an order; nothing real comes near."""

FACT_STREAMS = frozenset(
    stream_of(kind) for kind in (LeverageConfirmed, OrderUpdated, Fill, FundingPaid)
)
COMMAND_STREAMS = frozenset(
    stream_of(kind) for kind in (LeverageRequested, OrderRequested, OrderCancelRequested)
)
LISTING_STREAM = stream_of(VenueSnapshot)
UPDATE_STREAM = stream_of(OrderUpdated)

Command = LeverageRequested | OrderRequested | OrderCancelRequested


class VenueBroken(RuntimeError):
    """The venue broke its promise; it answers no more."""


class Host:
    """Offers inputs to the venue in their order and numbers what it says: facts 1, 2, 3.

    `say` gets a frame for each fact, as it happens. Everything here is plain and synchronous.
    """

    def __init__(
        self,
        venue: SimVenue,
        first: Sequence[Event],
        start: int,
        say: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        self.venue = venue
        self.said = 0
        self.say = say
        self._facts: deque[Frame] = deque(maxlen=FACTS_KEPT)
        self._last_words: dict[str, Frame] = {}
        timers = Timers()
        self._bus = Bus((timers, venue), _Ear(self._hear))
        self._driver = Driver(self._bus, timers)
        for event in first:
            self.plays(start, event)

    @property
    def now(self) -> int:
        """The venue's time, ns UTC: that of the last input."""
        return self._bus.instant.ns

    @property
    def oldest(self) -> int:
        """The first fact that is still kept; one past the last while there is none."""
        return self.said - len(self._facts) + 1

    def plays(self, time: int, event: Event | None) -> None:
        """Works one input of the market off; raises VenueBroken."""
        self._driver.offer(time, event, "market")
        for name, fault in self._bus.faulted.items():
            raise VenueBroken(f"{name}: {fault.error}\n{fault.traceback}")

    def does(self, command: Command) -> None:
        """Carries out an instruction of the client now; raises VenueBroken."""
        self.plays(self.now, command)

    def lists(self) -> None:
        """Says what a query brings to light, then the listing of the account."""
        self.plays(self.now, TimerFired(RECONCILE_TIMER, Ns(self.now)))

    def since(self, seq: int) -> Iterator[Frame]:
        """Gives the kept facts after number `seq`."""
        return islice(self._facts, max(0, seq - self.oldest + 1), None)

    def answer(self, query: Query) -> Frame:
        """Gives the last word on an order, or that it never arrived and never will."""
        word = self._last_words.get(query.client_id)
        if word is not None:
            return Frame(Kind.ANSWER, 0, word.ts, word.stream, word.payload)
        state = self.venue.state
        is_known = query.client_id in state.known_ids
        event = OrderUpdated(
            state.venue,
            state.mode,
            query.client_id,
            query.symbol,
            OrderState.UNKNOWN if is_known else OrderState.EXPIRED,
            Qty(Decimal(0)),
            Ns(self.now),
            code="-1007" if is_known else "-2013",
            reason="its end is no longer remembered" if is_known else "never arrived",
        )
        return Frame(Kind.ANSWER, 0, self.now, UPDATE_STREAM, encode_event(event))

    def _hear(self, envelope: Envelope) -> None:
        if envelope.source != self.venue.name:
            return
        if envelope.stream == LISTING_STREAM:
            self.say(Frame(Kind.LISTING, 0, envelope.ts, envelope.stream, envelope.payload))
        elif envelope.stream in FACT_STREAMS:
            self.said += 1
            fact = Frame(Kind.FACT, self.said, envelope.ts, envelope.stream, envelope.payload)
            self._facts.append(fact)
            self._remember(fact)
            self.say(fact)

    def _remember(self, fact: Frame) -> None:
        if fact.stream != UPDATE_STREAM:
            return
        event = decode_event(fact.stream, fact.payload)
        assert isinstance(event, OrderUpdated)
        words = self._last_words
        words.pop(event.client_id, None)
        words[event.client_id] = fact
        if len(words) > LAST_WORDS_KEPT:
            del words[next(iter(words))]


def objection(event: Event, venue: str) -> str | None:
    """Says what makes an instruction one that no venue could even refuse; None when it is sound."""
    if not isinstance(event, Command):
        return f"{stream_of(type(event))} is no instruction"
    if event.venue != venue:
        return f"an instruction for {event.venue[:60]!r}; this is {venue}"
    if isinstance(event, LeverageRequested):
        return None
    if not 0 < len(event.client_id) <= CLIENT_ID_LENGTH_MAX:
        return f"a client id has 1 to {CLIENT_ID_LENGTH_MAX} characters"
    if isinstance(event, OrderRequested):
        for number in (event.qty, event.price, event.trigger):
            if number is not None and not _is_plain(number):
                return "a quantity or price that is no plain number"
    return None


def _is_plain(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    return isinstance(exponent, int) and len(digits) <= DIGITS_MAX and abs(exponent) <= DIGITS_MAX


class _Ear:
    """The journal of the venue's bus: keeps nothing, and passes on what is said."""

    def __init__(self, hear: Callable[[Envelope], None]) -> None:
        self._hear = hear
        self._last = 0

    def append(self, envelope: Envelope) -> None:
        self._last = envelope.seq
        self._hear(envelope)

    @property
    def flushed_seq(self) -> int:
        return self._last

    async def barrier(self, seq: int) -> None:
        return

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return iter(())

    def trim(self, before: int) -> None:
        return

    def close(self) -> None:
        return

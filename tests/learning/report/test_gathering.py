"""What a recording says is counted once, and every fill is held to the price it should have had."""

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from quantum_os.events.ai import DecisionSummary, Disposition
from quantum_os.events.base import Event, stream_of
from quantum_os.events.execution import Fill, Leg, OrderRequested
from quantum_os.events.market import MarketKlines, MarketOpens
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskRefusal
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_MINUTE, Side
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.learning.report.dispositions import dispositions
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.gathering import gather
from tests.events.examples import example_of
from tests.laws.scenario import Recorded


def test_every_trade_has_its_fills_its_permit_and_its_stops(
    gathered: Evidence, played: Recorded
) -> None:
    closed = [event for _, event in played.events if isinstance(event, TradeClosed)]
    fills = {event.trade_id for _, event in played.events if isinstance(event, Fill)}
    assert [life.trade for life in gathered.lives] == closed
    kept = [seen.fill.trade_id for life in gathered.lives for seen in life.fills]
    kept += [seen.fill.trade_id for seens in gathered.open_fills.values() for seen in seens]
    assert Counter(kept) == Counter(fills)
    for life in gathered.lives:
        assert life.permit is not None
        assert life.permit.intent.intent_id == life.trade.intent_id
        assert life.plan is not None
        assert life.stops[0][0] >= life.trade.opened_at
        assert any(price is not None for _, price in life.stops)


def test_stops_only_tighten_along_the_path(gathered: Evidence) -> None:
    for life in gathered.lives:
        prices = [price * life.trade.side.sign for _, price in life.stops if price is not None]
        assert prices == sorted(prices)


def test_takers_lose_to_their_reference_and_makers_do_not(gathered: Evidence) -> None:
    for life in gathered.lives:
        for seen in life.fills:
            assert seen.order is not None
            assert seen.reference is not None
            is_target = seen.order.leg in (Leg.TP1, Leg.TP2, Leg.TP3)
            assert (seen.slippage == 0) if is_target else (seen.slippage >= 0)


def test_dispositions_add_up_to_bars(gathered: Evidence, played: Recorded) -> None:
    """Law 8: every symbol at every bar has one end, and none is lost on the way to the report."""
    ends = dispositions(gathered)
    bars = sum(len(e.symbols) for _, e in played.events if isinstance(e, DecisionSummary))
    assert ends.total == bars
    assert ends.total == ends.held + ends.candidates
    assert ends.candidates == ends.refused + ends.entered + ends.under_way
    assert 0 <= ends.under_way <= 12
    refusals = [event for _, event in played.events if isinstance(event, RiskRefusal)]
    assert sum(end.count for end in ends.ended if end.stage == "risk") == len(refusals)


def test_canary_an_end_counted_twice_is_seen(gathered: Evidence) -> None:
    twice = gathered.ends + Counter({next(iter(gathered.ends)): 50})
    ends = dispositions(msgspec.structs.replace(gathered, ends=twice))
    assert ends.total != ends.held + ends.candidates or ends.under_way < 0


def test_bars_are_those_of_the_venue_traded_on(gathered: Evidence, played: Recorded) -> None:
    klines = [
        event
        for _, event in played.events
        if isinstance(event, MarketKlines) and event.venue == "binance"
    ]
    assert gathered.timeframe == "5m"
    assert gathered.synthetic
    for symbol, bars in gathered.bars.items():
        row = klines[7].symbols.index(symbol)
        assert bars.close[7] == klines[7].close[row]
        assert len(bars.close) == len(klines)


class Story:
    """Envelopes in order; an event without a root is an input."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    def tells(self, kind: type[Event], *, root: int = 0, at: int = 0, **changes: Any) -> int:
        event = msgspec.structs.replace(example_of(kind), **changes)
        seq = len(self.envelopes) + 1
        self.envelopes.append(
            Envelope(seq, at, root, root or seq, "test", stream_of(kind), encode_event(event), 0)
        )
        return seq


def gapped(opens_at: float, trigger: str) -> Evidence:
    """A long stop that fills in the cascade of an open."""
    story = Story()
    story.tells(ProcessStarted, venue="sim:binance")
    story.tells(
        OrderRequested,
        root=1,
        client_id="stop",
        symbol="A",
        leg=Leg.STOP,
        side=Side.SELL,
        trigger=Decimal(trigger),
        price=None,
    )
    opens = story.tells(MarketOpens, venue="binance", symbols=("A",), price=(opens_at,))
    story.tells(
        Fill,
        root=opens,
        client_id="stop",
        symbol="A",
        side=Side.SELL,
        price=Decimal("94.9"),
        qty=Decimal(2),
    )
    story.tells(TradeClosed, root=opens, symbol="A")
    return gather(iter(story.envelopes))


def test_a_stop_that_the_market_opened_past_is_a_gap() -> None:
    past, before = gapped(95.0, "97"), gapped(97.5, "97")
    assert past.lives[0].fills[0].gapped
    assert not before.lives[0].fills[0].gapped
    assert past.lives[0].fills[0].slippage == Decimal("4.2")  # from the trigger, gap included


def test_a_fill_told_twice_counts_once() -> None:
    story = Story()
    story.tells(ProcessStarted, venue="sim:binance")
    for _ in range(2):
        story.tells(Fill, root=1, trade_id="same", symbol="A")
    story.tells(TradeClosed, root=1, symbol="A")
    assert len(gather(iter(story.envelopes)).lives[0].fills) == 1


def test_finer_bars_take_the_place_of_coarser_ones() -> None:
    story = Story()
    story.tells(ProcessStarted, venue="sim:binance")
    one: dict[str, Any] = {
        "venue": "binance",
        "symbols": ("A",),
        "open": (1.0,),
        "high": (2.0,),
        "low": (1.0,),
    }
    for timeframe, close in (("5m", 5.0), ("1m", 1.0), ("5m", 6.0), ("1m", 2.0)):
        story.tells(
            MarketKlines,
            **one,
            timeframe=timeframe,
            close=(close,),
            volume=(1.0,),
            open_time=int(close) * NS_PER_MINUTE,
        )
    story.tells(MarketKlines, **{**one, "venue": "bybit"}, timeframe="1m", close=(9.0,))
    found = gather(iter(story.envelopes))
    assert found.timeframe == "1m"
    assert list(found.bars["A"].close) == [1.0, 2.0]


def test_a_held_symbol_and_a_candidate_are_told_apart() -> None:
    story = Story()
    story.tells(
        DecisionSummary,
        symbols=("A", "B"),
        disposition=(Disposition.HOLD, Disposition.CANDIDATE),
        reason=("NO_VOTE", ""),
        report_only=((), ("EDGE",)),
    )
    found = gather(iter(story.envelopes))
    assert (found.dispositions, found.candidates) == (2, 1)
    assert list(found.ends.values()) == [1]
    assert found.let_by == {"EDGE": 1}

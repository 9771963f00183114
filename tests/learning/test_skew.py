"""What the mind was served is what a training would make of the same bars; one bit is seen."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.ai.features import Features, FeaturesConfig
from quantum_os.events.ai import AiFeatures
from quantum_os.events.base import Event, stream_of
from quantum_os.events.market import MarketData, MarketKlines
from quantum_os.events.units import NS_PER_HOUR, Frac, Ns
from quantum_os.formulas.kernels.feature_groups import ALL, Group
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.kernel.reactor import UnknownSnapshotVersion
from quantum_os.learning.skew import NothingServed, skew_of
from quantum_os.market.candles import Candles, CandlesConfig
from quantum_os.storage.recorded import Recorded
from tests.ai.scene import market

SYMBOLS = ("SOL/USDT:USDT", *(f"S{place}/USDT:USDT" for place in range(5)), "BTC/USDT:USDT")
LATE = SYMBOLS[3]
HALF_HOUR = NS_PER_HOUR // 2
START = 400_000 * NS_PER_HOUR
HOURS = 620


class Record:
    """The events of a story in memory, read like a run folder."""

    document: dict[str, object] | None = None
    folder = Path("story")

    def __init__(self, events: Sequence[tuple[int, Event]], first_seq: int = 1) -> None:
        self.envelopes = [
            Envelope(seq, ts, 0, seq, "test", stream_of(type(event)), encode_event(event), 0)
            for seq, (ts, event) in enumerate(events, start=first_seq)
        ]

    @property
    def span(self) -> tuple[int, int]:
        return self.envelopes[0].ts, self.envelopes[-1].ts

    @property
    def has_beginning(self) -> bool:
        return self.event(1) is not None

    def events(
        self, *streams: str, start_ts: int | None = None, end_ts: int | None = None
    ) -> Iterator[Envelope]:
        for each in self.envelopes:
            if each.stream in streams and (end_ts is None or each.ts <= end_ts):
                yield each

    def event(self, seq: int) -> Envelope | None:
        return next((each for each in self.envelopes if each.seq == seq), None)

    def latest(self, stream: str, before: int) -> Envelope | None:
        raise NotImplementedError

    def caused_by(self, seq: int) -> Iterator[Envelope]:
        raise NotImplementedError

    def mentioning(self, text: str, *streams: str) -> Iterator[Envelope]:
        raise NotImplementedError

    def close(self) -> None: ...
    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *unused: object) -> None: ...


def heard() -> Iterator[tuple[int, MarketKlines | MarketData]]:
    """Half-hours of seven perpetuals, and the hour's cross-section; one is listed late."""
    chance = np.random.default_rng(8)
    price = np.full(len(SYMBOLS), 100.0)
    section = market()
    for number in range(2 * HOURS):
        opened = START + number * HALF_HOUR
        closed = opened + HALF_HOUR
        before, price = price, price * np.exp(chance.normal(0.0, 0.007, len(price)))
        high, low = np.maximum(before, price) * 1.002, np.minimum(before, price) * 0.998
        there = [
            row
            for row, symbol in enumerate(SYMBOLS)
            if not (symbol == LATE and number < 150) and not (row == 1 and 600 <= number < 606)
        ]
        columns = [
            tuple(column[there].tolist())
            for column in (before, high, low, price, chance.lognormal(3.0, 1.0, len(price)))
        ]
        symbols = tuple(SYMBOLS[row] for row in there)
        if number != 901:  # one half-hour that no venue has
            o, h, l, c, v = columns  # noqa: E741
            yield (
                closed,
                MarketKlines("binance", "30m", Ns(opened), Ns(closed), symbols, o, h, l, c, v),
            )
        if closed % NS_PER_HOUR == 0:
            funding = [Frac(x) for x in chance.normal(0.0, 1e-4, len(SYMBOLS)).tolist()]
            known = tuple(None if x > 1e-4 else x for x in funding)
            count = len(SYMBOLS)
            yield (
                closed,
                msgspec.structs.replace(
                    section,
                    bar_close=Ns(closed),
                    symbols=SYMBOLS,
                    funding_rate=known,
                    divergence_bps=tuple(None if x > 1e-4 else abs(x) * 1e5 for x in funding),
                    flags=((),) * count,
                ),
            )


def story(groups: tuple[Group, ...], restart_at: int | None = None) -> list[tuple[int, Event]]:
    """What was heard and what the module served, with a restart in between if wanted."""
    config = FeaturesConfig("binance", "1h", groups)
    candles, module = Candles(CandlesConfig("binance", ("1h",))), Features(config)
    told: list[tuple[int, Event]] = []
    for number, (ts, event) in enumerate(heard()):
        if number == restart_at:
            kept = module.snapshot()
            module = Features(config)
            module.restore(kept)
        told.append((ts, event))
        if isinstance(event, MarketKlines):
            for candle in candles.on_klines(event) or ():
                module.on_candle(candle)
        else:
            told.append((ts, module.on_market_data(event)))
    return told


@pytest.fixture(scope="module")
def served() -> list[tuple[int, Event]]:
    return story(ALL)


def record(events: Sequence[tuple[int, Event]], first_seq: int = 1) -> Recorded:
    return Record(events, first_seq)


def test_what_was_served_is_computed_again_to_the_bit(served: list[tuple[int, Event]]) -> None:
    found = skew_of(record(served))

    assert (found.differences, found.first) == (0, None)
    assert found.bars == HOURS
    assert found.values == HOURS * len(SYMBOLS) * 80
    last = served[-1][1]
    assert isinstance(last, AiFeatures)
    unknown = {
        name for name, column in zip(last.names, last.columns, strict=True) if column[0] is None
    }
    assert unknown <= {"funding_bps", "funding_mean_bps", "funding_rank"} | {
        "divergence_bps",
        "divergence_mean_bps",
    }


def test_a_restart_serves_the_same(served: list[tuple[int, Event]]) -> None:
    again = story(ALL, restart_at=1_000)

    assert [encode_event(event) for _, event in again] == [
        encode_event(event) for _, event in served
    ]


def test_a_snapshot_of_other_groups_is_refused() -> None:
    before = Features(FeaturesConfig("binance", "1h"))
    candles = Candles(CandlesConfig("binance", ("1h",)))
    for _, event in islice(heard(), 10):
        if isinstance(event, MarketKlines):
            for candle in candles.on_klines(event) or ():
                before.on_candle(candle)
    after = Features(FeaturesConfig("binance", "1h", ALL))

    with pytest.raises(UnknownSnapshotVersion, match="other groups of features"):
        after.restore(before.snapshot())
    assert after.state.symbols == []


def with_another_venue(events: Sequence[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """The same, with another exchange's bar of the same time told after each."""
    told: list[tuple[int, Event]] = []
    for ts, event in events:
        told.append((ts, event))
        if isinstance(event, MarketKlines):
            told.append((ts, msgspec.structs.replace(event, venue="bybit")))
    return told


@pytest.mark.parametrize("candles_a_block", [1, 7, 100])
def test_a_block_ends_after_what_belongs_to_it(
    served: list[tuple[int, Event]], candles_a_block: int
) -> None:
    """Found on a recorded market: blocks ended between a candle and the features of its bar."""
    found = skew_of(record(with_another_venue(served)), candles_a_block=candles_a_block)

    assert (found.differences, found.first) == (0, None)
    assert found.bars == HOURS


def test_features_of_bars_alone_are_audited_too() -> None:
    found = skew_of(record(story((Group.BAR,))))

    assert found.differences == 0
    assert found.values == HOURS * len(SYMBOLS) * 21


def is_bars(said: tuple[int, Event]) -> bool:
    return isinstance(said[1], MarketKlines)


def bent(event: AiFeatures, row: int, place: int) -> AiFeatures:
    """The same with one value a single bit away."""
    columns = [list(column) for column in event.columns]
    value = columns[row][place]
    assert value is not None
    columns[row][place] = float(np.nextafter(value, np.inf))
    return msgspec.structs.replace(event, columns=tuple(map(tuple, columns)))


def test_one_bit_is_named(served: list[tuple[int, Event]]) -> None:
    events = list(served)
    at = max(place for place, (_, event) in enumerate(events) if isinstance(event, AiFeatures))
    ts, event = events[at]
    assert isinstance(event, AiFeatures)
    row = event.names.index("btc_beta")
    events[at] = ts, bent(event, row, 2)

    found = skew_of(record(events))
    assert found.differences == 1
    assert found.first is not None
    assert (found.first.symbol, found.first.feature) == (SYMBOLS[2], "btc_beta")
    assert found.first.seq == at + 1
    assert found.first.served != found.first.computed


def test_a_bar_that_was_not_what_was_served_from_is_seen(served: list[tuple[int, Event]]) -> None:
    events = list(served)
    at = next(place for place, each in enumerate(events) if place > 1_500 and is_bars(each))
    ts, event = events[at]
    assert isinstance(event, MarketKlines)
    high = (float(np.nextafter(event.high[0], np.inf)), *event.high[1:])
    events[at] = ts, msgspec.structs.replace(event, high=high)

    assert skew_of(record(events)).differences > 0


def test_a_day_is_compared_behind_all_that_came_before(served: list[tuple[int, Event]]) -> None:
    last = START + HOURS * NS_PER_HOUR
    found = skew_of(record(served), start=last - 23 * NS_PER_HOUR, end=last)

    assert (found.bars, found.differences) == (24, 0)


def test_a_record_without_its_beginning_or_features_is_refused(
    served: list[tuple[int, Event]],
) -> None:
    with pytest.raises(NothingServed, match="no longer begins at its first event"):
        skew_of(record(served[500:], first_seq=501))
    bars = [each for each in served if isinstance(each[1], MarketKlines)]
    with pytest.raises(NothingServed, match="no features were served"):
        skew_of(record(bars))

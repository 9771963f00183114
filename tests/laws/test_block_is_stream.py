"""A block says what the stream says: whole runs with models, missing bars, spoilt futures."""

from collections.abc import Iterator

import msgspec
import pytest

from quantum_os.ai.coming import Coming
from quantum_os.ai.feature_blocks import FeatureBlocks, Kernel
from quantum_os.ai.features import Features, FeaturesConfig
from quantum_os.ai.models.models_card import ModelsCard, models_card
from quantum_os.cli.reading_ahead import read_ahead
from quantum_os.events.ai import AiSignalGenerated
from quantum_os.events.base import Event
from quantum_os.events.learning import ModelPromoted
from quantum_os.events.market import MarketCandle, MarketKlines
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.kernels.state import Floats
from quantum_os.kernel.reactor import Module
from quantum_os.market.feeds.synthetic import START_NS
from tests.ai.models.ensembles import ensemble_until
from tests.laws.scenario import VENUE, Bent, Frame, Recorded, Scenario, plan_of, play

HOURLY = Scenario(days=5, policy={"decision": {"timeframe": "1h"}})
SEEN_H = 90
"""Hours of the market that the last models have seen: those of another era serve before."""
LATE = "SOL/USDT:USDT"
SLOTS = {"forest", "logistic", "sequence"}


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelsCard:
    end = START_NS + SEEN_H * NS_PER_HOUR
    return models_card(ensemble_until(tmp_path_factory.mktemp("models") / "models", end))


@pytest.fixture(scope="module")
def stream(card: ModelsCard) -> Recorded:
    return play(HOURLY, models=card)


def in_blocks(
    card: ModelsCard, coming: Coming, bent: Bent, variants: tuple[Module, ...] = ()
) -> Recorded:
    """The same fund over the same market, read ahead."""

    def ahead(frames: Iterator[Frame]) -> Iterator[Frame]:
        inputs = ((time, event) for time, _, event in bent(frames))
        return ((time, 0, event) for time, event in read_ahead(inputs, plan_of(HOURLY), coming))

    return play(HOURLY, models=card, bent=ahead, coming=coming, variants=variants)


def as_it_is(frames: Iterator[Frame]) -> Iterator[Frame]:
    return frames


def with_holes(frames: Iterator[Frame]) -> Iterator[Frame]:
    """A symbol that is listed late, one bar of it that never comes, and three hours of nobody."""
    for time, stage, event in frames:
        hour = (time - START_NS) / NS_PER_HOUR
        if isinstance(event, MarketKlines):
            if 60 < hour <= 63:
                continue
            if hour <= 40 or 70 < hour <= 71:
                yield time, stage, without(event, LATE)
                continue
        yield time, stage, event


def without(event: MarketKlines, symbol: str) -> MarketKlines:
    kept = [row for row, each in enumerate(event.symbols) if each != symbol]
    columns = ("symbols", "open", "high", "low", "close", "volume")
    return msgspec.structs.replace(
        event, **{name: tuple(getattr(event, name)[row] for row in kept) for name in columns}
    )


class Spoilt(Coming):
    """Foretells candles that will be others: every third one, and all from an hour on."""

    def tell(self, candle: MarketCandle) -> None:
        hour = (candle.close_time - START_NS) // NS_PER_HOUR
        if hour % 3 == 0 or hour > 100:
            higher = tuple([price * 1.07 for price in candle.close])
            candle = msgspec.structs.replace(candle, close=higher, high=higher)
        super().tell(candle)


def answers(run: Recorded) -> int:
    """How many symbols got an answer from the ensemble."""
    said = (event for _, event in run.events if isinstance(event, AiSignalGenerated))
    return sum(q is not None for event in said for q in event.q_long)


def swaps(run: Recorded) -> list[tuple[str, str, int]]:
    """(slot, model, when), in the order in which models began to serve."""
    said = (event for _, event in run.events if isinstance(event, ModelPromoted))
    return [(each.slot, each.model_id, each.bar_close) for each in said]


def first_difference(one: Recorded, other: Recorded) -> tuple[Event, Event] | None:
    for (a, said), (b, told) in zip(one.events, other.events, strict=False):
        if a.digest != b.digest:
            return said, told
    return None


def test_a_run_in_blocks_is_the_run_bar_by_bar(card: ModelsCard, stream: Recorded) -> None:
    coming = Coming()
    block = in_blocks(card, coming, as_it_is)

    assert first_difference(block, stream) is None
    assert str(block.digest.events) == str(stream.digest.events)
    assert answers(stream) > 100
    assert swaps(block) == swaps(stream)
    assert coming.bars_taken["features"] == 24 * HOURLY.days
    assert coming.bars_taken["regimes"] >= 24 * HOURLY.days - 1
    assert coming.bars_taken["answers"] > 10


def test_models_are_swapped_where_an_era_begins_and_all_of_them_at_once(stream: Recorded) -> None:
    """Each answer is of who was promoted last, and nobody speaks of what it knew."""
    times = sorted({at for _, _, at in swaps(stream)})
    assert len(times) == 2, "the first era of the three ends before the market begins"
    for at in times:
        assert {slot for slot, _, when in swaps(stream) if when == at} == SLOTS
    serving: dict[str, ModelPromoted] = {}
    for _, event in stream.events:
        if isinstance(event, ModelPromoted):
            before = serving.get(event.slot)
            assert event.previous == ("" if before is None else before.model_id)
            serving[event.slot] = event
        elif isinstance(event, AiSignalGenerated):
            for votes in event.voters:
                if votes.voter in SLOTS:
                    assert votes.version == serving[votes.voter].model_id
                    assert serving[votes.voter].knows_until < event.bar_close


def test_missing_bars_and_late_symbols_leave_the_block_for_the_stream(card: ModelsCard) -> None:
    coming = Coming()
    block, bar_by_bar = (
        in_blocks(card, coming, with_holes),
        play(HOURLY, models=card, bent=with_holes),
    )

    assert first_difference(block, bar_by_bar) is None
    assert str(block.digest.events) == str(bar_by_bar.digest.events)
    assert 0 < coming.bars_taken["features"] < 24 * HOURLY.days


def test_a_future_that_does_not_come_changes_nothing(card: ModelsCard, stream: Recorded) -> None:
    coming = Spoilt()
    block = in_blocks(card, coming, as_it_is)

    assert first_difference(block, stream) is None
    assert coming.bars_taken["features"] > 0


def test_a_block_that_trusts_what_was_foretold_is_caught(
    card: ModelsCard, stream: Recorded
) -> None:
    """The canary: taken without looking whether the candle came, a spoilt block is seen."""
    coming = Spoilt()
    block = in_blocks(card, coming, as_it_is, (Trusting(coming),))

    assert first_difference(block, stream) is not None


class TrustingBlocks(FeatureBlocks):
    """Takes whatever row is next."""

    def taken(
        self, kernel: Kernel, symbols: list[str], event: MarketCandle, bar: Floats
    ) -> tuple[Kernel, Floats | None]:
        block = self._block
        if block is None or block.taken + 1 == len(block.times):
            return super().taken(kernel, symbols, event, bar)
        block.taken += 1
        return kernel, block.values[:, block.taken - 1]


class Trusting(Features):
    def __init__(self, coming: Coming) -> None:
        super().__init__(FeaturesConfig(VENUE, "1h"), coming)
        self._blocks = TrustingBlocks(coming, self._of_bars)

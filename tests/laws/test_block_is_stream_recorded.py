"""A block says what the stream says of a recorded market, in the fund that the command line builds.

Where no recorded market is at hand the same is held on a made-up one, and it is said which.
"""

from pathlib import Path

import msgspec
import pytest

from quantum_os.ai.coming import Coming
from quantum_os.cli.backtesting import timers_of
from quantum_os.cli.planning import plan_run, whole_models
from quantum_os.cli.reading_ahead import read_ahead
from quantum_os.events.ai import AiSignalGenerated
from quantum_os.events.base import stream_of
from quantum_os.events.units import NS_PER_DAY, Mode
from quantum_os.kernel.bus import KERNEL, Bus
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.lineup import Recording, line_up
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape import TapeFeed
from quantum_os.market.feeds.tape_frames import open_tape
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import load_settings
from tests.ai.models.ensembles import ensemble_until

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "5m_from_2025-07"
FROM_NS = 1_751_673_600_000_000_000
"""2025-07-05, the first whole day of that market."""
DAYS, SEEN_DAYS = 16, 5
BUILD = "test"


class Answered(MemoryJournal):
    """Counts the answers of the ensemble and the digests of all events, by their number."""

    def __init__(self) -> None:
        super().__init__()
        self.digests: list[int] = []
        self.answers = 0

    def append(self, envelope: Envelope) -> None:
        self.digests.append(envelope.digest)
        if envelope.stream == stream_of(AiSignalGenerated):
            event = envelope.event()
            assert isinstance(event, AiSignalGenerated)
            self.answers += sum(q is not None for q in event.q_long)


class Played(msgspec.Struct, frozen=True):
    journal: Answered
    events: str
    decisions: str
    taken: dict[str, int]


@pytest.fixture(scope="module")
def market() -> Recording:
    if not SHARED.is_dir():
        print("market under test: synthetic, seed 7")
        return SyntheticMarket(seed=7, days=DAYS)
    print(f"market under test: recorded, {SHARED}")
    known = {instrument.symbol for instrument in packaged_instruments()}
    end = FROM_NS + DAYS * NS_PER_DAY
    return open_tape((SHARED,), known_symbols=known, start=FROM_NS, end=end)


@pytest.fixture(scope="module")
def models(market: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "models"
    return ensemble_until(folder, market.start + SEEN_DAYS * NS_PER_DAY)


def played(market: Recording, models: Path, *, ahead: bool) -> Played:
    """Plays the market through the fund, with candles foretold or not."""
    given = {"run": {"profile": "research", "models": str(models)}}
    plan = plan_run(load_settings(None, given, {"PATH": ""}), market, Mode.BACKTEST)
    loaded, feed, coming, journal = whole_models(plan), TapeFeed(market), Coming(), Answered()
    modules = line_up(plan, feed, models=loaded, coming=coming)
    bus = Bus(modules, journal)
    driver = Driver(bus, timers_of(modules))
    driver.offer(market.start, plan.first_event(BUILD, market.start), KERNEL)
    for told in loaded.told if loaded is not None else ():
        driver.offer(market.start, told, KERNEL)
    inputs = feed.inputs()
    for at, event in read_ahead(inputs, plan, coming) if ahead else inputs:
        driver.offer(at, event, feed.name)
    assert not bus.faulted
    digest = bus.digest
    return Played(journal, str(digest.events), str(digest.decisions), dict(coming.bars_taken))


def test_a_recorded_market_in_blocks_is_that_market_bar_by_bar(
    market: Recording, models: Path
) -> None:
    block, stream = played(market, models, ahead=True), played(market, models, ahead=False)

    pairs = zip(block.journal.digests, stream.journal.digests, strict=True)
    assert next((seq for seq, (one, other) in enumerate(pairs, 1) if one != other), None) is None
    assert (block.events, block.decisions) == (stream.events, stream.decisions)
    assert stream.journal.answers > 1_000
    assert block.taken["features"] > 24 * (DAYS - 1)
    assert block.taken["answers"] > 100
    assert stream.taken == {}

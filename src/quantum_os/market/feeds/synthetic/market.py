"""In which order the made-up market speaks: like a tape, and between the bars in ticks if asked."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.market import FeedWatermark, MarketKlines
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, Ns
from quantum_os.formulas.timeframes import timeframe_ns
from quantum_os.kernel.chance import generator
from quantum_os.kernel.ids import derive
from quantum_os.market.feeds.scenario import Scenario
from quantum_os.market.feeds.stage import Stage
from quantum_os.market.feeds.synthetic.calibration import LISTED, PRICE_VENUE, SECOND_VENUE
from quantum_os.market.feeds.synthetic.crash import STARTS_MIN, Crash, crash_at
from quantum_os.market.feeds.synthetic.days import Day, days_of
from quantum_os.market.feeds.synthetic.grid import Grid
from quantum_os.market.feeds.synthetic.telling import Slot, funding_told, slots
from quantum_os.market.feeds.synthetic.ticks import TickDay, ticks_of

START_NS = 1_735_689_600_000_000_000
"""2025-01-01T00:00Z, where every synthetic market begins."""

MODEL = 2
"""Counts the changes after which the same seed gives other prices."""

STEP_MAX_NS = NS_PER_HOUR
"""Longer bars are built from these."""

WATCHED_BEFORE_NS = 15 * NS_PER_MINUTE
"""How long before a crash it is worth watching."""

Frame = tuple[int, int, Event | None]
"""Time (ns), stage, event or None where due timers fire."""


class SyntheticMarket(msgspec.Struct, frozen=True):
    """A seeded market of two venues in bars of `timeframe`; nothing in it has ever traded.

    The same seed gives the same bars for ever, whether ticks are offered or not: from `ticks_from`
    (ns) on each bar is also told trade by trade. `disturbed` False leaves out what venues do wrong.
    The crash comes on the last day but one. Raises ValueError for days under 1 and for bars that
    are longer than an hour.
    """

    seed: int = 0
    days: int = 60
    timeframe: str = "5m"
    scenario: Scenario = Scenario.CALM
    disturbed: bool = True
    ticks_from: int | None = None

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError(f"a synthetic market has 1 day at least, not {self.days}")
        if self.step_ns > STEP_MAX_NS:
            raise ValueError(f"a synthetic market has bars of 1h at most, not {self.timeframe}")

    @property
    def is_synthetic(self) -> bool:
        return True

    @property
    def venues(self) -> tuple[str, ...]:
        return (PRICE_VENUE, SECOND_VENUE)

    @property
    def step_ns(self) -> int:
        return timeframe_ns(self.timeframe)

    @property
    def start(self) -> int:
        return START_NS

    @property
    def end(self) -> int:
        return START_NS + self.days * NS_PER_DAY

    @property
    def bars(self) -> int:
        """Bars that both venues have if nothing goes wrong."""
        listed = len(self.symbols(PRICE_VENUE)) + len(self.symbols(SECOND_VENUE))
        return self.days * (NS_PER_DAY // self.step_ns) * listed

    @property
    def data_hash(self) -> str:
        return derive("synthetic", MODEL, *msgspec.structs.astuple(self))

    @property
    def assumptions(self) -> tuple[str, ...]:
        said: tuple[str, ...] = (
            "the market is synthetic: its profits and losses say nothing about a real one",
        )
        if self.scenario is Scenario.CRASH:
            said += ("the crash is staged: it is in every run of this scenario",)
        return said

    @property
    def notices(self) -> tuple[str, ...]:
        return ()

    @property
    def crash(self) -> Crash | None:
        """The crash of this scenario; None in the calm one."""
        if self.scenario is not Scenario.CRASH:
            return None
        day = max(0, self.days - 2)
        start = START_NS + day * NS_PER_DAY + STARTS_MIN * NS_PER_MINUTE
        return crash_at(start, self.seed)

    @property
    def watched_from(self) -> int | None:
        """From when on (ns) it is worth watching; None: at any time."""
        return None if self.crash is None else self.crash.start - WATCHED_BEFORE_NS

    def symbols(self, venue: str) -> tuple[str, ...]:
        """The symbols of a venue, in the order of the listing."""
        if venue == SECOND_VENUE:
            return tuple(each.symbol for each in LISTED if each.second is not None)
        return tuple(each.symbol for each in LISTED) if venue == PRICE_VENUE else ()

    def funded(self, venue: str) -> tuple[str, ...]:
        return self.symbols(venue)

    def made(self) -> Iterator[Day]:
        """Makes one day after another."""
        grids = (Grid(START_NS + day * NS_PER_DAY, self.step_ns) for day in range(self.days))
        return days_of(self.seed, grids, self.crash, disturbed=self.disturbed)

    def frames(self) -> Iterator[Frame]:
        """Plays the market as a tape does: facts, closes, watermarks, timers, opens of each time.

        Between the opens of a bar and its close come its ticks, each moment behind a timer mark.
        """
        closing: tuple[MarketKlines | None, ...] = ()
        for number, day in enumerate(self.made()):
            told = zip(*(self._slots(venue, day) for venue in self.venues), strict=True)
            ticks = self._ticks(number, day)
            for step, pair in enumerate(told):
                time = day.grid.start + step * day.grid.step_ns
                yield from self._turn(time, day, closing)
                for _, opens in pair:
                    if opens is not None:
                        yield time, Stage.OPENS, opens
                closing = tuple(klines for klines, _ in pair)
                if ticks:
                    yield from self._inside(day.grid, step, ticks)
        yield from _closes(self.end, closing)
        yield self.end, Stage.TIMERS, None

    def _slots(self, venue: str, day: Day) -> Iterator[Slot]:
        made = day.first if venue == PRICE_VENUE else day.second
        return slots(venue, self.timeframe, day.grid, made)

    def _turn(
        self, time: int, day: Day, closing: tuple[MarketKlines | None, ...]
    ) -> Iterator[Frame]:
        """What is said where one bar ends and the next begins."""
        rates = day.stamps.get(time)
        if rates is not None:
            for fact in funding_told(PRICE_VENUE, SECOND_VENUE, time, rates):
                yield time, Stage.FACTS, fact
        if closing:
            yield from _closes(time, closing)
        yield time, Stage.TIMERS, None

    def _ticks(self, number: int, day: Day) -> list[TickDay]:
        if self.ticks_from is None or day.grid.start + NS_PER_DAY <= self.ticks_from:
            return []
        made = ((PRICE_VENUE, day.first), (SECOND_VENUE, day.second))
        return [
            ticks_of(generator(self.seed, "synthetic", "ticks", venue, str(number)), venue, each)
            for venue, each in made
        ]

    def _inside(self, grid: Grid, step: int, ticks: list[TickDay]) -> Iterator[Frame]:
        opened = grid.start + step * grid.step_ns
        if self.ticks_from is None or opened < self.ticks_from:
            return
        times = grid.inside(step)
        for point, time in enumerate(times):
            if point:
                yield time, Stage.TIMERS, None
            for each in ticks:
                for tick in each.at(step, point, time):
                    yield time, Stage.TICKS, tick


def _closes(time: int, closing: tuple[MarketKlines | None, ...]) -> Iterator[Frame]:
    for klines in closing:
        if klines is not None:
            yield time, Stage.CLOSES, klines
    for venue in (PRICE_VENUE, SECOND_VENUE):
        yield time, Stage.WATERMARK, FeedWatermark(venue, Ns(time))

"""Which bars of a file the fund would distrust while it trades: the same judge, the same flags."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from quantum_os.events.market import (
    ExchangeRaw,
    FeedWatermark,
    InstrumentUpdated,
    MarketFlagged,
    MarketKlines,
)
from quantum_os.events.units import Flag
from quantum_os.market.feeds.tape_facts import iso
from quantum_os.market.feeds.tape_files import TapeFile
from quantum_os.market.feeds.tape_frames import open_tape
from quantum_os.market.inspection.bars import Bars
from quantum_os.market.inspection.findings import Episode
from quantum_os.market.instrument_book import BOOK_VENUE, PACKAGED, packaged_instruments
from quantum_os.market.quality import Quality, QualityConfig


class Flagged(msgspec.Struct):
    """The episodes of a file, by the close of their first bar, and the bars under any flag."""

    episodes: list[Episode] = []
    bars: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How often each flag was raised."""
        flags = [episode.flag.value for episode in self.episodes]
        return {flag: flags.count(flag) for flag in dict.fromkeys(flags)}


def flagged(file: TapeFile, bars: Bars, witnesses: Sequence[Path] = ()) -> Flagged:
    """Plays a file with its witnesses: other venues' bars and marks, which can confirm a move."""
    start, end = int(bars.times[0]), int(bars.closes_at[-1])
    tape = open_tape((file.path, *witnesses), known_symbols={file.symbol}, start=start, end=end)
    quality = Quality(QualityConfig())
    quality.on_instruments(InstrumentUpdated(BOOK_VENUE, packaged_instruments(), PACKAGED))
    found = Flagged()
    raised: tuple[Flag, ...] = ()
    since = 0
    for _, _, event in tape.frames():
        for told in _said(quality, event):
            if told.venue != file.venue:
                continue
            for flag in told.flags:
                if flag not in raised:
                    found.episodes.append(Episode(iso(told.since), flag, told.evidence))
            found.bars += _closed(bars, since, told.since) if raised else 0
            raised, since = told.flags, told.since
    found.bars += _closed(bars, since, end + 1) if raised else 0
    return found


def _closed(bars: Bars, since: int, until: int) -> int:
    """Counts the bars that closed from one time on and before another."""
    rows = np.searchsorted(bars.closes_at, (since, until))
    return int(rows[1] - rows[0])


def _said(quality: Quality, event: object) -> Iterator[MarketFlagged]:
    if isinstance(event, MarketKlines):
        said = quality.on_klines(event)
    elif isinstance(event, FeedWatermark):
        said = quality.on_watermark(event)
    else:
        if isinstance(event, ExchangeRaw):
            quality.on_raw(event)
        return
    yield from (each for each in said or () if isinstance(each, MarketFlagged))

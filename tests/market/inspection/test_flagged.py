"""The flags of a file are the run's own, and count the bars that they cover."""

from pathlib import Path

import polars as pl

from quantum_os.events.units import NS_PER_MINUTE, Flag
from quantum_os.market.feeds.tape_files import TapeFile, discover
from quantum_os.market.inspection.bars import read_bars
from quantum_os.market.inspection.flagged import Flagged, flagged
from quantum_os.market.quality import QualityConfig
from tests.market.pairs import perp, spot, written

CLEAN_BARS = QualityConfig().clean_bars


def found(frame: pl.DataFrame, folder: Path) -> Flagged:
    (file,) = discover([written(frame, folder, "binance_um_BTCUSDT_5m")])
    assert isinstance(file, TapeFile)
    assert file.step_ns == 5 * NS_PER_MINUTE
    return flagged(file, read_bars(file))


def test_a_clean_file_has_none(tmp_path: Path) -> None:
    assert found(perp(400), tmp_path) == Flagged()


def test_one_foreign_bar_is_one_episode_that_lasts_until_enough_clean_ones(tmp_path: Path) -> None:
    one = pl.concat([perp(400)[:200], spot(400)[200:201], perp(400)[201:]])
    told = found(one, tmp_path)
    assert [episode.flag for episode in told.episodes] == [Flag.FOREIGN]
    assert told.counts == {"foreign": 1}
    assert told.bars == CLEAN_BARS


def test_bars_that_are_missing_are_not_counted_as_flagged(tmp_path: Path) -> None:
    """A hole of a day is one episode; the bars after it are covered, those in it do not exist."""
    holed = pl.concat([perp(800)[:300], perp(800)[588:]])
    told = found(holed, tmp_path)
    assert told.counts["gap"] == 1
    assert told.bars <= 2 * CLEAN_BARS


def test_a_flag_in_force_at_the_end_counts_to_the_last_bar(tmp_path: Path) -> None:
    told = found(pl.concat([perp(400)[:350], spot(400)[350:]]), tmp_path)
    assert told.counts == {"foreign": 1}
    assert 40 <= told.bars <= 50

"""A plausible file of wrong bars is flagged while it plays, and condemned before it does."""

from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl
import pytest

from quantum_os.events.market import (
    FeedWatermark,
    InstrumentUpdated,
    MarketFlagged,
    MarketKlines,
)
from quantum_os.events.units import NS_PER_DAY, Flag
from quantum_os.kernel.iso_time import from_iso, iso
from quantum_os.market.feeds.tape_frames import open_tape
from quantum_os.market.inspection.findings import Evidence, FileReport, Verdict
from quantum_os.market.inspection.inspect import inspect
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.market.quality import Quality, QualityConfig
from tests.market.pairs import DIRTY, SHARED, hourly, perp, spot, written
from tests.parity.fund import run_fund
from tests.parity.rule import Task
from tests.parity.tasks import ONE

BTC = "BTC/USDT:USDT"
DAY = 288
SEAM = 38 * DAY
"""Bars of the made 5m file before spot bars follow; 1.5 % of it are spot, as in the real one."""


class Dirt(msgspec.Struct, frozen=True):
    """A 5m file with spot bars from `seam` on, a 1h file that is all spot, and true witnesses."""

    fives: Path
    hours: Path
    seam: str
    perp: Path
    spot: Path
    mark: Path


def made_dirt(folder: Path) -> Dirt:
    good, bad = perp(SEAM + 160), spot(SEAM + 160)
    marks = hourly(good).drop("volume")
    hours = hourly(bad)
    return Dirt(
        fives=written(pl.concat([good[:SEAM], bad[SEAM:]]), folder, "binance_um_BTCUSDT_5m"),
        hours=written(hours, folder, "binance_um_BTCUSDT_1h"),
        seam="2025-02-08T00:05:00Z",
        perp=written(hourly(good), folder / "true", "binance_um_BTCUSDT_1h"),
        spot=written(hours, folder / "true", "binance_spot_BTCUSDT_1h"),
        mark=written(marks, folder / "true", "binance_um_BTCUSDT_mark_1h"),
    )


def real_dirt() -> Dirt:
    return Dirt(
        fives=DIRTY / "binance_um_BTCUSDT_5m_DIRTY.parquet",
        hours=DIRTY / "binance_um_BTCUSDT_1h_DIRTY.parquet",
        seam="2025-02-18T10:35:00Z",
        perp=SHARED / "1h_from_2019-09" / "binance_um_BTCUSDT_1h.parquet",
        spot=SHARED / "1h_from_2022-01" / "binance_spot_BTCUSDT_1h.parquet",
        mark=SHARED / "mark_1h" / "binance_um_BTCUSDT_mark_1h.parquet",
    )


@pytest.fixture(scope="module", params=["made", *(["real"] if DIRTY.is_dir() else [])])
def dirt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dirt:
    return real_dirt() if request.param == "real" else made_dirt(tmp_path_factory.mktemp("dirt"))


def flagged(path: Path) -> list[MarketFlagged]:
    """What the fund says while a file plays."""
    quality, said = Quality(QualityConfig()), list[object]()
    quality.on_instruments(InstrumentUpdated("sim:binance", packaged_instruments(), "packaged"))
    for _, _, event in open_tape([path], known_symbols={BTC}).frames():
        if isinstance(event, MarketKlines):
            said += quality.on_klines(event) or ()
        elif isinstance(event, FeedWatermark):
            said += quality.on_watermark(event) or ()
    return [event for event in said if isinstance(event, MarketFlagged)]


def condemned(*paths: Path) -> dict[Path, FileReport]:
    return {Path(report.path): report for report in inspect(paths)}


def evidence(report: FileReport) -> set[Evidence]:
    return {finding.evidence for finding in report.findings}


def test_at_run_time_the_spot_bars_are_flagged_where_they_begin(dirt: Dirt) -> None:
    told = [event for event in flagged(dirt.fives) if Flag.FOREIGN in event.flags]
    assert iso(told[0].since) in {dirt.seam, dirt.seam.replace(":05:", ":15:")}
    last = flagged(dirt.fives)[-1]
    assert Flag.FOREIGN in last.flags, "the flag holds to the end of the file"


def test_at_run_time_a_file_that_is_all_spot_is_flagged_from_its_first_day(dirt: Dirt) -> None:
    told = flagged(dirt.hours)
    assert Flag.FOREIGN in told[0].flags
    assert all(Flag.FOREIGN in event.flags for event in told)


def test_each_dirty_file_is_condemned_alone(dirt: Dirt) -> None:
    for path in (dirt.fives, dirt.hours):
        (report,) = condemned(path).values()
        assert report.verdict is Verdict.SUSPICIOUS
        assert evidence(report) == {Evidence.OFF_GRID}


def test_witnesses_add_to_the_evidence_and_stay_unsuspected_themselves(dirt: Dirt) -> None:
    found = condemned(dirt.fives, dirt.hours, dirt.perp, dirt.spot, dirt.mark)
    assert found[dirt.perp].verdict is Verdict.OK
    assert evidence(found[dirt.hours]) == {
        Evidence.OFF_GRID,
        Evidence.DISAGREES,
        Evidence.SPOT_TWIN,
        Evidence.APART,
    }
    assert evidence(found[dirt.fives]) == {
        Evidence.OFF_GRID,
        Evidence.DISAGREES,
        Evidence.SPOT_TWIN,
    }
    for report in (found[dirt.hours], found[dirt.fives]):
        counts = {one.against: one.count / one.of for one in report.findings if one.against}
        whole = report is found[dirt.hours]
        assert counts[str(dirt.spot)] == 1.0 if whole else 0.01 < counts[str(dirt.spot)] < 0.02


def test_without_the_grid_only_a_witness_can_tell(dirt: Dirt, tmp_path: Path) -> None:
    """What no look at one file can show: spot bars rounded to the perpetual's own grid."""
    prices = pl.col("open", "high", "low", "close").round(1)
    rounded = pl.read_parquet(dirt.hours).with_columns(prices, pl.col("volume").round(3))
    path = written(rounded, tmp_path, "binance_um_BTCUSDT_1h")
    (alone,) = condemned(path).values()
    assert (alone.verdict, alone.compared) == (Verdict.OK, ())
    assert "would not be noticed" in alone.note
    assert flagged(path) == [] or all(Flag.FOREIGN not in event.flags for event in flagged(path))
    for witness, expected in ((dirt.perp, Evidence.DISAGREES), (dirt.mark, Evidence.APART)):
        assert evidence(condemned(path, witness)[path]) == {expected}


def test_the_whole_fund_takes_no_entry_once_the_bars_are_foreign(dirt: Dirt) -> None:
    """It trades the true bars before the seam, and nothing but exits after it."""
    seam = from_iso(dirt.seam)
    start = seam - 12 * NS_PER_DAY
    task = Task("dirty", (dirt.fives,), start, 2**62, {BTC: Decimal("0.1")})
    entered = [trade.entered for trade in run_fund(task, ONE).trades]
    assert len(entered) > 3
    assert max(entered) <= seam

"""A file is suspicious for its own figures, or for what unsuspected files say of it."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.inspection.findings import Evidence, FileReport, Verdict
from quantum_os.market.inspection.inspect import ALONE, inspect
from tests.market.pairs import hourly, perp, spot, written

DAY = 288
PERP_5M, PERP_1H = "binance_um_BTCUSDT_5m", "binance_um_BTCUSDT_1h"


def reports(*paths: Path) -> list[FileReport]:
    return list(inspect(paths))


def evidence(report: FileReport) -> list[Evidence]:
    return [finding.evidence for finding in report.findings]


def nudged(frame: pl.DataFrame, step: float = 0.1) -> pl.DataFrame:
    """The same market with every price one tick higher: on the grid, and wrong."""
    return frame.with_columns((pl.col(*("open", "high", "low", "close")) + step).round(1))


def test_a_clean_file_alone_is_ok_and_what_is_not_known_is_said(tmp_path: Path) -> None:
    (report,) = reports(written(perp(DAY), tmp_path, PERP_5M))
    assert (report.verdict, report.findings, report.flagged_bars) == (Verdict.OK, (), 0)
    assert (report.bars, report.note) == (DAY, ALONE)
    assert (report.start, report.end) == ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z")


def test_spot_bars_mixed_in_show_by_their_figures_alone(tmp_path: Path) -> None:
    mixed = pl.concat([perp(DAY * 4)[: DAY * 2], spot(DAY * 4)[DAY * 2 :]])
    (report,) = reports(written(mixed, tmp_path, PERP_5M))
    assert report.verdict is Verdict.SUSPICIOUS
    (finding,) = report.findings
    assert finding.evidence is Evidence.OFF_GRID
    assert finding.first.startswith("2025-01-03T00:")
    assert "tick 0.1 and step 0.001; there the price jumps by +4." in finding.reason
    assert "volume 6.6 times lower" in finding.reason
    assert report.flags == {"foreign": 1}


def test_without_filters_the_rest_of_the_file_is_the_measure(tmp_path: Path) -> None:
    mixed = pl.concat([perp(DAY * 4)[: DAY * 3 + 200], spot(DAY * 4)[DAY * 3 + 200 :]])
    (report,) = reports(written(mixed, tmp_path, "bybit_linear_BTCUSDT_5m"))
    assert evidence(report) == [Evidence.OFF_GRID]
    assert "the rest of the file has tick 0.1 and step 0.001" in report.findings[0].reason
    whole = written(spot(DAY * 4), tmp_path / "whole", "bybit_linear_BTCUSDT_5m")
    assert reports(whole)[0].verdict is Verdict.OK  # alone, nothing can be known of it


def test_a_file_with_evidence_of_its_own_does_not_drag_others_down(tmp_path: Path) -> None:
    mixed = pl.concat([perp(DAY * 4)[: DAY * 2], spot(DAY * 4)[DAY * 2 :]])
    dirty = written(mixed, tmp_path, PERP_5M)
    clean = written(hourly(perp(DAY * 4)), tmp_path, PERP_1H)
    hours, fives = reports(clean, dirty)
    assert (hours.verdict, hours.findings) == (Verdict.OK, ())
    assert evidence(fives) == [Evidence.OFF_GRID, Evidence.DISAGREES]
    assert fives.findings[1].against == str(clean)


def test_of_two_files_on_the_grid_nobody_knows_which_is_wrong(tmp_path: Path) -> None:
    one = written(perp(DAY), tmp_path, PERP_5M)
    other = written(hourly(nudged(perp(DAY))), tmp_path, PERP_1H)
    assert [evidence(report) for report in reports(one, other)] == [[Evidence.DISAGREES]] * 2


def test_a_third_file_tells_which_of_two_is_wrong(tmp_path: Path) -> None:
    right = [
        written(perp(DAY * 2), tmp_path, PERP_5M),
        written(hourly(perp(DAY * 2)), tmp_path, PERP_1H),
    ]
    wrong = written(nudged(perp(DAY * 2)), tmp_path / "other", PERP_5M)
    found = {report.path: evidence(report) for report in reports(*right, wrong)}
    assert [found[str(path)] for path in right] == [[], []]
    assert found[str(wrong)] == [Evidence.DISAGREES, Evidence.DISAGREES]


def test_a_spot_file_witnesses_and_is_not_judged(tmp_path: Path) -> None:
    """XRP's spot market has the tick of its perpetual: only the comparison shows the copy."""
    on_grid = spot(DAY).with_columns(pl.col("volume").round(3))
    copy = written(on_grid, tmp_path, PERP_5M)
    witness = written(on_grid, tmp_path, "binance_spot_BTCUSDT_5m")
    (alone,) = reports(copy)
    assert alone.verdict is Verdict.OK
    spots, copied = reports(copy, witness)
    assert (spots.verdict, spots.kind) == (Verdict.NOT_JUDGED, "spot")
    assert (copied.verdict, evidence(copied)) == (Verdict.SUSPICIOUS, [Evidence.SPOT_TWIN])


def test_marks_and_other_venues_witness_against_a_constant_difference(tmp_path: Path) -> None:
    bars, away = perp(DAY * 3), nudged(perp(DAY * 3), 40.0)
    mark = written(hourly(bars).drop("volume"), tmp_path, "binance_um_BTCUSDT_mark_1h")
    venue = written(bars, tmp_path, "bybit_linear_BTCUSDT_5m")
    good, bad = (written(frame, tmp_path / n, PERP_5M) for n, frame in (("a", bars), ("b", away)))
    for witness in (mark, venue):
        assert evidence(_of(good, reports(good, witness))) == []
        assert evidence(_of(bad, reports(bad, witness))) == [Evidence.APART]


def test_impossible_rows_are_a_finding_and_not_the_end(tmp_path: Path) -> None:
    broken = perp(DAY).with_columns(high=pl.col("low") - 1.0)
    path = written(broken, tmp_path, PERP_5M)
    fine = written(hourly(perp(DAY)), tmp_path, PERP_1H)
    hours, fives = reports(path, fine)
    assert hours.verdict is Verdict.OK
    assert (fives.verdict, evidence(fives)) == (Verdict.SUSPICIOUS, [Evidence.UNREADABLE])
    assert "row 1, column high" in fives.findings[0].reason


def test_a_second_venue_confirms_a_move_that_looks_odd_alone(tmp_path: Path) -> None:
    jumped = perp(DAY * 2).with_columns(
        pl.when(pl.int_range(pl.len()) >= 500)
        .then(pl.col(name) * 1.05)
        .otherwise(pl.col(name))
        .round(1)
        for name in ("open", "high", "low", "close")
    )
    alone = written(jumped, tmp_path, PERP_5M)
    other = written(jumped, tmp_path, "bybit_linear_BTCUSDT_5m")
    assert reports(alone)[0].flags == {"outlier": 1}
    assert [report.flags for report in reports(alone, other)] == [{}, {}]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="no such file"):
        inspect([tmp_path / "nowhere"])


def test_progress_ends_where_it_said_it_would(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    paths = [written(perp(DAY), tmp_path, PERP_5M), written(hourly(perp(DAY)), tmp_path, PERP_1H)]
    inspect(paths, lambda done, of: heard.append((done, of)))
    assert heard == [(done, 5) for done in range(1, 6)]


def _of(path: Path, found: Sequence[FileReport]) -> FileReport:
    return next(report for report in found if report.path == str(path))

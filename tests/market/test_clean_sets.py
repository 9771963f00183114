"""On clean recordings the fund distrusts what a person looking at the bar would, and no more.

`golden/clean_flags.csv` lists every flag over 2.3 million bars of six years, each looked at, with
the reason in words.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.events.base import Event
from quantum_os.events.market import (
    FeedWatermark,
    InstrumentUpdated,
    MarketFlagged,
    MarketKlines,
)
from quantum_os.events.units import Flag
from quantum_os.kernel.iso_time import iso
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape_frames import open_tape
from quantum_os.market.inspection.findings import Verdict
from quantum_os.market.inspection.inspect import inspect
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.market.quality import Quality, QualityConfig
from tests.market.pairs import SHARED, hourly, perp, written

GOLDEN = Path(__file__).parent / "golden" / "clean_flags.csv"
INSTRUMENTS = packaged_instruments()
SPOT_SETS = {"1h_from_2022-01"}
SETS = sorted({path.name for path in SHARED.glob("*_from_*")} - SPOT_SETS)

Told = tuple[str, str, str]
"""The close of a bar, a symbol, and the flag it got."""


def judged() -> dict[str, list[Told]]:
    """What people found odd, by set."""
    found: dict[str, list[Told]] = defaultdict(list)
    with GOLDEN.open(newline="") as file:
        for row in csv.DictReader(file):
            assert row["reason"]
            found[row["set"]].append((row["bar_close"], row["symbol"], row["flag"]))
    return found


def raised(events: Iterator[Event | None]) -> list[Told]:
    """What the fund flags in a market, each flag when it is raised."""
    quality = Quality(QualityConfig())
    quality.on_instruments(InstrumentUpdated("sim:binance", INSTRUMENTS, "packaged"))
    in_force: dict[str, tuple[Flag, ...]] = {}
    found: list[Told] = []
    for event in events:
        if isinstance(event, MarketKlines):
            said = quality.on_klines(event)
        elif isinstance(event, FeedWatermark):
            said = quality.on_watermark(event)
        else:
            continue
        for told in said or ():
            if isinstance(told, MarketFlagged):
                new = set(told.flags) - set(in_force.get(told.symbol, ()))
                found += [(iso(told.since), told.symbol, flag.value) for flag in new]
                in_force[told.symbol] = told.flags
    return sorted(found)


@pytest.mark.parametrize("name", SETS or ["synthetic"])
def test_only_what_a_person_would_flag_is_flagged(name: str) -> None:
    if name == "synthetic":
        print("no recordings at hand: a synthetic market stands in, which nobody has judged")
        told = raised(event for _, _, event in SyntheticMarket(days=20).frames())
        assert not {flag for *_, flag in told} & {Flag.FOREIGN, Flag.GAP}
        return
    tape = open_tape([SHARED / name], known_symbols={known.symbol for known in INSTRUMENTS})
    assert raised(event for _, _, event in tape.frames()) == judged()[name]


def test_the_list_is_about_sets_that_exist() -> None:
    assert set(judged()) <= set(SETS or judged())
    assert 0 < sum(map(len, judged().values())) < 100


@pytest.mark.parametrize("coin", ["BTC", "SOL"] if SETS else ["made"])
def test_recordings_of_many_hands_witness_for_each_other(coin: str, tmp_path: Path) -> None:
    """Every file of a coin against every other, its marks and its spot market."""
    large = ("1m_from_2025-05", "5m_from_2023-01")
    if coin == "made":
        print("no recordings at hand: made files stand in")
        written(perp(288), tmp_path, "binance_um_BTCUSDT_5m")
        written(hourly(perp(288)), tmp_path, "binance_um_BTCUSDT_1h")
        files = sorted(tmp_path.iterdir())
    else:
        sets = (path for path in SHARED.iterdir() if path.name not in (*large, "dirty", "fixtures"))
        files = [file for path in sets for file in path.glob(f"*_{coin}USDT_*.parquet")]
    reports = [report for report in inspect(files) if report.kind == "klines"]
    assert len(reports) == 2 if coin == "made" else len(reports) > 4
    assert {report.verdict for report in reports} == {Verdict.OK}
    assert all(report.compared for report in reports if report.venue == "binance")

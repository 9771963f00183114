from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.market import ExchangeRaw, RawKind
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.market.feeds.stage import Stage
from quantum_os.market.feeds.tape_facts import funding_intervals
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from tests.market.feeds.tape_writing import NS, T0, bars, funding, put

KNOWN = ("BTC/USDT:USDT", "ETH/USDT:USDT")
HOUR = 3_600_000


def tape_of(folder: Path) -> Tape:
    return open_tape([folder], known_symbols=KNOWN)


def facts_of(tape: Tape) -> list[tuple[int, ExchangeRaw]]:
    return [
        (time, event)
        for time, stage, event in tape.frames()
        if stage is Stage.FACTS and isinstance(event, ExchangeRaw)
    ]


def test_stamps_are_rounded_and_said_once_with_their_interval(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_BTCUSDT_1h.parquet", bars(30, step=HOUR))
    stamps = [T0 + 11, T0 + 8 * HOUR, T0 + 8 * HOUR + 7, T0 + 16 * HOUR - 3]
    rates = [0.0001, -0.0002, -0.0002, 0.0003]
    put(tmp_path, "binance_um_BTCUSDT_funding.parquet", funding(stamps, rates))

    said = facts_of(tape_of(tmp_path))

    assert [(time // NS, raw.venue_ts // NS, raw.value) for time, raw in said] == [
        (T0, T0, 0.0001),
        (T0 + 8 * HOUR, T0 + 8 * HOUR, -0.0002),
        (T0 + 16 * HOUR, T0 + 16 * HOUR, 0.0003),
    ]
    assert all(raw.interval_h == 8.0 and raw.kind is RawKind.FUNDING for _, raw in said)
    assert [raw.next_time for _, raw in said] == [(T0 + hours * HOUR) * NS for hours in (8, 16, 24)]


def test_two_spans_glued_into_one_file(tmp_path: Path) -> None:
    days = 24 * HOUR
    put(tmp_path, "binance_um_BTCUSDT_1h.parquet", bars(24 * 12, step=HOUR))
    stamps = [T0, T0 + 8 * HOUR, T0 + 10 * days, T0 + 10 * days + 4 * HOUR]
    put(tmp_path, "binance_um_BTCUSDT_funding.parquet", funding(stamps, [0.0001] * 4))

    tape = tape_of(tmp_path)

    assert [raw.interval_h for _, raw in facts_of(tape)] == [8.0, 8.0, 4.0, 4.0]
    assert (
        "no funding stamps for binance BTC/USDT:USDT "
        "from 2025-07-01T08:00:00Z to 2025-07-11T00:00:00Z"
    ) in tape.assumptions


def test_an_interval_nobody_can_know_is_none(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_BTCUSDT_1h.parquet", bars(3, step=HOUR))
    put(tmp_path, "binance_um_BTCUSDT_funding.parquet", funding([T0], [0.0001]))

    ((_, raw),) = facts_of(tape_of(tmp_path))

    assert raw.interval_h is None
    assert raw.next_time is None


def test_a_missing_stamp_is_no_interval_of_16_hours() -> None:
    hours = np.array([0, 8, 24, 32, 36], np.int64)

    intervals, following = funding_intervals(hours * NS_PER_HOUR)

    assert intervals.tolist() == [8, 8, 8, 8, 4]
    assert (following // NS_PER_HOUR).tolist() == [8, 16, 32, 36, 40]


@given(st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=50))
def test_regular_stamps_chain(gaps: list[int]) -> None:
    hours = np.concatenate(([0], np.cumsum(gaps)))

    intervals, following = funding_intervals(hours * NS_PER_HOUR)

    assert intervals.tolist() == [gaps[0], *gaps]
    assert (following[:-1] // NS_PER_HOUR).tolist() == hours[1:].tolist()
    assert following[-1] // NS_PER_HOUR == hours[-1] + gaps[-1]


def test_a_mark_is_known_when_its_bar_has_closed(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(30))
    put(tmp_path, "binance_um_BTCUSDT_mark_1h.parquet", bars(4, first=T0 - HOUR, step=HOUR))

    said = facts_of(tape_of(tmp_path))

    assert [(time // NS - T0) // HOUR for time, _ in said] == [0, 1, 2]
    assert [raw.value for _, raw in said] == [99.5, 100.5, 101.5]
    assert {raw.kind for _, raw in said} == {RawKind.MARK}


def test_facts_of_symbols_without_bars_are_left_out_and_counted(tmp_path: Path) -> None:
    put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(3))
    put(tmp_path, "binance_um_ETHUSDT_funding.parquet", funding([T0], [0.0001]))

    tape = tape_of(tmp_path)

    assert facts_of(tape) == []
    assert tape.notices == ("1 funding and mark files left out: no bars for their symbols",)
    assert any(
        line.startswith("no funding tape for binance BTC/USDT:USDT") for line in tape.assumptions
    )

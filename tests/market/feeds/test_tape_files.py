from pathlib import Path

import pytest

from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_files import TapeKind, discover
from tests.market.feeds.tape_writing import bars, put


def test_what_a_folder_holds(tmp_path: Path) -> None:
    for name in (
        "binance_um_BTCUSDT_5m.parquet",
        "bybit_linear_ETHUSDT_5m.csv",
        "okx_swap_SOL-USDT_5m.csv",
        "binance_um_BTCUSDT_funding.parquet",
        "binance_um_BTCUSDT_mark_1h.parquet",
        "binance_spot_BTCUSDT_5m.parquet",
        "binance_um_ETC-ATOM-IOTA_oi_4h.parquet",
        "binance_um_BTCUSDT_5m_DIRTY.parquet",
    ):
        put(tmp_path, name, bars(1))
    (tmp_path / "README.md").write_text("not a tape")

    found = {file.path.name: file for file in discover([tmp_path])}

    assert len(found) == 8
    bitcoin = found["binance_um_BTCUSDT_5m.parquet"]
    assert (bitcoin.kind, bitcoin.venue, bitcoin.symbol) == (
        TapeKind.KLINES,
        "binance",
        "BTC/USDT:USDT",
    )
    assert bitcoin.step_ns == 300 * 10**9
    assert found["bybit_linear_ETHUSDT_5m.csv"].venue == "bybit"
    assert found["okx_swap_SOL-USDT_5m.csv"].symbol == "SOL/USDT:USDT"
    assert found["binance_um_BTCUSDT_funding.parquet"].kind is TapeKind.FUNDING
    assert found["binance_um_BTCUSDT_mark_1h.parquet"].kind is TapeKind.MARK
    assert found["binance_spot_BTCUSDT_5m.parquet"].kind is TapeKind.SPOT
    assert found["binance_um_ETC-ATOM-IOTA_oi_4h.parquet"].kind is TapeKind.OTHER
    assert found["binance_um_BTCUSDT_5m_DIRTY.parquet"].kind is TapeKind.KLINES


def test_a_file_named_twice_is_one_file(tmp_path: Path) -> None:
    path = put(tmp_path, "binance_um_BTCUSDT_5m.parquet", bars(1))

    assert len(discover([tmp_path, path, tmp_path / "." / path.name])) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("notes.parquet", "name not understood"),
        ("binance_cm_BTCUSD_5m.parquet", "name not understood"),
        ("binance_um_BTCUSDT_5m.feather", "name not understood"),
        ("binance_um_BTCUSD_5m.parquet", "not a linear perpetual"),
        ("binance_um_BTCUSDT_7m.parquet", "interval '7m' is not one of"),
    ],
)
def test_a_name_that_says_nothing(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")

    with pytest.raises(TapeError, match=reason) as raised:
        discover([path])
    assert str(path) in str(raised.value)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="no such file"):
        discover([tmp_path / "absent"])
    with pytest.raises(TapeError, match=r"no \.parquet or \.csv file here"):
        discover([tmp_path])

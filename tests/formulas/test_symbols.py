import pytest

from quantum_os.formulas.symbols import joined, unified


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT", "BTC/USDT:USDT"),
        ("BTC-USDT", "BTC/USDT:USDT"),
        ("BTC/USDT:USDT", "BTC/USDT:USDT"),
        ("1000PEPEUSDT", "1000PEPE/USDT:USDT"),
        ("ETHUSDC", "ETH/USDC:USDC"),
    ],
)
def test_names_of_a_perpetual(name: str, symbol: str) -> None:
    assert unified(name) == symbol


@pytest.mark.parametrize(
    "name",
    [
        "",
        "BTC",
        "USDT",
        "btcusdt",
        "BTC/USDT",
        "BTC/USDT:USDC",
        "BTCUSD_PERP",
        "ETC-ATOM",
        "币安USDT",
    ],
)
def test_f38_names_of_nothing_we_trade(name: str) -> None:
    with pytest.raises(ValueError, match="not a linear perpetual"):
        unified(name)


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "1000PEPE/USDT:USDT", "ETH/USDC:USDC"])
def test_the_joined_name_reads_back(symbol: str) -> None:
    assert "/" not in joined(symbol)
    assert unified(joined(symbol)) == symbol

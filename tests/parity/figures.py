"""What we say of an equity curve, beside what a well-known library says of the same curve."""

import json
import subprocess
import sys
from functools import cache
from itertools import pairwise
from math import exp, prod, sin, sqrt
from pathlib import Path

import polars as pl

from quantum_os.formulas.statistics import (
    max_drawdown,
    profit_factor,
    sharpe_daily,
    sortino_daily,
    variance,
)
from tests.market.pairs import SHARED
from tests.parity.fund import run_fund
from tests.parity.tasks import ONE, short_task

ORACLE = Path(__file__).with_name("quantstats_oracle.py")
DAY_MS = 86_400_000
PERIODS = 365
HELD = {"BTC": "1h_from_2019-09", "ETH": "1h_from_2019-11", "XRP": "1h_from_2020-01"}
FUND, MADE = "fund, two weeks", "made, held"
CURVES = (*(f"{coin}, held" for coin in HELD), FUND) if SHARED.is_dir() else (MADE, FUND)


@cache
def curve(name: str) -> list[float]:
    """An equity curve of daily closes: a coin held for years, or the fund's own account."""
    if name == FUND:
        return fund_curve()
    if name == MADE:
        print("no recordings at hand: a made curve stands in for coins held for years")
        swings = [0.02 * sin(day * 1.7) + 0.001 * sin(day / 40) for day in range(900)]
        return [exp(sum(swings[: day + 1])) for day in range(900)]
    coin = name.partition(",")[0]
    bars = pl.read_parquet(SHARED / HELD[coin] / f"binance_um_{coin}USDT_1h.parquet")
    return bars.filter((pl.col("open_time") + 3_600_000) % DAY_MS == 0)["close"].to_list()


def curves() -> dict[str, list[float]]:
    return {name: curve(name) for name in CURVES}


def fund_curve() -> list[float]:
    """The account at the end of each day of a short run, from the ledger's own words."""
    ran = run_fund(short_task(), ONE)
    by_day = {time // (DAY_MS * 1_000_000): float(equity) for time, equity in ran.equity}
    return list(by_day.values())


def returns_of(equity: list[float]) -> list[float]:
    return [after / before - 1.0 for before, after in pairwise(equity)]


def ours(equity: list[float]) -> dict[str, float | None]:
    """Our figures; volatility and Calmar are put together from ours as their names say."""
    returns = returns_of(equity)
    spread, deepest = variance(returns), max_drawdown(equity)
    grown = prod(1.0 + r for r in returns) ** (PERIODS / len(returns)) - 1.0
    return {
        "Sharpe": sharpe_daily(returns, PERIODS),
        "Sortino": sortino_daily(returns, PERIODS),
        "max drawdown": deepest,
        "volatility": None if spread is None else sqrt(spread * PERIODS),
        "Calmar": grown / deepest if deepest else None,
        "profit factor": profit_factor(returns),
    }


def theirs(asked: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """quantstats' figures of all curves."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ORACLE)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


def gap(mine: float | None, other: float) -> float:
    """The relative difference; infinite where only one side knows the figure."""
    return float("inf") if mine is None else abs(mine - other) / max(abs(other), 1e-12)

"""Asks quantstats, in a process of its own: it draws and downloads on import, and warns of both.

Reads {name: [equity, ...]} as JSON and writes {name: {figure: value}}; days are 365 to a year.
"""

import json
import sys

import pandas as pd
import quantstats as qs

PERIODS = 365


def figures(equity: list[float]) -> dict[str, float]:
    """What quantstats says of daily closes of an account."""
    days = pd.date_range("2020-01-01", periods=len(equity), freq="D")
    closes = pd.Series(equity, index=days)
    returns = closes.pct_change().dropna()
    return {
        "Sharpe": float(qs.stats.sharpe(returns, periods=PERIODS)),
        "Sortino": float(qs.stats.sortino(returns, periods=PERIODS)),
        "max drawdown": -float(qs.stats.max_drawdown(closes)),
        "volatility": float(qs.stats.volatility(returns, periods=PERIODS)),
        "Calmar": float(qs.stats.calmar(returns, periods=PERIODS)),
        "profit factor": float(qs.stats.profit_factor(returns)),  # type: ignore[no-untyped-call]
    }


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump({name: figures(equity) for name, equity in asked.items()}, sys.stdout)

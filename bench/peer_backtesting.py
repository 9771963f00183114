"""The peer's side: the same bars and rule in backtesting.py, one symbol after the other."""

import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from bench.made_market import MadeMarket

FEE = 0.0004
STOP, TARGET = 0.01, 0.02


def ema(values: np.ndarray, length: int) -> np.ndarray:
    average: np.ndarray = pd.Series(values).ewm(span=length, adjust=False).mean().to_numpy()
    return average


class Cross(Strategy):  # type: ignore[misc]
    """Long while EMA 10 is above EMA 20, short while below; 1 % stop, 2 % target."""

    def init(self) -> None:
        self.fast = self.I(ema, self.data.Close, 10)
        self.slow = self.I(ema, self.data.Close, 20)

    def next(self) -> None:
        now, before = self.fast[-1] > self.slow[-1], self.fast[-2] > self.slow[-2]
        if now == before:
            return
        price = self.data.Close[-1]
        self.position.close()
        if now:
            self.buy(size=0.1, sl=price * (1 - STOP), tp=price * (1 + TARGET))
        else:
            self.sell(size=0.1, sl=price * (1 + STOP), tp=price * (1 - TARGET))


def run_peer(market: MadeMarket) -> int:
    """Plays the market and gives the number of trades."""
    bars = market.bars_array()
    index = pd.to_datetime(np.arange(market.count) * 60, unit="s")
    trades = 0
    for symbol in range(bars.shape[2]):
        columns = dict(
            zip(("Open", "High", "Low", "Close", "Volume"), bars[:, :, symbol], strict=True)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test = Backtest(pd.DataFrame(columns, index=index), Cross, cash=1e8, commission=FEE)
            trades += int(test.run()["# Trades"])
    return trades

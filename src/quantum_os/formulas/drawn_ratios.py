"""Decides what Sharpe, Sortino, Calmar and the return came to in every draw of the days."""

from collections.abc import Sequence

import numpy as np

from quantum_os.formulas.bootstrap import Floats, Places


def drawn_sharpes(drawn: Floats, returns: Sequence[float], periods: int = 365) -> Floats:
    """[draws]: the yearly Sharpe ratio of each draw, as `sharpe_daily`; NaN where nothing varies.

    `drawn` [draws, days] says how often each day was drawn.
    """
    values = np.asarray(returns, dtype=float)
    days = drawn.sum(axis=1)
    centre = drawn @ values / days
    squares = drawn @ (values * values) - days * centre * centre
    # What remains of constant returns is rounding, not variation.
    varies = squares > 1e-18 * (1 + drawn @ (values * values))
    spread = np.sqrt(np.where(varies, squares, 1.0) / np.maximum(days - 1, 1))
    return np.where(varies, centre / spread * np.sqrt(periods), np.nan)


def drawn_sortinos(drawn: Floats, returns: Sequence[float], periods: int = 365) -> Floats:
    """[draws]: the yearly Sortino ratio of each draw, as `sortino_daily`; NaN without a loss."""
    values = np.asarray(returns, dtype=float)
    days = drawn.sum(axis=1)
    downside = drawn @ np.square(np.minimum(values, 0.0)) / days
    lost = downside > 0
    scale = np.sqrt(np.where(lost, downside, 1.0))
    return np.where(lost, drawn @ values / days / scale * np.sqrt(periods), np.nan)


def drawn_totals(drawn: Floats, returns: Sequence[float]) -> Floats:
    """[draws]: the compounded return of each draw; -1 where a day of it lost everything."""
    kept = np.maximum(1 + np.asarray(returns, dtype=float), 0.0)
    logs = np.log(np.where(kept > 0, kept, 1.0))
    ruined = drawn @ (kept == 0).astype(float) > 0
    return np.where(ruined, -1.0, np.expm1(drawn @ logs))


def drawn_calmars(places: Places, returns: Sequence[float], periods: int = 365) -> Floats:
    """[draws]: the Calmar ratio of each draw, as `calmar`; NaN without a drawdown or when ruined.

    `places` [draws, days] says which days were drawn, in order: a drawdown depends on it.
    """
    kept = 1 + np.asarray(returns, dtype=float)[places]
    equity = np.cumprod(np.concatenate([np.ones((len(kept), 1)), kept], axis=1), axis=1)
    deepest = np.max(1 - equity / np.maximum.accumulate(equity, axis=1), axis=1)
    end = equity[:, -1]
    known = (deepest > 0) & (end > 0)
    yearly = np.where(known, end, 1.0) ** (periods / places.shape[1]) - 1
    return np.where(known, yearly / np.where(known, deepest, 1.0), np.nan)

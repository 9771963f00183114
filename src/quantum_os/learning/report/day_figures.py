"""Decides what the days of a run came to: result, return against risk, and the tail."""

from quantum_os.formulas.bootstrap import interval
from quantum_os.formulas.drawdown import (
    DAYS_MIN_CALMAR,
    annual_return,
    calmar,
    longest_underwater,
)
from quantum_os.formulas.drawn_ratios import (
    drawn_calmars,
    drawn_sharpes,
    drawn_sortinos,
    drawn_totals,
)
from quantum_os.formulas.moments import kurtosis, skewness
from quantum_os.formulas.statistics import (
    sharpe_daily,
    sortino_daily,
)
from quantum_os.formulas.tail import DAYS_MIN as TAIL_DAYS_MIN
from quantum_os.formulas.tail import expected_shortfall, value_at_risk
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.figure import Figure, Unit
from quantum_os.learning.report.sample import Sample

DAYS = "account.updated: equity at each day's end"
MARKS = "account.updated: every mark"


def result_figures(evidence: Evidence, sample: Sample) -> tuple[Figure, ...]:
    """What the run made of the deposit, and what it had to bear."""
    change = evidence.equity - evidence.deposit
    deepest = max((mark.drawdown for mark in evidence.marks), default=0.0)
    return (
        Figure(
            key="net_result",
            label="Net result",
            unit=Unit.USD,
            value=float(change),
            source=f"{MARKS}, last less deposit; open positions at their last mark",
            interval=sample.change_interval(),
            reason=sample.reason,
        ),
        Figure(
            key="total_return",
            label="Return",
            unit=Unit.FRACTION,
            value=float(change / evidence.deposit) if evidence.deposit > 0 else None,
            source=f"{MARKS}, over the deposit",
            interval=_drawn(sample, "total"),
            reason=sample.reason if evidence.deposit > 0 else "no deposit was recorded",
        ),
        _annual(sample),
        Figure(
            key="max_drawdown",
            label="Deepest drawdown",
            unit=Unit.FRACTION,
            value=deepest,
            source=f"{MARKS}, from the running peak",
        ),
        _longest(evidence),
    )


def ratio_figures(sample: Sample) -> tuple[Figure, ...]:
    """Return against risk, from daily returns; a year has 365 days."""
    returns = sample.returns
    no_ratio = "fewer than two days, or returns that do not vary"
    return (
        _ratio("sharpe", "Sharpe ratio", sharpe_daily(returns), sample, no_ratio),
        _ratio("sortino", "Sortino ratio", sortino_daily(returns), sample, "no day lost"),
        _ratio(
            "calmar",
            "Calmar ratio",
            calmar(returns),
            sample,
            f"it needs {DAYS_MIN_CALMAR} days and a drawdown; there are {len(returns)} days",
        ),
    )


def tail_figures(sample: Sample) -> tuple[Figure, ...]:
    """What the worst days cost."""
    returns = sample.returns
    few = f"it needs {TAIL_DAYS_MIN} days, there are {len(returns)}"
    flat = "too few days, or returns that do not vary"
    return (
        _tail("worst_day", "Worst day", min(returns, default=None), "no day has ended"),
        _tail("var95", "Value at risk, a day in 20", _less(value_at_risk(returns)), few),
        _tail("es95", "Mean of those days", _less(expected_shortfall(returns)), few),
        Figure(
            key="skewness",
            label="Skewness of daily returns",
            unit=Unit.RATIO,
            value=skewness(returns),
            source=DAYS,
            reason=flat if skewness(returns) is None else "",
        ),
        Figure(
            key="kurtosis",
            label="Kurtosis of daily returns (normal: 3)",
            unit=Unit.RATIO,
            value=kurtosis(returns),
            source=DAYS,
            reason=flat if kurtosis(returns) is None else "",
        ),
    )


def _annual(sample: Sample) -> Figure:
    enough = len(sample.returns) >= DAYS_MIN_CALMAR
    rate = annual_return(sample.returns) if enough else None
    return Figure(
        key="annual_return",
        label="A year of such days",
        unit=Unit.FRACTION,
        value=rate,
        source=f"{DAYS}, compounded to 365 days",
        reason="" if rate is not None else f"a yearly rate needs {DAYS_MIN_CALMAR} days",
    )


def _longest(evidence: Evidence) -> Figure:
    times = [mark.time for mark in evidence.marks]
    stretch = longest_underwater(times, [float(mark.equity) for mark in evidence.marks])
    return Figure(
        key="longest_underwater",
        label="Longest time below a peak",
        unit=Unit.DAYS,
        value=0.0 if stretch is None else (stretch[1] - stretch[0]) / 86_400e9,
        source=MARKS,
    )


def _ratio(key: str, label: str, value: float | None, sample: Sample, unknown: str) -> Figure:
    return Figure(
        key=key,
        label=label,
        unit=Unit.RATIO,
        value=value,
        source=f"{DAYS}; yearly, 365 days",
        interval=None if value is None else _drawn(sample, key),
        reason=unknown if value is None else sample.reason,
    )


def _drawn(sample: Sample, key: str) -> tuple[float, float] | None:
    """The interval of a figure of the daily returns; None where there are too few days."""
    if sample.drawn is None or sample.places is None:
        return None
    returns = sample.returns
    if key == "calmar":
        return interval(drawn_calmars(sample.places, returns))
    draw = {"sharpe": drawn_sharpes, "sortino": drawn_sortinos, "total": drawn_totals}[key]
    return interval(draw(sample.drawn, returns))


def _tail(key: str, label: str, value: float | None, unknown: str) -> Figure:
    reason = unknown if value is None else ""
    return Figure(key, label, Unit.FRACTION, value, DAYS, None, reason)


def _less(loss: float | None) -> float | None:
    return None if loss is None else -loss

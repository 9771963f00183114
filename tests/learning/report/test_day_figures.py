"""R15: ratios come from daily returns, their intervals from the days drawn again."""

from decimal import Decimal
from itertools import pairwise

import pytest

from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.formulas.statistics import sharpe_daily
from quantum_os.learning.report.day_figures import ratio_figures, result_figures, tail_figures
from quantum_os.learning.report.evidence import Evidence, Mark
from quantum_os.learning.report.figure import Figure
from quantum_os.learning.report.sample import sample_of
from quantum_os.portfolio.track_record import TrackRecord
from tests.laws.scenario import Recorded
from tests.learning.report.book import evidence

NETS = [50.0, -20.0, 10.0, 30.0, -40.0] * 8


def by_key(figures: tuple[Figure, ...]) -> dict[str, Figure]:
    return {figure.key: figure for figure in figures}


def test_r15_sharpe_is_by_daily_returns() -> None:
    of = evidence(NETS)
    sample = sample_of(of, 0)
    equity, returns = 10_000.0, []
    for net in NETS:
        returns.append(net / equity)
        equity += net
    assert sample.returns == pytest.approx(returns)
    assert by_key(ratio_figures(sample))["sharpe"].value == pytest.approx(sharpe_daily(returns))


def test_r15_canary_marks_within_a_day_change_nothing() -> None:
    """Returns of each mark times the root of 365: ten marks a day would make another ratio."""
    of = evidence(NETS)
    between = [
        Mark(mark.time - minutes * NS_PER_MINUTE, mark.equity + minutes, mark.wallet, 0.0, 0.0)
        for mark in of.marks
        for minutes in range(9, 0, -1)
    ]
    noisy = evidence(NETS, marks=sorted((*of.marks, *between), key=lambda mark: mark.time))
    assert sample_of(noisy, 0).returns == sample_of(of, 0).returns
    marks = [float(mark.equity) for mark in noisy.marks]
    per_mark = sharpe_daily([b / a - 1 for a, b in pairwise(marks)])
    assert per_mark != pytest.approx(sharpe_daily(sample_of(of, 0).returns), rel=0.1)


def test_r15_the_report_and_the_run_have_one_ratio(gathered: Evidence, played: Recorded) -> None:
    record = next(module for module in played.modules if isinstance(module, TrackRecord))
    assert list(sample_of(gathered, 0).returns) == record.daily_returns()


def test_the_result_has_an_interval_that_holds_it() -> None:
    of = evidence(NETS)
    figures = by_key(result_figures(of, sample_of(of, 0)))
    net = figures["net_result"]
    assert net.value == pytest.approx(sum(NETS))
    assert net.interval is not None
    assert net.interval[0] < sum(NETS) < net.interval[1]
    assert figures["total_return"].value == pytest.approx(sum(NETS) / 10_000)


def test_few_days_have_figures_and_no_intervals() -> None:
    of = evidence([10.0, -5.0, 3.0])
    sample = sample_of(of, 0)
    figures = by_key((*result_figures(of, sample), *ratio_figures(sample), *tail_figures(sample)))
    assert figures["net_result"].value == 8.0
    assert figures["net_result"].interval is None
    assert "needs 20 days, there are 3" in figures["net_result"].reason
    for key in ("annual_return", "calmar", "var95", "es95"):
        assert figures[key].value is None
        assert "needs" in figures[key].reason


def test_nothing_at_all_is_unknown_and_not_zero() -> None:
    of = evidence([])
    sample = sample_of(of, 0)
    figures = by_key((*ratio_figures(sample), *tail_figures(sample)))
    assert all(figure.value is None and figure.reason for figure in figures.values())


def test_the_seed_decides_the_draws_and_nothing_else() -> None:
    of = evidence(NETS)
    one, same, other = (ratio_figures(sample_of(of, seed)) for seed in (1, 1, 2))
    assert one == same
    assert [figure.value for figure in one] == [figure.value for figure in other]
    assert one[0].interval != other[0].interval


def test_ruin_ends_the_ratios_and_breaks_nothing() -> None:
    of = evidence([-10_000.0, 50.0, -20.0])
    sample = sample_of(of, 0)
    assert len(sample.returns) == len(sample.days) == len(sample.changes)
    assert sample.returns[0] == -1.0
    assert by_key(result_figures(of, sample))["net_result"].value == -9970.0
    assert of.marks[0].equity == Decimal(0)

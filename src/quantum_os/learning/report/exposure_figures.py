"""Decides how much was at stake and for how long."""

from quantum_os.formulas.step_series import share_of_time, time_weighted_mean
from quantum_os.learning.report.evidence import Evidence
from quantum_os.learning.report.figure import Figure, Unit

TOLD = "portfolio.exposure_updated"
NEVER_HELD = "no position was ever held"


def exposure_figures(evidence: Evidence) -> tuple[Figure, ...]:
    """Time in the market, gross exposure over equity, and positions at once; time-weighted."""
    times = [evidence.first, *(lean.time for lean in evidence.leans)]
    gross = [0.0, *(lean.leverage for lean in evidence.leans)]
    net = [0.0, *(_net_leverage(lean.net, lean.gross, lean.leverage) for lean in evidence.leans)]
    positions = [0, *(lean.positions for lean in evidence.leans)]
    reason = "" if evidence.leans else NEVER_HELD
    in_market = share_of_time(times, [count > 0 for count in positions], evidence.last)
    return (
        _figure("in_market", "Time with a position", Unit.FRACTION, in_market, reason),
        _figure(
            "gross_mean",
            "Gross exposure over equity, mean",
            Unit.RATIO,
            time_weighted_mean(times, gross, evidence.last),
            reason,
        ),
        _figure("gross_peak", "Gross exposure over equity, peak", Unit.RATIO, max(gross), reason),
        _figure(
            "net_mean",
            "Net exposure over equity, mean",
            Unit.RATIO,
            time_weighted_mean(times, net, evidence.last),
            reason,
        ),
        _figure("positions_peak", "Positions at once, peak", Unit.COUNT, max(positions), reason),
    )


def _net_leverage(net: float, gross: float, leverage: float) -> float:
    return leverage * net / gross if gross else 0.0


def _figure(key: str, label: str, unit: Unit, value: float | None, reason: str) -> Figure:
    return Figure(key, label, unit, value, TOLD, None, reason if value is None else "")

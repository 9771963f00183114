"""What was at stake, weighted by how long."""

import pytest

from quantum_os.events.units import NS_PER_DAY
from quantum_os.learning.report.evidence import Lean
from quantum_os.learning.report.exposure_figures import exposure_figures
from quantum_os.learning.report.figure import Figure
from tests.learning.report.book import DAY_0, evidence

START = DAY_0 * NS_PER_DAY


def figures_of(leans: list[Lean]) -> dict[str, Figure]:
    of = evidence([], leans=leans, last=START + 4 * NS_PER_DAY)
    return {figure.key: figure for figure in exposure_figures(of)}


def test_by_hand() -> None:
    found = figures_of(
        [
            Lean(START + NS_PER_DAY, gross=8000, net=-4000, leverage=0.8, positions=3),
            Lean(START + 2 * NS_PER_DAY, gross=0, net=0, leverage=0.0, positions=0),
        ]
    )
    assert found["in_market"].value == pytest.approx(0.25)
    assert found["gross_mean"].value == pytest.approx(0.2)
    assert found["gross_peak"].value == pytest.approx(0.8)
    assert found["net_mean"].value == pytest.approx(-0.1)
    assert found["positions_peak"].value == 3


def test_never_in_the_market_is_zero_and_not_unknown() -> None:
    found = figures_of([])
    assert found["in_market"].value == 0.0
    assert found["gross_peak"].value == 0.0

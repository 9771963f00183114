"""A time belongs to the decision at the close of the bar that covers it, and to no other."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.learning.explain.decision_bars import NoAnswer, bar_of, decided_at
from quantum_os.storage.recorded import open_recorded
from tests.laws.scenario import Recorded as Run
from tests.learning.explain.records import written
from tests.learning.explain.test_why import pairs

LENGTH = 15 * NS_PER_MINUTE


@given(share=st.floats(0, 1))
def test_every_time_within_the_run_has_its_bar(folder: Path, run: Run, share: float) -> None:
    closes = [close for _, close in pairs(run)]
    first, last = closes[0] - LENGTH + 1, closes[-1]
    asked = first + int(share * (last - first))
    with open_recorded(folder) as recorded:
        bar = bar_of(recorded, asked)
        assert bar.open < asked <= bar.close == bar.open + LENGTH
        assert bar.close in closes
        assert bar.is_inside is (asked != bar.close)
        decided = decided_at(recorded, run.plan.symbols[0], asked)
        assert decided.summary.bar_close == bar.close


def test_a_record_without_a_decision_says_so(run: Run, tmp_path: Path) -> None:
    early = [each for each, _ in run.events[:3]]
    recorded = open_recorded(written(early, tmp_path / "early"))
    with recorded, pytest.raises(NoAnswer, match="nothing was decided in it yet"):
        bar_of(recorded, early[0].ts)

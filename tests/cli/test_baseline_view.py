"""A line for each baseline, and what is unknown is said to be."""

from quantum_os.cli.baseline_view import told
from quantum_os.learning.baselines import Baselines, VsRandom, VsRules
from quantum_os.learning.report.paired_days import Paired

DAYS = Paired(40, 0.001, (-0.002, 0.004), None, "")
FEW = Paired(6, -0.001, None, None, "an interval needs 20 days in common, there are 6")
LOT = VsRandom(100, 3, 0.05, 0.01, 0.04, (-0.02, 0.1), 1_000, 0.2, "")


def test_each_is_told_with_its_doubt() -> None:
    lines = list(told(Baselines(LOT, FEW, VsRules(80, -120.0, -0.02, DAYS))))
    assert lines == [
        "beside symbols by lot: +0.040 R an entry (95 %: -0.020 to 0.100 R); 20.00 % of 1,000 "
        "draws made as much",
        "beside its rules alone: +0.100% a day (95 %: -0.200% to +0.400%); they made 80 trades, "
        "-120.00 USD",
        "beside buying and holding: -0.100% a day (an interval needs 20 days in common, there are "
        "6)",
    ]


def test_what_is_unknown_is_said() -> None:
    nothing = VsRandom(0, 4, None, None, None, None, 0, None, "no entry can be compared")
    lines = list(told(Baselines(nothing, Paired(0, None, None, None, "no bar"), None)))
    assert lines == [
        "beside symbols by lot: unknown, no entry can be compared",
        "beside buying and holding: unknown, no bar",
    ]

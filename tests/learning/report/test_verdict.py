"""R28: the words of the verdict follow its figures, and say no more than they do."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.learning.report.verdict import Finding, Verdict, Weighed, finding_of, verdict

PLAIN = Weighed(
    net=100.0,
    deposit=10_000.0,
    days=90,
    trades=500,
    expectancy_r=0.01,
    interval_r=(-0.1, 0.12),
    deflated=0.6,
    trials=4,
)
GLOOM = ("struggl", "fail", "poor", "weak", "bad", "disappoint", "lost")


def weighed(**changes: object) -> Weighed:
    return msgspec.structs.replace(PLAIN, **changes)


def said(found: Verdict) -> str:
    return " ".join((found.headline, *found.sentences))


TABLE = [
    ({}, Finding.NO_EDGE),
    ({"trades": 0, "interval_r": None}, Finding.NO_TRADE),
    ({"interval_r": None, "no_interval": "an interval needs 20 days"}, Finding.TOO_LITTLE),
    ({"interval_r": (-0.2, -0.01), "net": -900.0}, Finding.LOSS_SHOWN),
    ({"interval_r": (-0.2, 0.0)}, Finding.NO_EDGE),
    ({"interval_r": (0.0, 0.2)}, Finding.NO_EDGE),
    ({"interval_r": (0.01, 0.2)}, Finding.LUCK_MAY_EXPLAIN),
    ({"interval_r": (0.01, 0.2), "deflated": None}, Finding.LUCK_MAY_EXPLAIN),
    ({"interval_r": (0.01, 0.2), "deflated": 0.949}, Finding.LUCK_MAY_EXPLAIN),
    ({"interval_r": (0.01, 0.2), "deflated": 0.95}, Finding.EDGE_SHOWN),
    ({"interval_r": (0.01, 0.2), "deflated": 0.99, "net": -5.0}, Finding.LUCK_MAY_EXPLAIN),
    ({"interval_r": (0.01, 0.2), "deflated": 0.99, "synthetic": True}, Finding.SYNTHETIC),
]


@pytest.mark.parametrize(("changes", "finding"), TABLE)
def test_r28_the_finding_is_what_the_figures_bear(
    changes: dict[str, object], finding: Finding
) -> None:
    assert finding_of(weighed(**changes)) is finding


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (0.01, "The run made 0.01 USD"),
        (12.0, "The run made 12.00 USD (0.12 % of the deposit)"),
        (-12.0, "The run lost 12.00 USD"),
        (0.0, "neither made nor lost"),
        (-0.004, "neither made nor lost"),
    ],
)
def test_r28_made_and_lost_are_the_sign_of_the_result(net: float, words: str) -> None:
    assert words in verdict(weighed(net=net)).sentences[0]


@given(st.floats(0.005, 1e6), st.floats(-0.5, 0.5), st.floats(0.001, 0.5))
def test_r28_a_small_profit_is_never_told_as_a_failure(
    net: float, mean: float, half: float
) -> None:
    """Whatever else is true: what was made is called made, and no word of gloom stands by."""
    found = verdict(
        weighed(net=net, expectancy_r=mean, interval_r=(mean - half, mean + half), deflated=0.5)
    )
    assert found.sentences[0].startswith("The run made")
    assert not [word for word in GLOOM if word in said(found).lower()]


def test_r28_canary_a_verdict_by_threshold_is_caught() -> None:
    """The original called any profit under 5 % struggling: such words would not pass."""

    def once(net: float) -> str:
        return "STRUGGLING" if net < 500 else "THRIVING"

    assert [word for word in GLOOM if word in once(12.0).lower()]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_zero_is_said_to_be_inside_exactly_when_it_is(one: float, other: float) -> None:
    low, high = sorted((one, other))
    words = said(verdict(weighed(interval_r=(low, high))))
    assert ("does not include 0" in words) is not (low <= 0 <= high)
    assert ("chance alone" in words) is (low <= 0 <= high)


def test_unknown_is_said_with_its_reason() -> None:
    words = said(verdict(weighed(interval_r=None, no_interval="an interval needs 20 days")))
    assert "cannot be told: an interval needs 20 days" in words
    words = said(verdict(weighed(deflated=None)))
    assert "is unknown" in words


def test_trials_and_benchmarks_are_told() -> None:
    words = said(verdict(weighed(equal_weight=-0.1, bitcoin=0.2)))
    assert "one of 4 distinct trials" in words
    assert "60.00 %" in words
    assert "the same symbols returned -10.00 % and bitcoin alone returned +20.00 %" in words
    assert "only trial" in said(verdict(weighed(trials=1)))


def test_a_made_up_market_speaks_of_no_trials() -> None:
    """Law 12: synthetic history enters no statistic."""
    words = said(verdict(weighed(synthetic=True)))
    assert "trial" not in words
    assert words.startswith("A made-up market")

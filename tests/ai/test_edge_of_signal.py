"""A bar priced as columns is each symbol priced by the formulas, to the last bit."""

from math import isnan

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.edge_of_signal import (
    SAME_WORTH,
    MarketView,
    Priced,
    Terms,
    Worth,
    edges,
    planned_stop,
    priced,
    view_of,
)
from quantum_os.ai.federation import Opinion
from quantum_os.events.units import PositionSide, Regime
from quantum_os.formulas.edge import confidence, cost_r, e_net, q_breakeven
from quantum_os.formulas.exit_levels import raw_stop
from quantum_os.formulas.volatility import divergence_factor, funding_paid, volatility_factor
from tests.ai.scene import SYMBOLS, market, policy

POLICY = policy("default").policy
TERMS = Terms(0.0009, POLICY.decision, POLICY.exits, Worth((1.3, 1.1), (-0.8, -0.9)))


class Seen(msgspec.Struct, frozen=True):
    """One symbol at a bar close: what its models say and what its market looks like."""

    q_long: float | None
    q_short: float | None
    atr_frac: float | None
    vol_ratio: float | None
    divergence_bps: float | None
    funding_rate: float | None
    regime: Regime


def or_unknown(values: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    return st.one_of(values, values, st.none())


bars = st.lists(
    st.builds(
        Seen,
        q_long=or_unknown(st.floats(0.0, 1.0)),
        q_short=or_unknown(st.floats(0.0, 1.0)),
        atr_frac=or_unknown(st.floats(1e-5, 0.5)),
        vol_ratio=or_unknown(st.floats(0.0, 3.0)),
        divergence_bps=or_unknown(st.floats(0.0, 200.0)),
        funding_rate=or_unknown(st.floats(-0.01, 0.01)),
        regime=st.sampled_from(Regime),
    ),
    min_size=1,
    max_size=8,
)


def array(values: list[float | None]) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def as_columns(bar: list[Seen]) -> Priced:
    view = MarketView(
        array([each.atr_frac for each in bar]),
        array([each.vol_ratio for each in bar]),
        array([each.divergence_bps for each in bar]),
        array([each.funding_rate for each in bar]),
        np.ones(len(bar), dtype=np.bool_),
    )
    opinions = [Opinion(None, each.q_long, each.q_short, "models", "") for each in bar]
    return priced(opinions, view, [each.regime for each in bar], TERMS, by_worth=True)


def by_formulas(seen: Seen, side: PositionSide, q: float) -> tuple[float, ...] | None:
    """(e_net, cost_r, confidence, gain_r, loss_r) of one side, as trading.md 2 has them."""
    if seen.atr_frac is None or seen.vol_ratio is None:
        return None
    stop = raw_stop(
        POLICY.exits.stop_atr[seen.regime],
        seen.atr_frac,
        divergence_factor(seen.divergence_bps),
        volatility_factor(seen.vol_ratio),
    )
    paid = funding_paid(seen.funding_rate, side, POLICY.decision.horizon_h) or 0.0
    cost = cost_r(TERMS.round_trip, paid, max(stop, POLICY.exits.stop_min))
    gain, loss = TERMS.worth.of(side)
    sure = confidence(q, q_breakeven(gain, loss, cost))
    return e_net(q, gain, loss, cost), cost, sure, gain, loss


def told(columns: Priced, row: int) -> tuple[float | None, ...]:
    return (
        columns.e_net[row],
        columns.cost_r[row],
        columns.confidence[row],
        columns.gain_r[row],
        columns.loss_r[row],
    )


@given(bars)
def test_a_bar_is_priced_as_each_of_its_symbols_alone(bar: list[Seen]) -> None:
    columns = as_columns(bar)
    for row, seen in enumerate(bar):
        if seen.q_long is None or seen.q_short is None:
            assert columns.side[row] is None
            assert told(columns, row) == (None,) * 5
            continue
        long = by_formulas(seen, PositionSide.LONG, seen.q_long)
        short = by_formulas(seen, PositionSide.SHORT, seen.q_short)
        known = long is not None and short is not None
        lead = long[0] - short[0] if known else seen.q_long - seen.q_short  # type: ignore[index]
        if lead == 0.0:
            assert (columns.side[row], columns.note[row]) == (None, SAME_WORTH)
            assert told(columns, row) == (None,) * 5
        else:
            side, edge = (PositionSide.LONG, long) if lead > 0 else (PositionSide.SHORT, short)
            assert columns.side[row] is side
            assert told(columns, row) == (edge or (None,) * 5)


def test_a_symbol_that_the_market_lacks_has_no_edge_and_keeps_what_was_said() -> None:
    section = market()
    view = view_of(section, ("GONE/USDT:USDT", *SYMBOLS))
    assert view.seen.tolist() == [False, True, True]
    assert isnan(view.atr_frac[0])
    opinions = [Opinion(None, 0.6, 0.4, "models", "as it was")] * 3
    found = priced(opinions, view, [Regime.NORMAL] * 3, TERMS, by_worth=True)
    assert found.side == (None, PositionSide.LONG, PositionSide.LONG)
    assert (found.note[0], found.e_net[0]) == ("as it was", None)


def test_a_side_that_was_said_is_priced_and_never_exchanged_for_the_other() -> None:
    opinions = [Opinion(PositionSide.SHORT, None, 0.3, "trend", "")] * len(SYMBOLS)
    view = view_of(market(), SYMBOLS)
    found = priced(opinions, view, [Regime.NORMAL] * len(SYMBOLS), TERMS, by_worth=False)
    assert found.side == (PositionSide.SHORT,) * len(SYMBOLS)
    assert all(edge is not None and edge < 0 for edge in found.e_net)


@pytest.mark.parametrize("q", [-0.1, 1.1])
def test_what_is_no_probability_is_refused(q: float) -> None:
    one = np.array([0.01])
    with pytest.raises(ValueError, match="a probability must lie in"):
        edges(np.array([q]), PositionSide.LONG, one, one, TERMS)


def test_a_stop_that_is_none_is_refused() -> None:
    exits = msgspec.structs.replace(POLICY.exits, stop_min=0.0)
    one = np.array([1.0])
    view = MarketView(np.array([0.0]), one, one, one, np.array([True]))
    with pytest.raises(ValueError, match="not a stop distance"):
        planned_stop(view, [Regime.NORMAL], exits)

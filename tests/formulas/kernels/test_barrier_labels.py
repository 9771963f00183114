"""Labels made for all bars at once are those of entries that are followed one by one."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.exit_levels import lsf
from quantum_os.formulas.kernels.barrier_labels import NO_END, Barriers, Labels, barrier_labels

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
End = tuple[int, bool, float]

LEVERAGE = 10.0
TARGET = 0.6 + lsf(LEVERAGE)
"""The first target in stop distances."""
RULES = Barriers(stop_atr=2.0, leverage=LEVERAGE, horizon_ns=int(6.5 * NS_PER_HOUR))
SIX_HOURS = Barriers(stop_atr=2.0, leverage=LEVERAGE, horizon_ns=6 * NS_PER_HOUR)
"""The one horizon lies within a bar, the other between two."""


class Tape(NamedTuple):
    """Bars [5, T] of one symbol, their opens in ns, and the volatility known at each."""

    bars: Floats
    opened: Times
    atr_frac: Floats

    def labelled(self, rules: Barriers = RULES) -> Labels:
        times = (self.opened, self.opened + NS_PER_HOUR)
        return barrier_labels(self.bars, times, self.atr_frac, rules)

    def one_by_one(self, rules: Barriers = RULES) -> list[End | None]:
        return [
            end_of(self, rules, made, side) if reach > 0.0 else None
            for made, reach in enumerate(self.atr_frac.tolist())
            for side in range(2)
        ]


def end_of(tape: Tape, rules: Barriers, made: int, side: int) -> End | None:
    """How one entry ends, from bar to bar: the bar, whether at its goal, and R; None without."""
    bars, opens = tape.bars.T.tolist(), tape.opened.tolist()
    sign, entry = 1 - 2 * side, bars[made][3]
    sl = rules.stop_atr * float(tape.atr_frac[made])
    expires = opens[made] + int(NS_PER_HOUR) + rules.horizon_ns
    stop, goal = entry * (1 - sign * sl), entry * (1 + sign * (sl * TARGET))

    def end(bar: int, won: bool, price: float) -> End:
        return bar, won, sign * (price / entry - 1) / sl

    for bar in range(made + 1, len(bars)):
        open_, high, low, close, _ = bars[bar]
        worst, best = (low, high) if side == 0 else (high, low)
        if opens[bar] >= expires:
            return None
        if sign * worst <= sign * stop:
            return end(bar, False, open_ if sign * open_ < sign * stop else stop)
        if sign * best >= sign * goal:
            return end(bar, True, goal)
        if opens[bar] + int(NS_PER_HOUR) >= expires:
            return end(bar, False, close)
    return None


def as_followed(labels: Labels) -> list[End | None]:
    rows = zip(
        labels.last.reshape(-1).tolist(),
        labels.won.reshape(-1).tolist(),
        labels.r.reshape(-1).tolist(),
        strict=True,
    )
    return [None if row[0] == NO_END else row for row in rows]


HOURS = st.lists(st.sampled_from([1, 1, 1, 1, 2, 3, 9]), min_size=1, max_size=40)
"""From one open to the next: bars are missing, sometimes for longer than a horizon."""
STEPS = st.sampled_from([-0.03, -0.01, -0.004, 0.0, 0.004, 0.01, 0.03])
"""So coarse that prices meet a barrier exactly, and both in one bar."""


@given(hours=HOURS, rules=st.sampled_from([RULES, SIX_HOURS]), data=st.data())
def test_all_at_once_is_each_by_itself(
    hours: list[int], rules: Barriers, data: st.DataObject
) -> None:
    count = len(hours)
    opened = np.cumsum(hours, dtype=np.int64) * NS_PER_HOUR
    moves = np.array(data.draw(st.lists(STEPS, min_size=count, max_size=count)))
    gaps = np.array(data.draw(st.lists(STEPS, min_size=count, max_size=count)))
    reach = np.abs(data.draw(st.lists(STEPS, min_size=count, max_size=count)))
    close = 100.0 * np.cumprod(1.0 + moves)
    open_ = np.concatenate(([100.0], close[:-1])) * (1.0 + gaps)
    high, low = np.maximum(open_, close) * (1.0 + reach), np.minimum(open_, close) * (1.0 - reach)
    bars = np.array([open_, high, low, close, np.ones(count)])
    known = st.sampled_from([np.nan, 0.0, 0.002, 0.005, 0.015])
    atr_frac = np.array(data.draw(st.lists(known, min_size=count, max_size=count)))

    tape = Tape(bars, opened, atr_frac)
    labels = tape.labelled(rules)
    assert as_followed(labels) == tape.one_by_one(rules)
    unknown = labels.last == NO_END
    assert not labels.won[unknown].any()
    assert np.isnan(labels.r[unknown]).all()


def test_so_it_is_over_a_whole_market(holed_bars: Floats) -> None:
    kept = ~np.isnan(holed_bars[:, :, 3]).any(axis=1)
    opened = np.arange(len(holed_bars))[kept] * NS_PER_HOUR
    bars = np.ascontiguousarray(holed_bars[kept, :, 3].T)
    tape = Tape(bars[:, :400], opened[:400], np.full(400, 0.0015))
    labels = tape.labelled()

    assert as_followed(labels) == tape.one_by_one()
    ended = labels.last != NO_END
    assert labels.won[ended].any()
    assert (~labels.won[ended]).any()
    assert (labels.last - np.arange(400)[:, None])[ended].max() > 3


FLAT = [100.0, 100.0, 100.0, 100.0, 1.0]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([100.0, 103.0, 97.0, 100.0, 1.0], (1, False, -1.0)),  # both barriers: the stop came first
        ([95.0, 96.0, 94.0, 95.0, 1.0], (1, False, -2.5)),  # jumped over: filled at the open
        ([98.0, 99.0, 98.0, 99.0, 1.0], (1, False, -1.0)),  # met exactly, and at the open
        ([100.0, 103.0, 99.0, 100.0, 1.0], (1, True, TARGET)),
        ([100.0, 100.0 * (1.0 + 0.02 * TARGET), 99.0, 99.0, 1.0], (1, True, TARGET)),  # met exactly
        (FLAT, None),
    ],
)
def test_a_long_by_hand(second: list[float], expected: End | None) -> None:
    bars, opened = np.array([FLAT, second]).T, np.arange(2) * NS_PER_HOUR
    told = as_followed(Tape(bars, opened, np.array([0.01, np.nan])).labelled())[0]

    if told is None or expected is None:
        assert told is expected
    else:
        assert told[:2] == expected[:2]
        assert told[2] == pytest.approx(expected[2])


def test_the_horizon_ends_at_a_close_or_at_nothing() -> None:
    """Without the bar that closes then, or first after it, nothing was known."""
    bars, hours = np.array([FLAT] * 10).T, np.arange(10)
    for rules, ending in ((RULES, 7), (SIX_HOURS, 6)):
        late = np.where(hours >= ending, hours + 1, hours)
        whole, holed = (Tape(bars, each * NS_PER_HOUR, np.full(10, 0.01)) for each in (hours, late))

        assert as_followed(whole.labelled(rules))[0] == (ending, False, 0.0)
        assert as_followed(holed.labelled(rules))[0] is None

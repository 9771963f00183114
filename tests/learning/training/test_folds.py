"""No model is asked about a moment it learnt from: not in any symbol, not through a label's end."""

from collections.abc import Iterable

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.folds import (
    Fold,
    Separation,
    TooLittleHistory,
    combinatorial,
    walk_forward,
)
from tests.learning.training.datasets import made_up


def with_holes(data: Dataset, seed: int) -> Dataset:
    """The same without a random third of its rows, and with days missing in between."""
    kept = np.random.default_rng(seed).random(len(data)) < 2 / 3
    late = data.bar_close > data.bar_close[len(data) // 2]
    shift = np.where(late, 50 * NS_PER_HOUR, 0).astype(np.int64)
    columns = ("x", "symbol", "regime", "won", "r", "sl", "cost_r", "weight")
    taken = {name: np.ascontiguousarray(getattr(data, name)[kept]) for name in columns}
    moved = {
        "bar_close": (data.bar_close + shift)[kept],
        "ends": (data.ends + shift[:, None])[kept],
    }
    return msgspec.structs.replace(data, **taken, **moved)


def offences(data: Dataset, fold: Fold, separation: Separation) -> int:
    """Pairs, one learnt from and one asked about, that are not kept apart; counted one by one."""
    found = 0
    for asked in fold.test:
        opened, ended = data.bar_close[asked], data.ends[asked].max()
        for learnt in fold.train:
            is_before = data.ends[learnt].max() < opened - separation.overlap_ns
            far = ended + separation.overlap_ns + separation.embargo_ns
            found += not (is_before or data.bar_close[learnt] > far)
    return found


def lengths(folds: Iterable[Fold]) -> list[tuple[int, int]]:
    return [(len(fold.train), len(fold.test)) for fold in folds]


gaps = st.builds(
    Separation,
    st.integers(0, 6).map(lambda hours: hours * NS_PER_HOUR),
    st.integers(0, 6).map(lambda hours: hours * NS_PER_HOUR),
)


@given(gaps, st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_a_walk_forward_learns_only_from_what_had_ended(
    separation: Separation, count: int, seed: int
) -> None:
    data = with_holes(made_up(60, 2, seed=seed), seed)
    folds = list(walk_forward(data, folds=count, separation=separation, first_share=0.5))

    assert [offences(data, fold, separation) for fold in folds] == [0] * count
    assert all(fold.train[-1] < fold.test[0] for fold in folds)
    asked = np.concatenate([fold.test for fold in folds])
    assert asked.tolist() == list(range(asked[0], len(data)))


@given(gaps, st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_combinations_keep_purge_and_embargo_on_both_sides(
    separation: Separation, seed: int
) -> None:
    data = with_holes(made_up(120, 2, seed=seed), seed)
    folds = list(combinatorial(data, blocks=4, test_blocks=2, separation=separation))

    assert [offences(data, fold, separation) for fold in folds] == [0] * 6


def test_each_path_of_the_combinations_asks_about_every_row_once() -> None:
    data = made_up(90, 3)
    seen = np.zeros((3, len(data)), np.int64)
    for fold in combinatorial(data, blocks=4, test_blocks=2, separation=Separation(0, 0)):
        seen[fold.path, fold.test] += 1

    assert (seen == 1).all()


def test_a_bar_is_never_cut_between_its_symbols() -> None:
    data = made_up(41, 7)
    for fold in walk_forward(data, folds=5, separation=Separation(0, 0)):
        learnt, asked = data.bar_close[fold.train], data.bar_close[fold.test]
        assert not set(learnt.tolist()) & set(asked.tolist())
        assert len(fold.test) % 7 == 0


def test_a_split_without_purge_is_caught() -> None:
    data = made_up(60, 2)
    fold = next(walk_forward(data, folds=1, separation=Separation(0, 0), first_share=0.5))
    unpurged = Fold(np.arange(fold.test[0]), fold.test, fold.path)

    assert offences(data, fold, Separation(0, 0)) == 0
    assert offences(data, unpurged, Separation(0, 0)) > 0


def test_a_purge_that_forgets_other_symbols_is_caught() -> None:
    data = made_up(60, 2)
    fold = next(walk_forward(data, folds=1, separation=Separation(0, 0), first_share=0.5))
    same = data.symbol[: fold.test[0]] == 0
    ended = data.ends[: fold.test[0]].max(axis=1) < data.bar_close[fold.test[0]]
    only_own = np.flatnonzero(~same | ended)

    assert offences(data, Fold(only_own, fold.test, fold.path), Separation(0, 0)) > 0


def test_a_window_limits_how_far_back_a_fold_learns() -> None:
    data = made_up(100, 2)
    day = 24 * NS_PER_HOUR
    for fold in walk_forward(data, folds=3, separation=Separation(0, 0), window_ns=day):
        first = data.bar_close[fold.test[0]]
        assert (data.bar_close[fold.train] >= first - day).all()


def test_too_little_history_says_what_would_help() -> None:
    with pytest.raises(TooLittleHistory, match="fold 1 has no row to learn from: use more data"):
        list(walk_forward(made_up(40, 2), folds=2))


def test_the_same_data_gives_the_same_folds() -> None:
    data, separation = made_up(80, 2), Separation(NS_PER_HOUR, NS_PER_HOUR)
    first = lengths(combinatorial(data, blocks=5, test_blocks=2, separation=separation))

    assert first == lengths(combinatorial(data, blocks=5, test_blocks=2, separation=separation))
    assert len(first) == 10

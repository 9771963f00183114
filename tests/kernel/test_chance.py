"""Chance is repeatable by its seed, and two purposes never draw the same numbers."""

from hypothesis import assume, given
from hypothesis import strategies as st

from quantum_os.kernel.chance import generator

purposes = st.lists(st.text(max_size=12), max_size=3).map(tuple)


@given(st.integers(0, 2**32), purposes)
def test_the_same_seed_and_purpose_draw_the_same(seed: int, purpose: tuple[str, ...]) -> None:
    first, second = generator(seed, *purpose), generator(seed, *purpose)
    assert first.random(4).tolist() == second.random(4).tolist()


@given(purposes, purposes)
def test_different_purposes_draw_differently(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assume(one != two)
    assert generator(1, *one).random(4).tolist() != generator(1, *two).random(4).tolist()


def test_purposes_with_one_ending_do_not_share_a_sequence() -> None:
    bitcoin, ether = generator(1, "BTC/USDT:USDT"), generator(1, "ETH/USDT:USDT")
    assert bitcoin.random() != ether.random()


def test_different_seeds_draw_differently() -> None:
    assert generator(1, "x").random() != generator(2, "x").random()

import pytest

from quantum_os.formulas.bounds import clip, finite, positive

NAN = float("nan")


def test_clip_holds_a_number_and_refuses_what_is_none() -> None:
    assert [clip(x, 0.0, 1.0) for x in (-1.0, 0.5, 2.0)] == [0.0, 0.5, 1.0]
    with pytest.raises(ValueError):
        clip(NAN, 0.0, 1.0)


@pytest.mark.parametrize("x", [NAN, float("inf"), -float("inf")])
def test_nothing_that_is_not_a_number_goes_on(x: float) -> None:
    for refuse in (finite, positive):
        with pytest.raises(ValueError):
            refuse(x)


@pytest.mark.parametrize("x", [0.0, -1.0])
def test_positive_refuses_zero_and_below(x: float) -> None:
    with pytest.raises(ValueError):
        positive(x)
    assert finite(x) == x

"""A foreign timestamp means one moment or none; never the present one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import NS_PER_S
from quantum_os.storage.redis.timestamps import moment

AT = 1_751_628_900
"""2025-07-04T11:35:00Z in seconds."""


@pytest.mark.parametrize(
    "value",
    [
        "2025-07-04T11:35:00Z",
        "2025-07-04T11:35:00+00:00",
        "2025-07-04T13:35:00+02:00",
        "2025-07-04T11:35:00",
        "2025-07-04 11:35:00",
        "2025-07-04T11:35:00.000000",
        AT,
        float(AT),
        str(AT),
        f"{AT}.0",
        AT * 1_000,
        str(AT * 1_000),
        AT * 10**6,
        AT * NS_PER_S,
        str(AT * NS_PER_S),
    ],
)
def test_f06_every_known_way_of_writing_a_time_is_the_same_time(value: object) -> None:
    assert moment(value) == AT * NS_PER_S


def test_f06_parts_of_a_second_are_kept() -> None:
    assert moment("2025-07-04T11:35:00.25") == AT * NS_PER_S + 250_000_000
    assert moment(AT + 0.25) == AT * NS_PER_S + 250_000_000


@pytest.mark.parametrize(
    "value",
    [
        *("", "now", "soon", "2025-13-01", "20250704", "-1", "1e400", "NaN", "inf", "2025-07-04T"),
        *(0, -AT, 17, 99_999_999_999, 10**30, True, False, None, [], {}, b"1"),
        *(float("nan"), float("inf")),
    ],
)
def test_f06_garbage_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match="not a date or time"):
        moment(value)


@given(st.integers(10**9, 42 * 10**8 - 1), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_the_size_of_a_number_tells_its_unit(seconds: int, per_second: int) -> None:
    assert moment(seconds * per_second) == seconds * NS_PER_S

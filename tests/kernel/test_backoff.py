"""Rests grow, stay bounded, and are short again after a success."""

from quantum_os.kernel.backoff import REST_MAX_S, REST_MIN_S, Backoff


def test_rests_double_and_half_of_each_is_chance() -> None:
    backoff = Backoff(1, "test")
    for failure in range(30):
        longest = min(REST_MAX_S, REST_MIN_S * 2.0**failure)
        assert longest / 2 <= backoff.rest_s() <= longest
    backoff.succeeded()
    assert backoff.rest_s() <= REST_MIN_S


def test_two_that_fail_together_do_not_come_back_together() -> None:
    one, other = Backoff(1, "one"), Backoff(1, "other")
    assert [one.rest_s() for _ in range(5)] != [other.rest_s() for _ in range(5)]

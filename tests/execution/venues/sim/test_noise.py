"""The venue's chance is even, repeatable, and another with another seed."""

from quantum_os.execution.venues.sim.noise import noise


def test_it_repeats_and_depends_on_seed_and_parts() -> None:
    assert noise(1, "a", 2) == noise(1, "a", 2)
    assert len({noise(1, "a", 2), noise(2, "a", 2), noise(1, "b", 2), noise(1, "a", 3)}) == 4
    assert noise(1, "ab", "c") != noise(1, "a", "bc")


def test_it_is_spread_evenly_over_the_unit() -> None:
    drawn = [noise(7, n) for n in range(4000)]
    assert all(0.0 <= x < 1.0 for x in drawn)
    tenths = [sum(int(x * 10) == tenth for x in drawn) for tenth in range(10)]
    assert min(tenths) > 320
    assert max(tenths) < 480

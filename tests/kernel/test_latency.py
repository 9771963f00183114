"""A handler that takes too long is reported by name."""

from quantum_os.kernel.latency import BUDGET_NS, Latency


def test_times_add_up_by_module_and_stream() -> None:
    latency = Latency()
    for ns in (10, 30, 20):
        latency.note("m", "s", ns)
    times = latency.times["m", "s"]
    assert (times.samples, times.total, times.slowest, times.over_budget) == (3, 60, 30, 0)


def test_only_those_over_the_budget_are_named_slowest_first() -> None:
    latency = Latency()
    latency.note("quick", "s", BUDGET_NS)
    latency.note("slow", "s", BUDGET_NS + 1)
    latency.note("slowest", "s", BUDGET_NS * 3)
    assert [module for module, _, _ in latency.over_budget()] == ["slowest", "slow"]

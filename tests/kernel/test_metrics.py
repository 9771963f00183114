"""The exposition tells the bus's own counters, under the fund's prefix."""

from prometheus_client.parser import text_string_to_metric_families

from quantum_os.events.market import FeedWatermark
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.metrics import exposition
from tests.kernel.fakes import Fake, bus_of, mark, nothing


def _boom(event: FeedWatermark) -> None:
    if event.time == 3:
        raise RuntimeError("boom")


def _samples(bus: Bus) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(exposition(bus).decode())
    return {
        (sample.name, sample.labels.get("stream", "")): sample.value
        for family in families
        for sample in family.samples
    }


def _bus() -> Bus:
    bus, _ = bus_of(Fake("bad", {FeedWatermark: _boom}), Fake("good", {FeedWatermark: nothing}))
    for time in range(100):
        bus.process(time, mark(time), "tape")
    return bus


def test_every_name_carries_the_prefix() -> None:
    assert all(name.startswith("quantum_") for name, _ in _samples(_bus()))


def test_the_exposition_equals_the_counters() -> None:
    bus = _bus()
    samples = _samples(bus)
    for route in bus.routes.values():
        dead = bus.dead_letters.counts.get(route.stream, 0)
        assert samples["quantum_events_numbered_total", route.stream] == route.numbered
        assert samples["quantum_events_delivered_total", route.stream] == route.delivered
        assert samples["quantum_events_dead_lettered_total", route.stream] == dead
    assert samples["quantum_bus_seq", ""] == bus.seq == 102
    assert samples["quantum_modules_faulted", ""] == 1


def test_sampled_times_are_in_seconds() -> None:
    bus = _bus()
    slowest = bus.latency.times["good", "feed.watermark"].slowest
    assert _samples(bus)["quantum_handler_slowest_seconds", "feed.watermark"] == slowest / 1e9

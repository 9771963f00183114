"""What the bus counts, in the form that Prometheus reads."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from quantum_os.kernel.bus import Bus


class BusCollector(Collector):
    """Reads the bus when asked; nothing is counted twice and nothing in the hot path."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def collect(self) -> Iterator[Metric]:
        numbered = CounterMetricFamily(
            "quantum_events_numbered", "Events numbered, by stream.", labels=["stream"]
        )
        delivered = CounterMetricFamily(
            "quantum_events_delivered", "Events every hearer took, by stream.", labels=["stream"]
        )
        dead = CounterMetricFamily(
            "quantum_events_dead_lettered", "Events a module failed on.", labels=["stream"]
        )
        for route in self._bus.routes.values():
            numbered.add_metric([route.stream], route.numbered)
            delivered.add_metric([route.stream], route.delivered)
            dead.add_metric([route.stream], route.numbered - route.delivered)
        yield numbered
        yield delivered
        yield dead
        yield from self._latency()
        yield GaugeMetricFamily("quantum_bus_seq", "Last sequence number.", value=self._bus.seq)
        yield GaugeMetricFamily(
            "quantum_modules_faulted", "Modules off the bus.", value=len(self._bus.faulted)
        )

    def _latency(self) -> Iterator[Metric]:
        slowest = GaugeMetricFamily(
            "quantum_handler_slowest_seconds",
            "Slowest sampled handler time.",
            labels=["module", "stream"],
        )
        for (module, stream), times in self._bus.latency.times.items():
            slowest.add_metric([module, stream], times.slowest / 1e9)
        yield slowest


def exposition(bus: Bus) -> bytes:
    """Gives the bus's counters as the text that a Prometheus server scrapes."""
    registry = CollectorRegistry()
    registry.register(BusCollector(bus))
    return generate_latest(registry)

"""What is counted of the process in the form that Prometheus reads; names start with `quantum_`."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from quantum_os.api.backlogs import standing
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import Gatekeeper
from quantum_os.api.pulse import Pulse
from quantum_os.api.readiness import readiness
from quantum_os.api.sourced import market_age_s
from quantum_os.execution.conservation import Conservation
from quantum_os.kernel.metrics import BusCollector
from quantum_os.portfolio.ledger import Ledger
from quantum_os.risk.safety import Safety


class FundCollector(Collector):
    """Reads the fund when asked. What is not known is left out: a gauge never says 0 for it."""

    def __init__(self, fund: Fund, gatekeeper: Gatekeeper, pulse: Pulse) -> None:
        self._fund = fund
        self._gatekeeper = gatekeeper
        self._pulse = pulse

    def collect(self) -> Iterator[Metric]:
        ready = readiness(self._fund, self._pulse)
        yield _gauge("ready", "1 while every readiness check holds.", float(ready.ready))
        holds = GaugeMetricFamily("quantum_ready_check", "1 while it holds.", labels=["check"])
        for check in ready.checks:
            holds.add_metric([check.name], float(check.ok))
        yield holds
        yield from _known("market_age_seconds", "Since the market spoke.", market_age_s(self._fund))
        yield from _known("loop_late_seconds", "The loop's worst lateness.", self._pulse.late_s)
        hub = self._fund.hub
        yield _gauge("api_followers", "Clients that follow events.", float(hub.clients))
        yield _gauge("api_history_bytes", "Events held for them.", float(hub.held_bytes))
        yield CounterMetricFamily(
            "quantum_api_followers_dropped", "Fell behind.", value=hub.dropped
        )
        refused = CounterMetricFamily("quantum_api_refused", "Let nobody in.", labels=["status"])
        for status, count in self._gatekeeper.refused.items():
            refused.add_metric([status], count)
        yield refused
        if self._fund.is_living:
            yield from self._life()
            yield from self._waiting()

    def _life(self) -> Iterator[Metric]:
        fund, lanes = self._fund, self._fund.life.runtime.lanes
        yield _gauge("journal_lag_events", "Not durable yet.", float(fund.life.journal.lag))
        yield _gauge("inputs_waiting", "Not numbered yet.", float(lanes.backlog))
        yield CounterMetricFamily(
            "quantum_inputs_conflated", "Ticks merged.", value=lanes.conflated
        )
        yield _gauge(
            "latches_closed",
            "Reasons why entries stop.",
            float(len(fund.module(Safety).state.latches)),
        )
        ledger = fund.module(Ledger).state
        positions = ledger.positions.values()
        yield _gauge("equity_usd", "Cash and unrealised profit.", float(ledger.equity))
        yield _gauge("positions_open", "Open positions.", float(len(positions)))
        naked = sum(each.stop is None for each in positions)
        yield _gauge("positions_naked", "Without a stop at the venue.", float(naked))
        residual = fund.module(Conservation).residual
        yield _gauge("intents_residual", "Intents nobody can account for.", float(residual))

    def _waiting(self) -> Iterator[Metric]:
        """What waits for whom; what is not known has no line."""
        counts = GaugeMetricFamily(
            "quantum_behind", "Events or messages not read yet.", labels=["reader", "unit"]
        )
        ages = GaugeMetricFamily(
            "quantum_oldest_unprocessed_seconds",
            "How long the oldest of them has waited; its stream where it is known.",
            labels=["reader", "stream"],
        )
        for behind in standing(self._fund):
            if behind.count is not None:
                counts.add_metric([behind.reader, behind.unit], float(behind.count))
            if behind.oldest_age_s is not None:
                ages.add_metric([behind.reader, behind.oldest_stream or ""], behind.oldest_age_s)
        yield counts
        yield ages
        handled = self._fund.life.runtime.handled
        yield HistogramMetricFamily(
            "quantum_input_handled_seconds",
            "From the offering of an input until it was worked off.",
            buckets=[(_le(end), count) for end, count in handled.buckets()],
            sum_value=handled.total / 1e9,
        )


def exposition(fund: Fund, gatekeeper: Gatekeeper, pulse: Pulse) -> bytes:
    """Gives the text of one scrape."""
    registry = CollectorRegistry()
    registry.register(FundCollector(fund, gatekeeper, pulse))
    if fund.is_living:
        registry.register(BusCollector(fund.life.runtime.bus))
    return generate_latest(registry)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"quantum_{name}", words, value=value)


def _le(end: float) -> str:
    return "+Inf" if end == float("inf") else repr(end)


def _known(name: str, words: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield _gauge(name, words, value)

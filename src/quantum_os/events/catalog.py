"""Every event the fund can say, by stream name; and the original streams still to come."""

import inspect
from types import ModuleType

from quantum_os.events import (
    ai,
    commands,
    execution,
    exits,
    governance,
    learning,
    market,
    portfolio,
    risk,
    sizing,
    system,
)
from quantum_os.events.base import Event, stream_of

_DOMAINS: tuple[ModuleType, ...] = (
    market,
    ai,
    sizing,
    risk,
    execution,
    exits,
    portfolio,
    learning,
    governance,
    system,
    commands,
)


def _events_of(domain: ModuleType) -> list[type[Event]]:
    return [
        item
        for _, item in inspect.getmembers(domain, inspect.isclass)
        if issubclass(item, Event) and item.__module__ == domain.__name__
    ]


EVENTS: dict[str, type[Event]] = {
    stream_of(kind): kind for domain in _DOMAINS for kind in _events_of(domain)
}
"""Stream name -> event class, in the order of an order's life."""

ORIGINAL_STREAMS: tuple[str, ...] = (
    "market_data",
    "market.tick",
    "market.klines",
    "exchange.raw",
    "exchange.normalized",
    "ai.signal_generated",
    "ai.decision.made",
    "sizing.decided",
    "trade.intent",
    "execution.result",
    "trade.closed",
    "portfolio.snapshot_updated",
    "portfolio.exposure_updated",
    "rl_v3.training.started",
    "rl_v3.training.completed",
    "learning.retraining.started",
    "learning.retraining.completed",
    "learning.retraining.failed",
    "model.retrain",
    "policy.updated",
    "meta.regime",
)
"""The 21 streams of the replaced system, which keep their names."""

PLANNED: tuple[str, ...] = tuple(name for name in ORIGINAL_STREAMS if name not in EVENTS)
"""Original streams whose domain is not built yet; nothing produces or stands in for them."""

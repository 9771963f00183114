"""How long handlers take, sampled; measured on the wall and never part of a decision."""

import msgspec

BUDGET_NS = 5_000_000
"""A handler over this many ns is reported by name."""


class HandlerTime(msgspec.Struct):
    """Sampled times of one module on one stream, in ns."""

    samples: int = 0
    total: int = 0
    slowest: int = 0
    over_budget: int = 0


class Latency:
    """Sampled handler times by (module, stream)."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, str], HandlerTime] = {}

    def note(self, module: str, stream: str, ns: int) -> None:
        times = self.times.setdefault((module, stream), HandlerTime())
        times.samples += 1
        times.total += ns
        times.slowest = max(times.slowest, ns)
        times.over_budget += ns > BUDGET_NS

    def over_budget(self) -> list[tuple[str, str, HandlerTime]]:
        """Names the handlers that were caught over their budget, slowest first."""
        late = [(*key, times) for key, times in self.times.items() if times.over_budget]
        return sorted(late, key=lambda row: -row[2].slowest)

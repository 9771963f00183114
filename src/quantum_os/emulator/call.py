"""Decides what a request handler is given: who asks, for what, and of which venue."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.clock import VenueClock
from quantum_os.emulator.exchange import Exchange
from quantum_os.emulator.listen_keys import ListenKeys
from quantum_os.emulator.refusals import Refused

Answer = object
"""What is written as JSON: a dictionary or a list of plain values."""


class Security(StrEnum):
    """What a request must show: nothing, an API key, or a signature by its secret."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Call(msgspec.Struct, frozen=True):
    """One request; `trader` is whose key it showed, `page_max` a cap by the fault script."""

    params: Mapping[str, str]
    exchange: Exchange
    clock: VenueClock
    listen_keys: ListenKeys
    trader: TradingAccount | None = None
    page_max: int | None = None

    @property
    def account(self) -> TradingAccount:
        """Whose key was shown; raises Refused -2014 where nobody did."""
        if self.trader is None:
            raise Refused(-2014)
        return self.trader

    def limit(self, default: int, most: int) -> int:
        """How many rows are wanted; raises Refused -1130 for none or too many."""
        text = self.params.get("limit")
        if text is None:
            return min(default, self.page_max or default)
        if not text.isdigit() or not 0 < int(text) <= most:
            raise Refused(-1130, "limit")
        return min(int(text), self.page_max or int(text))


Weight = int | Callable[[Mapping[str, str]], int]


class Route(msgspec.Struct, frozen=True):
    """Who answers a path, what must be shown there, and what it costs in weight and orders."""

    handle: Callable[[Call], Answer]
    security: Security = Security.NONE
    weight: Weight = 1
    orders: int = 0

    def weigh(self, params: Mapping[str, str]) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)

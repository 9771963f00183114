"""Who may still ask the exchange within this minute: exits always find room, entries go first."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from quantum_os.kernel.clock import monotonic_ns

NS_PER_S = 1_000_000_000
WINDOW_S = 60.0
"""Seconds over which an exchange counts."""

WEIGHT_MAX = 2_400
"""Request weight per window and address at Binance USD-M."""

EXIT_RESERVE = 0.35
"""Share of the weight that only exits may spend; the law asks for 0.30 at least."""

_reduces: ContextVar[bool] = ContextVar("reduces", default=False)


class BudgetSpent(ConnectionRefusedError):
    """A request that did not leave: what is left of the budget is kept for exits."""


@contextmanager
def reducing(reduces: bool = True) -> Iterator[None]:
    """Marks the requests made inside as those of an exit."""
    token = _reduces.set(reduces)
    try:
        yield
    finally:
        _reduces.reset(token)


class RateBudget:
    """A ledger of request weight over one sliding window, corrected by what the exchange counts."""

    def __init__(
        self,
        weight_max: float = WEIGHT_MAX,
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._max = weight_max
        self._monotonic = monotonic
        self._spent: deque[tuple[int, float]] = deque()
        self._sum = 0.0

    @property
    def spent(self) -> float:
        """Weight spent in the window that ends now."""
        since = self._monotonic() - int(WINDOW_S * NS_PER_S)
        while self._spent and self._spent[0][0] <= since:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    @property
    def left_for_entries(self) -> float:
        return max(0.0, self._max * (1 - EXIT_RESERVE) - self.spent)

    def wait_s(self, weight: float) -> float:
        """Seconds until `weight` may be spent; 0 now. Exits are those asked for in `reducing`."""
        limit = self._max * (1.0 if _reduces.get() else 1 - EXIT_RESERVE)
        excess = self.spent + weight - limit
        if excess <= 0:
            return 0.0
        freed, last = 0.0, 0
        for at, amount in self._spent:
            freed, last = freed + amount, at
            if freed >= excess:
                break
        return max(0.001, (last - self._monotonic()) / NS_PER_S + WINDOW_S)

    def spend(self, weight: float) -> None:
        """Books a request that leaves now."""
        if weight > 0:
            self._spent.append((self._monotonic(), weight))
            self._sum += weight

    def counted(self, used: float) -> None:
        """Hears what the exchange itself has counted: a second process may share our address."""
        missing = used - self.spent
        if missing > 0:
            self.spend(missing)

"""Decides how much a caller may ask for in a minute, and who is shut out for asking more."""

from collections.abc import Callable

from quantum_os.emulator.refusals import Refused
from quantum_os.events.units import NS_PER_MS, NS_PER_S

WEIGHT_1M_MAX = 2_400
"""Weight of the requests of one address in a minute."""

ORDERS_1M_MAX = 1_200
ORDERS_10S_MAX = 300
"""Orders of one account."""

OFFENCES_MAX = 10
"""Requests into a closed door after which the door stays closed for longer: 418."""

BAN_S = 120
"""Seconds of such a ban."""


class Window:
    """Counts what happens in a fixed window of wall time."""

    def __init__(self, length_s: int, now: Callable[[], int]) -> None:
        self._length = length_s * NS_PER_S
        self._now = now
        self._began = -1
        self.count = 0

    def add(self, amount: int) -> int:
        began = self._now() // self._length
        if began != self._began:
            self._began, self.count = began, 0
        self.count += amount
        return self.count

    def left_s(self) -> int:
        """Seconds until the count begins anew, at least 1."""
        return int((self._length - self._now() % self._length) // NS_PER_S) + 1


class Door:
    """Shuts the whole address out for a time, with 429 or 418, and counts who knocks meanwhile.

    It stays shut by `now`; until when is said in the venue's time, as `venue_now` gives it, ns.
    `enforced` False counts and never refuses by itself; the fault script may shut it all the same.
    """

    def __init__(
        self,
        now: Callable[[], int],
        venue_now: Callable[[], int] | None = None,
        *,
        enforced: bool = True,
    ) -> None:
        self._now = now
        self._venue_now = venue_now or now
        self.enforced = enforced
        self.weight = Window(60, now)
        self.until = 0
        self.status = 0
        self.knocks = 0
        self.knocks_total = 0
        self._orders: dict[str, tuple[Window, Window]] = {}

    def shut(self, seconds: float, status: int) -> None:
        """Answers everything with `status` for a time."""
        self.until = self._now() + round(seconds * NS_PER_S)
        self.status, self.knocks = status, 0

    def open(self) -> None:
        self.until = self.status = 0

    @property
    def left_s(self) -> int:
        """Seconds until it opens, rounded up; 0 when it is open."""
        return max(0, -(-(self.until - self._now()) // NS_PER_S))

    def pass_through(self, weight: int) -> None:
        """Counts a request; raises Refused when the door is shut, or shuts with this one."""
        if self._now() < self.until:
            self._knock()
        used = self.weight.add(weight)
        if self.enforced and used > WEIGHT_1M_MAX:
            self.shut(self.weight.left_s(), 429)
            self._knock()

    def count_orders(self, key: str, orders: int) -> tuple[int, int]:
        """Counts orders of an account in 10 s and in a minute; raises Refused -1015 beyond."""
        short, long = self._orders.setdefault(key, (Window(10, self._now), Window(60, self._now)))
        counted = short.add(orders), long.add(orders)
        if self.enforced and (counted[0] > ORDERS_10S_MAX or counted[1] > ORDERS_1M_MAX):
            raise Refused(-1015, f"{ORDERS_10S_MAX} orders per 10 SECOND")
        return counted

    def _knock(self) -> None:
        self.knocks += 1
        self.knocks_total += 1
        if self.enforced and self.status == 429 and self.knocks > OFFENCES_MAX:
            self.shut(BAN_S, 418)
        if self.status == 418:
            until = (self._venue_now() + self.until - self._now()) // NS_PER_MS
            text = (
                f"Way too many requests; IP(127.0.0.1) banned until {until}. "
                "Please use the websocket for live updates to avoid bans."
            )
            raise Refused(-1003, text=text, status=418)
        raise Refused(-1003, WEIGHT_1M_MAX, status=429)

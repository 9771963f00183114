"""What a live market is to a plan: its venues and bars, and no past that could be played."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.base import Event
from quantum_os.kernel.ids import derive

SIMULATED = "prices are the exchanges' own, heard live; orders are filled by the simulated venue"
TRADED = (
    "prices and fills are the exchange's own; money on a testnet is not real, and its books thin"
)
MISSED = (
    "what was missed while nobody heard is known from bars alone, without the prices inside them"
)


class LiveMarket(msgspec.Struct, frozen=True):
    """Exchanges that are heard from `start` (ns) on; the first is the price venue.

    `is_traded` where orders go there as well.

    It has no content to hash, so the same exchanges and bars are the same market in every life.
    """

    venues: tuple[str, ...]
    timeframe: str
    perpetuals: tuple[str, ...]
    start: int
    is_traded: bool = False

    @property
    def step_ns(self) -> int:
        """0: nothing is played, so no age limit is stretched to the bars of a tape."""
        return 0

    @property
    def bars(self) -> int:
        return 0

    @property
    def data_hash(self) -> str:
        return derive("live", *self.venues, self.timeframe)

    @property
    def assumptions(self) -> tuple[str, ...]:
        return (TRADED if self.is_traded else SIMULATED, MISSED)

    @property
    def is_synthetic(self) -> bool:
        return False

    def symbols(self, venue: str) -> tuple[str, ...]:
        return self.perpetuals

    def funded(self, venue: str) -> tuple[str, ...]:
        return self.perpetuals

    def frames(self) -> Iterator[tuple[int, int, Event | None]]:
        return iter(())

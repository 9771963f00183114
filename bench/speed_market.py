"""What every market has that is made for a benchmark alone: one venue, no funding, nothing real."""

from typing import ClassVar

import msgspec


class SpeedMarket(msgspec.Struct, frozen=True):
    """The part of a recording that is the same for all of them."""

    VENUE: ClassVar[str] = "binance"

    @property
    def venues(self) -> tuple[str, ...]:
        return (self.VENUE,)

    @property
    def is_synthetic(self) -> bool:
        return True

    @property
    def assumptions(self) -> tuple[str, ...]:
        return ("the market is made for measuring speed",)

    def funded(self, venue: str) -> tuple[str, ...]:
        return ()

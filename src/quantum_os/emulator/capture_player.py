"""EDGE. When a recorded market moves on: each message at the venue's time that stands in it."""

from collections.abc import Iterator

from quantum_os.emulator.capture import Capture, Line
from quantum_os.emulator.clock import VenueClock
from quantum_os.emulator.host import PRICE_VENUE
from quantum_os.emulator.player import Item, Player
from quantum_os.emulator.recorded_market import RecordedMarket
from quantum_os.events.units import NS_PER_MINUTE


class CapturePlayer(Player):
    """Plays a capture, moved by `shift` ns."""

    def __init__(
        self, market: RecordedMarket, clock: VenueClock, capture: Capture, shift: int
    ) -> None:
        super().__init__(market, clock, (), PRICE_VENUE, shift=shift)
        self._recorded = market
        self._capture = capture
        self._minute = 0

    def remember_until(self, begin: int) -> None:
        self.begin = begin
        while (item := self._peek()) is not None and item[0] <= begin:
            self._next = None
            assert isinstance(item[1], Line)
            self._recorded.hears(item[1], item[0], quietly=True)
        self._minute = begin // NS_PER_MINUTE

    def _play(self, time: int, event: object) -> None:
        assert isinstance(event, Line)
        minute = time // NS_PER_MINUTE
        if minute > self._minute:
            self._recorded.ends_minute(self._minute * NS_PER_MINUTE)
            self._minute = minute
        self._recorded.hears(event, time)

    def _told(self) -> Iterator[Item]:
        for time, line in self._capture.lines():
            yield time + self._shift, line

"""Which filters and brackets hold: says the packaged ones when no venue has given its own."""

import msgspec

from quantum_os.events.market import Instrument, InstrumentUpdated
from quantum_os.events.system import ProcessStarted
from quantum_os.kernel.reactor import Reactor
from quantum_os.market.instrument_book import PACKAGED


class InstrumentsConfig(msgspec.Struct, frozen=True):
    """The instruments to start with, and where they come from."""

    instruments: tuple[Instrument, ...]
    source: str = PACKAGED


class InstrumentsState(msgspec.Struct):
    """Nothing is remembered: the event carries everything."""


class Instruments(Reactor[InstrumentsState]):
    """Says at the start what the venue will accept, so that nothing is sized without filters."""

    name = "market.instruments"

    def __init__(self, config: InstrumentsConfig) -> None:
        super().__init__(InstrumentsState())
        self._config = config

    def on_start(self, event: ProcessStarted) -> InstrumentUpdated:
        return InstrumentUpdated(
            venue=event.venue,
            instruments=self._config.instruments,
            source=self._config.source,
        )

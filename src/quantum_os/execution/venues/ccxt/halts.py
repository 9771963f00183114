"""Why no entry may leave for a venue right now, and who lets them leave again; exits never ask."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from quantum_os.events.execution import HaltState
from quantum_os.events.units import Ns
from quantum_os.execution.venues.ccxt.teller import Teller


class Halt(msgspec.Struct, frozen=True):
    """How a halt opens. `by_person`: an operator may open it with a reason, while it lasts.

    `outlives` a restart: what it is about is over, and nothing else would call a person again.
    """

    way_out: str
    by_person: bool = False
    outlives: bool = False


_CLEAR = "an operator clears it with a reason"

HALTS: Mapping[str, Halt] = MappingProxyType(
    {
        "clock_drift": Halt("opens by itself when the clocks agree again"),
        "not_trading": Halt("opens by itself when the exchange lists it as trading"),
        "shut_out": Halt("opens by itself when the exchange answers again"),
        "unlisted": Halt("opens by itself when the account can be listed again"),
        "locked_out": Halt(f"a request that succeeds opens it, or {_CLEAR}", by_person=True),
        "symbol_closed": Halt(
            f"opens when the exchange lists it anew as trading, or {_CLEAR}", by_person=True
        ),
        "closed_by_venue": Halt(
            f"{_CLEAR}, once the position is understood", by_person=True, outlives=True
        ),
        "fee_asset": Halt(f"{_CLEAR}, once fees are taken in USDT", by_person=True),
        "position_mode": Halt(f"{_CLEAR}, once the account is in one-way mode", by_person=True),
        "reduce_only": Halt(f"{_CLEAR}, once the exchange lets the account open", by_person=True),
        "unmapped_code": Halt(f"{_CLEAR}, once the code is understood", by_person=True),
    }
)
"""Every cause: one table. What still holds when a person has opened it closes it again."""


class Halts:
    """Causes that hold back entries, of the account or of one symbol; each is told once."""

    def __init__(self, teller: Teller, venue: str = "") -> None:
        self._teller, self._venue = teller, venue
        self._causes: dict[tuple[str, str], HaltState] = {}

    def close(self, cause: str, why: str, symbol: str = "") -> None:
        """Holds back entries until `open`; the alert carries the reason."""
        halt, known = HALTS[cause], self._causes.get((cause, symbol))
        since = known.since if known is not None else Ns(self._teller.now)
        told = HaltState(
            self._venue,
            cause,
            symbol,
            is_closed=True,
            by_person=halt.by_person,
            reason=why,
            way_out=halt.way_out,
            since=since,
        )
        self._causes[cause, symbol] = told
        if known is None:
            self._teller.say(told)
        self._teller.alarm(cause, f"{symbol + ': ' if symbol else ''}{why}", about=symbol)

    def open(self, cause: str, symbol: str = "") -> None:
        """Takes one cause back."""
        known = self._causes.pop((cause, symbol), None)
        if known is not None:
            self._teller.say(msgspec.structs.replace(known, is_closed=False))
            self._teller.resolve(cause, about=symbol)

    def clears(self, name: str) -> None:
        """Hears that a person has opened a halt; one that is not for people stays."""
        for (cause, symbol), known in list(self._causes.items()):
            if known.name == name and known.by_person:
                self.open(cause, symbol)

    @property
    def causes(self) -> Mapping[tuple[str, str], str]:
        """Why entries are held back, by cause and symbol ("" for all of them)."""
        return MappingProxyType({key: known.reason for key, known in self._causes.items()})

    def why(self, symbol: str) -> str | None:
        """The first cause that holds back an entry of this symbol, None if there is none."""
        found = (
            f"{cause}: {known.reason}"
            for (cause, about), known in self._causes.items()
            if about in ("", symbol)
        )
        return next(found, None)

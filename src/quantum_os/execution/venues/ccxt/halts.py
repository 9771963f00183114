"""Why no entry may leave for a venue right now; exits never ask here."""

from collections.abc import Mapping
from types import MappingProxyType

from quantum_os.execution.venues.ccxt.teller import Teller


class Halts:
    """Causes that hold back entries, of the account or of one symbol; each is told once."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._causes: dict[tuple[str, str], str] = {}

    def close(self, cause: str, why: str, symbol: str = "") -> None:
        """Holds back entries until `open`; the alert carries the reason."""
        self._causes[cause, symbol] = why
        self._teller.alarm(cause, f"{symbol + ': ' if symbol else ''}{why}", about=symbol)

    def open(self, cause: str, symbol: str = "") -> None:
        """Takes one cause back."""
        if self._causes.pop((cause, symbol), None) is not None:
            self._teller.resolve(cause, about=symbol)

    @property
    def causes(self) -> Mapping[tuple[str, str], str]:
        """Why entries are held back, by cause and symbol ("" for all of them)."""
        return MappingProxyType(self._causes)

    def why(self, symbol: str) -> str | None:
        """The first cause that holds back an entry of this symbol, None if there is none."""
        found = (
            f"{cause}: {why}"
            for (cause, about), why in self._causes.items()
            if about in ("", symbol)
        )
        return next(found, None)

"""What is said, and held back, while an exchange wants to hear nothing from us."""

from http import HTTPStatus

from quantum_os.events.system import Severity
from quantum_os.exchange.ban_clock import BANNED, BanClock
from quantum_os.execution.venues.ccxt.halts import Halts
from quantum_os.execution.venues.ccxt.teller import Teller

SHUT_OUT = frozenset({BANNED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})
"""Statuses by which an exchange shuts us out; waiting alone does not prove that it lets us in."""


class Silence:
    """Calls a person when the exchange asks for silence; being shut out takes entries off.

    Stops rest at the exchange meanwhile and the private stream is heard. The account's next listing
    is the proof that we may speak again.
    """

    def __init__(self, ban: BanClock, halts: Halts, teller: Teller) -> None:
        self._ban, self._halts, self._teller = ban, halts, teller
        ban.on_silence.append(self._begins)

    def _begins(self, seconds: float, status: int) -> None:
        what = f"the exchange said {status}: nothing leaves for {seconds:.0f} s"
        if status in SHUT_OUT:
            self._halts.close("shut_out", f"{what}, no exit either; the stops there protect")
        elif status == HTTPStatus.TOO_MANY_REQUESTS:
            self._teller.alarm("backing_off", what, severity=Severity.WARNING)

    def listed(self) -> None:
        """Hears that the account was listed."""
        if self._ban.seconds_left == 0:
            self._halts.open("shut_out")
            self._teller.resolve("backing_off")

"""How one request to a venue is made, and what its answer proves."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import TypeVar

import msgspec

from quantum_os.exchange.errand import on_errand
from quantum_os.exchange.line import Answer, Line, listening
from quantum_os.execution.venues.ccxt.dialect import Dialect, Judged, VenueRefused
from quantum_os.execution.venues.ccxt.verdicts import Ruling, Verdict, ruling_of

T = TypeVar("T")


class Attempts:
    """Makes requests and judges their answers by the venue's codes; counts what made no sense."""

    def __init__(self, dialect: Dialect, line: Line) -> None:
        self._dialect = dialect
        self.line = line
        self.bad_responses = 0
        self.verdicts: dict[Verdict, int] = dict.fromkeys(Verdict, 0)

    async def make(self, request: Awaitable[T | None], errand: str = "") -> tuple[Ruling, T | None]:
        """Gives the ruling, and the value if the request was done; raises VenueRefused only."""
        with on_errand(errand), listening() as answer:
            ruling, value = await self._made(request, answer)
        self.verdicts[ruling.verdict] += 1
        return msgspec.structs.replace(ruling, left=answer.left), value

    async def _made(self, request: Awaitable[T | None], answer: Answer) -> tuple[Ruling, T | None]:
        try:
            value = await request
        except VenueRefused:
            raise
        except Judged as judged:
            return Ruling(judged.verdict, reason=judged.reason), None
        except Exception as error:  # noqa: BLE001  a library's error proves nothing either way
            self.bad_responses += answer.status == HTTPStatus.OK
            return ruling_of(answer, error, self._dialect.codes), None
        if value is not None:
            return Ruling(Verdict.DONE), value
        self.bad_responses += 1
        return Ruling(Verdict.UNKNOWN, "", "an answer that makes no sense"), None

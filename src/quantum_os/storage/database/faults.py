"""What a database error asks for: try again at once, set an event aside, or wait for the server."""

import sqlite3
from enum import Enum

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

_AGAIN = frozenset(
    {
        "40001",  # serialisation failure
        "40P01",  # deadlock
    }
)
"""SQLSTATEs after which the same transaction may well succeed."""

REASON_MAX = 200
"""Characters of an error that are told; the rest is the statement that failed."""


class Fault(Enum):
    """What to do about an error."""

    AGAIN = "again"
    POISON = "poison"
    DOWN = "down"


def fault_of(error: BaseException) -> Fault:
    """Says what an error asks for; one that is not understood is a database that is down."""
    if isinstance(error, DataError | IntegrityError | OverflowError):
        return Fault.POISON
    if isinstance(error, DBAPIError):
        return Fault.AGAIN if getattr(error.orig, "sqlstate", "") in _AGAIN else Fault.DOWN
    return Fault.POISON if isinstance(error, StatementError) else Fault.DOWN


DATABASE_ERRORS = (SQLAlchemyError, sqlite3.Error, OverflowError, OSError, TimeoutError)
"""Everything that a database, its driver or the way to it raises."""


def reason_of(error: BaseException) -> str:
    """Gives an error as one line for people."""
    told = error.orig if isinstance(error, StatementError) and error.orig else error
    lines = str(told).strip().splitlines() or [type(told).__name__]
    return lines[0][:REASON_MAX]

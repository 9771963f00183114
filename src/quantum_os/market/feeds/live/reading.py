"""How a message becomes facts without ever breaking what hears it: refused, and with a reason."""

from collections.abc import Callable

import msgspec

from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.market.feeds.live.figures import AnotherProduct, Unreadable
from quantum_os.market.feeds.live.heard import NotOurs, Reading, Refused

MESSAGE_CHARS_MAX = 8 * 1024 * 1024
"""Characters of one message; a longer one is not decoded."""

ANOTHER_PRODUCT = "another product"

Reader = Callable[[object], Reading]
"""Reads one decoded message of a venue."""


def read_safely(reader: Reader, message: object) -> Reading:
    """Reads a decoded message; what cannot be read is refused, whatever it is."""
    try:
        return reader(message)
    except AnotherProduct:
        return NotOurs(ANOTHER_PRODUCT)
    except Unreadable as error:
        return Refused(str(error))
    except RecursionError:
        return Refused("message: nested too deeply")


def read_text(reader: Reader, text: str | bytes) -> Reading:
    """Decodes a message by the letter of JSON (so no NaN) and reads it."""
    if len(text) > MESSAGE_CHARS_MAX:
        return Refused("message: too long")
    try:
        message = msgspec.json.decode(text)
    except UNREADABLE:
        return Refused("message: no JSON")
    return read_safely(reader, message)

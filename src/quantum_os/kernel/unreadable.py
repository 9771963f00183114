"""What a decoder raises for bytes that are no document: one name, so that no reader forgets one.

msgspec says `DecodeError` of broken JSON, `UnicodeDecodeError` (no child of it) of a text that is
not UTF-8, and `RecursionError` of one that nests too deep. Whoever reads what a disk, a socket or a
person wrote catches all three.
"""

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

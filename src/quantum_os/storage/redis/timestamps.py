"""Which moment a foreign timestamp means: ISO-8601, or a number whose size tells its unit."""

import re
from math import isfinite

from quantum_os.events.units import NS_PER_MS, NS_PER_S
from quantum_os.kernel.iso_time import from_iso

SECONDS = (10**9, 42 * 10**8)
"""The years 2001 to 2103 in seconds; in any finer unit these windows do not overlap."""

_UNITS = (NS_PER_S, NS_PER_MS, 1_000, 1)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def moment(value: object) -> int:
    """Gives UTC ns; a text without zone is UTC. Raises ValueError for what is no time at all.

    A number is taken as s, ms, us or ns, whichever puts it into this century. Nothing is ever
    read as "now".
    """
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return from_iso(text)
        value = int(text) if text.isdecimal() else float(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"not a date or time: {value!r}")
    for unit in _UNITS:
        whole = int(value)
        ns = whole * unit + round((value - whole) * unit)
        if SECONDS[0] * NS_PER_S <= ns < SECONDS[1] * NS_PER_S:
            return ns
    raise ValueError(f"not a date or time of this century: {value!r}")

"""What a fuzzer holds a parser to: its own named errors only, no hang, no flood, nothing insane."""

import os
import resource
import signal
from collections.abc import Callable, Iterable
from itertools import islice
from types import FrameType
from typing import TypeVar

import msgspec

T = TypeVar("T")
R = TypeVar("R")

CASES = int(os.environ.get("QUANTUM_OS_FUZZ_CASES", "5000"))
"""Bent examples for each parser that is cheap to call."""

SEED = int(os.environ.get("QUANTUM_OS_FUZZ_SEED", "0"))

HANG_S = 5.0
"""Seconds of this process's own work after which one case hangs."""

FLOOD_MB = 256
"""What a whole campaign may grow the process by."""

CASE_CHARACTERS_SHOWN = 600


class Broken(AssertionError):
    """A parser did with a case what it must never do."""


class Hangs(BaseException):
    """Raised into a parser that does not end; no parser may swallow it."""


class Tally(msgspec.Struct):
    """What came of a campaign."""

    read: int = 0
    refused: int = 0


def campaign(
    cases: Iterable[T],
    parse: Callable[[T], R],
    *named: type[Exception],
    sane: Callable[[T, R], str] = lambda case, read: "",
    number: int = CASES,
) -> Tally:
    """Parses so many cases; `sane` names what is wrong with what was read, empty for nothing.

    Raises Broken with the case.
    """
    tally, before = Tally(), _peak_mb()
    earlier = signal.signal(signal.SIGVTALRM, _hangs)
    try:
        for place, case in enumerate(islice(cases, number)):
            signal.setitimer(signal.ITIMER_VIRTUAL, HANG_S)
            _one(case, place, parse, named, sane, tally)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, earlier)
    if _peak_mb() - before > FLOOD_MB:
        raise Broken(f"the process grew by {_peak_mb() - before} MB")
    return tally


def _one(
    case: T,
    place: int,
    parse: Callable[[T], R],
    named: tuple[type[Exception], ...],
    sane: Callable[[T, R], str],
    tally: Tally,
) -> None:
    shown = repr(case)[:CASE_CHARACTERS_SHOWN]
    try:
        read = parse(case)
    except named:
        tally.refused += 1
        return
    except Hangs as error:
        raise Broken(f"case {place} of seed {SEED} hangs: {shown}") from error
    except Exception as error:
        raise Broken(f"case {place} of seed {SEED}: {error!r} for {shown}") from error
    wrong = sane(case, read)
    if wrong:
        raise Broken(f"case {place} of seed {SEED}: {wrong}: {shown}")
    tally.read += 1


def broken_by(fuzz: Callable[[], Tally]) -> str:
    """Gives what a campaign finds in a parser known to be bad; fails if it finds nothing."""
    try:
        fuzz()
    except Broken as broken:
        return str(broken)
    raise AssertionError("the campaign found nothing in a parser that is known to be bad")


def _hangs(number: int, frame: FrameType | None) -> None:
    raise Hangs


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024

"""What one check came to: whether the fund may run so, and the evidence."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """`fail` bars a start; `warn` does not; `skipped` was not asked for, or could not be."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class Finding(msgspec.Struct, frozen=True):
    """One check: what was looked at, what it came to, and why."""

    check: str
    verdict: Verdict
    found: str


def ok(check: str, found: str) -> Finding:
    return Finding(check, Verdict.OK, found)


def warn(check: str, found: str) -> Finding:
    return Finding(check, Verdict.WARN, found)


def fail(check: str, found: str) -> Finding:
    return Finding(check, Verdict.FAIL, found)


def skipped(check: str, found: str) -> Finding:
    return Finding(check, Verdict.SKIPPED, found)

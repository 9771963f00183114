"""Whether events flow through the process: each check with what was seen and what is allowed."""

import msgspec

from quantum_os.api.backlogs import LANES, Behind, standing
from quantum_os.api.fund import Fund
from quantum_os.api.pulse import Pulse
from quantum_os.api.sourced import market_age_s
from quantum_os.kernel.runtime import UNFLUSHED_MAX

BACKLOG_MAX = 1_000
"""Inputs that may wait before the loop counts as behind."""

UNPROCESSED_MAX_S = 5.0
"""Wall seconds that the oldest of them may have waited."""

STALLED_MAX_S = 2.0
"""Wall seconds that the journal may write nothing while something waits."""

LOOP_LATE_MAX_S = 1.0


class Check(msgspec.Struct, frozen=True):
    """One thing that must hold; null where nothing was measured, and `reason` says why."""

    name: str
    ok: bool
    value: float | None
    limit: float | None
    unit: str
    reason: str


class Readiness(msgspec.Struct, frozen=True):
    """Ready only while every check holds."""

    ready: bool
    checks: list[Check]


def readiness(fund: Fund, pulse: Pulse) -> Readiness:
    """Judges the flow of this moment."""
    checks = [_age(fund), _loop(pulse)]
    if fund.is_living:
        checks += [_modules(fund), *_journal(fund), _lanes(fund), *_keepers(fund)]
        checks += [_oldest(fund, each) for each in standing(fund)]
    else:
        checks.append(Check("life", ok=False, value=None, limit=None, unit="", reason="recovering"))
    return Readiness(all(check.ok for check in checks), checks)


def _age(fund: Fund) -> Check:
    return _at_most("market_age", market_age_s(fund), fund.facts.stale_after_s, "s", unknown=False)


def _loop(pulse: Pulse) -> Check:
    return _at_most("loop_late", pulse.late_s, LOOP_LATE_MAX_S, "s", unknown=True)


def _modules(fund: Fund) -> Check:
    """One that is not well still lets events flow; `health` tells of it."""
    health = fund.life.runtime.health()
    bad = [row for row in health.modules if row.state not in ("running", "degraded")]
    reason = ", ".join(row.module for row in bad)
    return Check("modules", not bad, float(len(bad)), 0.0, "not running", reason)


def _journal(fund: Fund) -> list[Check]:
    journal = fund.life.journal
    failure = "" if journal.failure is None else str(journal.failure)
    stalled = _at_most("journal_stalled", journal.stalled_s(), STALLED_MAX_S, "s", unknown=False)
    lag = _at_most("journal_lag", float(journal.lag), float(UNFLUSHED_MAX), "events", unknown=False)
    written = Check("journal", not failure, None, None, "", failure)
    return [written, stalled, lag]


def _lanes(fund: Fund) -> Check:
    backlog = float(fund.life.runtime.lanes.backlog)
    return _at_most("unprocessed", backlog, float(BACKLOG_MAX), "inputs", unknown=False)


def _oldest(fund: Fund, behind: Behind) -> Check:
    """How long the oldest event that a reader has not read has waited, and which it is."""
    is_lanes = behind.reader == LANES
    name = "oldest_unprocessed" if is_lanes else f"behind_{behind.reader}"
    limit = UNPROCESSED_MAX_S if is_lanes else fund.facts.behind_after_s
    age_s = behind.oldest_age_s
    ok = age_s is not None and age_s <= limit
    return Check(name, ok, age_s, limit, "s", _words(behind) or behind.reason)


def _words(behind: Behind) -> str:
    if not behind.count:
        return ""
    stream = behind.oldest_stream or ""
    number = "" if behind.oldest_seq is None else f" {behind.oldest_seq}"
    since = f", {stream}{number} first" if stream or number else ""
    return f"{behind.count:,} {behind.unit} wait for {behind.reader}{since}"


def _keepers(fund: Fund) -> list[Check]:
    """The last word of each; a keeper that never had trouble has said nothing."""
    told = fund.life.runtime.keepers.last.values()
    return [
        Check(f"keeper_{each.keeper}", each.ok, float(each.lag), None, "events", each.reason)
        for each in told
    ]


def _at_most(name: str, value: float | None, limit: float, unit: str, *, unknown: bool) -> Check:
    ok = unknown if value is None else value <= limit
    reason = "nothing was heard or measured yet" if value is None else ""
    return Check(name, ok, value, limit, unit, reason)

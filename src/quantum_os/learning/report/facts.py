"""Decides what a run says of itself: who made it, from what, under which policy."""

from collections.abc import Mapping

import msgspec

from quantum_os.kernel.iso_time import iso
from quantum_os.learning.report.evidence import Evidence


class Recorded(msgspec.Struct, frozen=True):
    """The part of `run.json`'s result that a report repeats or checks; None where it says nothing.

    A live process has no such file: there all of it is None.
    """

    run_id: str | None = None
    data_hash: str | None = None
    decision_hash: str | None = None
    event_hash: str | None = None
    symbols: tuple[str, ...] | None = None
    decision_timeframe: str | None = None
    start: str | None = None
    end: str | None = None
    bars: int | None = None
    trades: int | None = None
    net_pnl: float | None = None
    equity: float | None = None
    max_drawdown: float | None = None
    sharpe: float | None = None
    ambiguous_bars: int | None = None
    liquidations: int | None = None
    seconds_naked_max: float | None = None
    assumptions: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """What identifies a run. Hashes that nobody recorded are None."""

    run_id: str
    code: str
    config_hash: str
    data_hash: str | None
    decision_hash: str | None
    event_hash: str | None
    mode: str
    profile: str
    policy_version: str
    report_only: tuple[str, ...]
    seed: int
    venue: str
    symbols: tuple[str, ...]
    timeframe: str
    decision_timeframe: str
    start: str
    end: str
    synthetic: bool
    recorded: Recorded
    settings: str
    """The configuration as recorded, in JSON; empty for a live process."""


class NothingRecorded(ValueError):
    """A recording without a start: there is nothing to report on."""


def facts_of(document: Mapping[str, object] | None, evidence: Evidence) -> Facts:
    """Joins what the events say with `run.json`, where there is one; raises NothingRecorded.

    The events come first: the file only adds what they do not hold.
    """
    if not evidence.starts or not evidence.policies:
        raise NothingRecorded("the recording holds no start of a run: nothing to report on")
    start, policy = evidence.starts[0], evidence.policies[-1]
    recorded = _recorded(document)
    return Facts(
        run_id=start.namespace,
        code=start.build,
        config_hash=start.config_hash,
        data_hash=recorded.data_hash,
        decision_hash=recorded.decision_hash,
        event_hash=recorded.event_hash,
        mode=start.mode.value,
        profile=policy.policy.profile,
        policy_version=policy.version,
        report_only=tuple(gate.value for gate in policy.policy.report_only),
        seed=start.seed,
        venue=start.venue,
        symbols=recorded.symbols or tuple(sorted(evidence.bars)),
        timeframe=evidence.timeframe,
        decision_timeframe=policy.policy.decision.timeframe,
        start=iso(evidence.first),
        end=iso(evidence.last),
        synthetic=evidence.synthetic,
        recorded=recorded,
        settings=_settings(document),
    )


def _recorded(document: Mapping[str, object] | None) -> Recorded:
    if document is None:
        return Recorded()
    return msgspec.convert(document.get("result", {}), Recorded, strict=False)


def _settings(document: Mapping[str, object] | None) -> str:
    plan = None if document is None else document.get("plan")
    settings = plan.get("settings") if isinstance(plan, dict) else None
    return "" if settings is None else msgspec.json.format(msgspec.json.encode(settings)).decode()

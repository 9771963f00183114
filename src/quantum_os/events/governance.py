"""Who may do what: the one policy document in force, its effective limits, and the universe."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.base import Event
from quantum_os.events.units import Frac, Ns, Regime


class Step(msgspec.Struct, frozen=True):
    """One rung of a ladder: from `at` on, `value` holds."""

    at: float
    value: float


class DecisionPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a probability is worth a trade (trading.md 2). R multiples and probabilities."""

    timeframe: str
    horizon_h: float
    e_net_min_r: float
    q_margin: float
    gain_r: float
    loss_r: float
    measured_worth: bool
    reference_leverage: int
    prior: float
    prior_weight: float
    barrier_atr: float
    age_limit_s: float


class SupervisionPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a voter is still worth listening to, and how it comes back (governance.md 4).

    Bars are decision bars; drift is a population stability index in nats.
    """

    outcomes_held: int
    outcomes_min: int
    review_every: int
    reweigh_from: Frac
    constant_answers: int
    constant_under: float
    runaway_times: float
    runaway_from: Frac
    runaway_over: int
    missing_max: Frac
    miscalibrated_watch: float
    miscalibrated_max: float
    falsely_drifting: Frac
    shift_from: float
    shift_max: float
    drifting_max: Frac
    watch_factor: Frac
    heal_within: Frac
    dwell_h: float
    retrain_every_h: float
    retrains_per_day: int


class SizingPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much may be lost at the stop (trading.md 3)."""

    risk_base: Frac
    risk_cap: Frac
    kelly_kappa: float
    kelly_trades_min: int
    cold_start_factor: float
    vanished_below: float
    bar_volume_share_max: Frac


class LeveragePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The band of the ILF and what caps it (trading.md 4)."""

    band_min: float
    band_max: float
    cap: int
    risk_tier: str
    risk_tier_caps: dict[str, int]
    regime_caps: dict[Regime, int]
    drawdown_caps: tuple[Step, ...]
    liquidation_buffer: Frac
    margin_loss_at_stop_max: Frac


class ExitPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a position is left (trading.md 5). Distances in ATR or fractions of price; hours."""

    stop_atr: dict[Regime, float]
    stop_min: Frac
    stop_max: Frac
    stop_cost_multiple: float
    max_hold_h: dict[Regime, float]
    trailing_atr: dict[Regime, float]
    loss_guard_r: float
    liquidation_guard: Frac
    naked_limit_s: float
    replace_min_ticks: int
    replace_min_frac: Frac


class ExecutionPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How intents become orders (trading.md 6). Seconds, unless a name says otherwise."""

    intent_ttl_s: float
    send_deadline_s: float
    cooldown_s: float
    min_hold_s: float
    scaling: bool
    reconcile_s: float
    adopt_foreign: bool
    churn_trades_per_day: int
    churn_losses: int
    churn_pause_h: float
    symbol_loss_day: Frac


class RiskPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The constitution's entry limits and the safety latches (governance.md 2, trading.md 7)."""

    heat_warn: Frac
    heat_max: Frac
    drawdown_size: tuple[Step, ...]
    drawdown_no_entries: Frac
    drawdown_flatten: Frac
    drawdown_kill: Frac
    streak_size: tuple[Step, ...]
    streak_pause: int
    streak_freeze: int
    daily_loss_stop: Frac
    weekly_loss: Frac
    margin_no_new: Frac
    side_share: Frac
    orders_per_minute: int
    funding_max_8h: Frac
    spread_max_bps: float
    mark_index_gap: Frac
    equity_age_s: float
    data_age_s: float
    execution_errors: int
    execution_error_window_s: float
    stop_hits_window_s: float
    feed_gone_flatten_s: float
    feed_gone_entries_s: float
    keeper_grace_s: float
    correlation_assumed: float


class ModeLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the CEO modes (governance.md 3)."""

    leverage_max: int
    risk_per_trade: Frac
    daily_loss: Frac
    positions: int
    confidence_min: float
    size: Frac


class TierLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One capital tier: what the evidence so far entitles the fund to (governance.md 2)."""

    leverage_max: int
    positions: int
    gross_margin: Frac
    entries_per_day: int
    gross_notional_x: float


class ConstitutionLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ceilings that no policy can raise at run time (governance.md 2)."""

    risk_per_trade: Frac
    symbol_margin: Frac
    cluster_margin: Frac
    gross_notional_x: float


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole document; packaged as `governance/policy.toml`, nowhere else in code."""

    profile: str
    mode: str
    tier: str
    ttl_h: float
    report_only: tuple[Gate, ...]
    decision: DecisionPolicy
    supervision: SupervisionPolicy
    sizing: SizingPolicy
    leverage: LeveragePolicy
    exits: ExitPolicy
    execution: ExecutionPolicy
    risk: RiskPolicy
    constitution: ConstitutionLimits
    modes: dict[str, ModeLimits]
    tiers: dict[str, TierLimits]


class BindingSource(StrEnum):
    """Which authority set the limit in force."""

    CONSTITUTION = "constitution"
    MODE = "mode"
    TIER = "tier"
    POLICY = "policy"
    OPERATOR = "operator"


class LimitSource(msgspec.Struct, frozen=True):
    """Which authority binds one effective limit."""

    limit: str
    source: BindingSource


class EffectiveLimits(msgspec.Struct, frozen=True):
    """The most restrictive of all sources for each limit, and which of them binds."""

    leverage_max: int
    risk_per_trade: Frac
    daily_loss: Frac
    positions_max: int
    confidence_min: float
    size_factor: Frac
    gross_margin: Frac
    symbol_margin: Frac
    cluster_margin: Frac
    gross_notional_x: float
    entries_per_day: int
    sources: tuple[LimitSource, ...]


class Change(msgspec.Struct, frozen=True):
    """One changed path of the policy document, as text."""

    path: str
    old: str
    new: str


class Direction(StrEnum):
    """Whether a policy change tightens, loosens, or does neither."""

    TIGHTER = "tighter"
    LOOSER = "looser"
    NEUTRAL = "neutral"


class PolicyUpdated(Event, frozen=True):
    """The policy in force from now on; readers keep this copy. Past `valid_until` it is stale."""

    version: str
    previous: str
    hash: str
    changed: tuple[Change, ...]
    reason: str
    author: str
    direction: Direction
    valid_until: Ns
    policy: Policy
    limits: EffectiveLimits


class ApprovalState(StrEnum):
    """How far a proposal is: it waits, or it has ended in one of four ways."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class ApprovalRequested(Event, frozen=True):
    """Somebody asks that a limit be loosened; nothing is loosened by asking.

    It takes effect at `holds_from` at the earliest, once `quorum` people have approved, and is
    rejected at `expires_at`. `changed` is what the limits in force would become.
    """

    approval_id: str
    subject: str
    changed: tuple[Change, ...]
    reason: str
    asked_by: str
    role: str
    asked_at: Ns
    holds_from: Ns
    expires_at: Ns
    quorum: int


class ApprovalVoted(Event, frozen=True):
    """Somebody approves or rejects a proposal; `votes` counts the approvals so far."""

    approval_id: str
    actor: str
    role: str
    approves: bool
    reason: str
    at: Ns
    votes: int
    quorum: int


class ApprovalDecided(Event, frozen=True):
    """A proposal has ended; `policy_version` is what it came to, empty when nothing changed."""

    approval_id: str
    state: ApprovalState
    decided_at: Ns
    reason: str
    policy_version: str = ""


class UniverseUpdated(Event, frozen=True):
    """The symbols that may be entered. One that leaves with a position open is close-only."""

    symbols: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    close_only: tuple[str, ...]
    source: str


class AuditEntry(Event, frozen=True):
    """One act of a person, written down before it took effect.

    `position` counts from 1; `hash` covers every other field, the hash of the entry before
    included, so that none can be changed or left out unseen.
    """

    STREAM: ClassVar[str] = "audit.entry"
    position: int
    at: Ns
    request_id: str
    actor: str
    role: str
    token_id: str
    action: str
    subject: str
    reason: str
    old: str
    new: str
    asked_at: Ns
    build: str
    previous_hash: str
    hash: str

"""What might be true: regimes, features, votes, probabilities, and the decisions from them."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.units import Frac, Ns, PositionSide, Regime

ENSEMBLE = "ensemble"
"""The name under which learned models speak together."""

ID_DIGITS = 12
"""Of a sha256, where people read it and where votes name a version."""

GLOBAL = "GLOBAL"
"""The name under which the regime of the whole market is published."""


class MetaRegime(Event, frozen=True):
    """The regime of a symbol, or of the whole market (`GLOBAL`), changed."""

    symbol: str
    label: Regime
    previous: Regime
    prob_trend: float | None
    prob_range: float | None
    prob_chop: float | None
    direction: float | None
    vol_ratio: float | None
    since: Ns
    timeframe: str
    detector_version: str
    data_age_s: float


class AiFeatures(Event, frozen=True):
    """The features of all symbols at one bar close; `columns[f][s]`, None until warmed up."""

    bar_close: Ns
    timeframe: str
    schema_hash: str
    names: tuple[str, ...]
    symbols: tuple[str, ...]
    columns: tuple[tuple[float | None, ...], ...]


class ModelLoaded(Event, frozen=True):
    """An artefact of the ensemble was verified at the start of a life, or refused and why.

    It serves bars that close in [serves_from, serves_until], until None for good. `artefact` is the
    sha256 of its manifest, `ensemble` that of the card that names it; a veto has no `weight`.
    """

    ensemble: str
    artefact: str
    model: str
    serves_from: Ns
    serves_until: Ns | None
    labels_until: Ns
    weight: float | None
    serves: bool
    reason: str = ""


class VoteColumns(msgspec.Struct, frozen=True):
    """What one voter says of each symbol: a side or None (HOLD), and its odds of TP1 first.

    `states_p` when those are its own; a rule's are what its record says. A `shadow` speaks beside
    those that decide, and never counts.
    """

    voter: str
    version: str
    side: tuple[PositionSide | None, ...]
    p: tuple[float | None, ...]
    weight: tuple[float, ...]
    states_p: bool = False
    shadow: bool = False


class AiSignalGenerated(Event, frozen=True):
    """The federated view of every symbol at one bar close; columns over `symbols`.

    `q_long`, `q_short`: probability that TP1 comes before the initial stop or the horizon.
    `e_net` is the expectancy in R of the better side, net of costs, counted with `gain_r` and
    `loss_r` (A and B of trading.md 2). `side` None means that no voter voted; `status` says why.
    `ensemble` names what pooled the votes: learned models by the hash of their card, or "" where
    votes are pooled by their weights alone. A vote without weight is heard and not counted.
    """

    STREAM: ClassVar[str] = "ai.signal_generated"
    signal_id: str
    bar_close: Ns
    horizon_h: float
    symbols: tuple[str, ...]
    q_long: tuple[float | None, ...]
    q_short: tuple[float | None, ...]
    e_net: tuple[float | None, ...]
    cost_r: tuple[float | None, ...]
    confidence: tuple[float | None, ...]
    side: tuple[PositionSide | None, ...]
    strategy: tuple[str | None, ...]
    regime: tuple[Regime, ...]
    status: tuple[str, ...]
    voters: tuple[VoteColumns, ...]
    feature_hash: str
    gain_r: tuple[float | None, ...]
    loss_r: tuple[float | None, ...]
    ensemble: str = ""


class Gate(StrEnum):
    """Every gate that can hold back an entry; its name is the refusal's code and counter's key."""

    NO_VOTE = "NO_VOTE"
    MIND_DOWN = "MIND_DOWN"
    WARMUP = "WARMUP"
    FLAGGED = "FLAGGED"
    EDGE = "EDGE"
    BREAKEVEN = "BREAKEVEN"
    CONFIDENCE = "CONFIDENCE"
    STRATEGY_STATUS = "STRATEGY_STATUS"
    NOT_TRADABLE = "NOT_TRADABLE"
    STOP_TOO_TIGHT_FOR_COST = "STOP_TOO_TIGHT_FOR_COST"
    VOL_TOO_HIGH = "VOL_TOO_HIGH"
    UNKNOWN_INPUT = "UNKNOWN_INPUT"
    SIZE_VANISHED = "SIZE_VANISHED"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    NO_EDGE_AFTER_COSTS = "NO_EDGE_AFTER_COSTS"
    MODE_BLOCKED = "MODE_BLOCKED"
    LATCHED = "LATCHED"
    PAUSED = "PAUSED"
    POLICY_STALE = "POLICY_STALE"
    EQUITY_UNKNOWN = "EQUITY_UNKNOWN"
    DATA_STALE = "DATA_STALE"
    NOT_RECONCILED = "NOT_RECONCILED"
    STALE_INTENT = "STALE_INTENT"
    DUPLICATE_INTENT = "DUPLICATE_INTENT"
    SAME_SIDE = "SAME_SIDE"
    OPPOSITE = "OPPOSITE"
    MIN_HOLD = "MIN_HOLD"
    COOLDOWN = "COOLDOWN"
    CHURN = "CHURN"
    SYMBOL_LOSS = "SYMBOL_LOSS"
    MAX_POSITIONS = "MAX_POSITIONS"
    TRADE_COUNT = "TRADE_COUNT"
    RISK_PER_TRADE = "RISK_PER_TRADE"
    SYMBOL_MARGIN = "SYMBOL_MARGIN"
    SIDE_MARGIN = "SIDE_MARGIN"
    CLUSTER_MARGIN = "CLUSTER_MARGIN"
    GROSS_MARGIN = "GROSS_MARGIN"
    GROSS_NOTIONAL = "GROSS_NOTIONAL"
    MARGIN_BAND = "MARGIN_BAND"
    LEVERAGE = "LEVERAGE"
    BRACKET = "BRACKET"
    LIQUIDATION_DISTANCE = "LIQUIDATION_DISTANCE"
    HEAT = "HEAT"
    DAILY_LOSS = "DAILY_LOSS"
    WEEKLY_LOSS = "WEEKLY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    STREAK = "STREAK"
    EXPECTANCY_BRAKE = "EXPECTANCY_BRAKE"
    SPREAD = "SPREAD"
    FUNDING = "FUNDING"
    MARK_INDEX_GAP = "MARK_INDEX_GAP"
    CALENDAR = "CALENDAR"
    ORDER_RATE = "ORDER_RATE"
    PRICE_VENUE = "PRICE_VENUE"


class GateCheck(msgspec.Struct, frozen=True):
    """One check of one gate: what was seen, what was allowed, whether it passed.

    `report_only` marks a failed check that the profile lets through, counted and shown.
    """

    name: Gate
    ok: bool
    value: float | None = None
    limit: float | None = None
    report_only: bool = False
    note: str = ""


class AiDecisionMade(Event, frozen=True):
    """A candidate: a symbol that the mind would trade at this bar close, with the gates passed."""

    STREAM: ClassVar[str] = "ai.decision.made"
    decision_id: str
    signal_id: str
    bar_close: Ns
    symbol: str
    side: PositionSide
    confidence: float
    q: float
    e_net: float
    cost_r: float
    gain_r: float
    loss_r: float
    strategy: str
    regime: Regime
    ref_price: float
    atr_frac: Frac
    gates: tuple[GateCheck, ...]
    reason: str
    policy_version: str
    model_versions: tuple[str, ...]


class Disposition(StrEnum):
    """How the mind left a symbol at a bar close; a candidate's end joins by its decision id."""

    HOLD = "HOLD"
    CANDIDATE = "CANDIDATE"


class DecisionSummary(Event, frozen=True):
    """What was decided for every symbol at one bar close, and the gate nearest to flipping it.

    Of a HOLD `nearest` is the one gate whose value at its limit would have made a candidate, as far
    as gates could be judged; "" when several refuse. Of a candidate it is the gate that would
    refuse first if its edge fell; "" when the profile only reports those.
    """

    bar_close: Ns
    symbols: tuple[str, ...]
    disposition: tuple[Disposition, ...]
    reason: tuple[str, ...]
    value: tuple[float | None, ...]
    limit: tuple[float | None, ...]
    nearest: tuple[str, ...]
    decision_id: tuple[str | None, ...]
    report_only: tuple[tuple[str, ...], ...]


class SignalResolved(Event, frozen=True):
    """A vote met its horizon: whether TP1 came before the initial stop, and the R it was worth.

    `version`, `p` and `regime` are those of the vote; `p` None: no probability was known.
    """

    STREAM: ClassVar[str] = "ai.signal_resolved"
    voter: str
    symbol: str
    side: PositionSide
    bar_close: Ns
    resolved_at: Ns
    won: bool
    r: float
    reason: str
    version: str = ""
    p: float | None = None
    regime: Regime = Regime.UNKNOWN


class CandidateRefused(Event, frozen=True):
    """A candidate ended before it became an intent: at the exit plan, or at sizing."""

    decision_id: str
    symbol: str
    bar_close: Ns
    stage: str
    code: Gate
    value: float | None = None
    limit: float | None = None


class RegimeWeights(msgspec.Struct, frozen=True):
    """How much each voter counts in a regime; the weights sum to 1.

    `outcomes` independent resolved votes stand behind them, of the voter that has fewest; `basis`
    says of which regimes.
    """

    regime: Regime
    weights: tuple[float, ...]
    outcomes: float
    basis: str


class FederationReweighed(Event, frozen=True):
    """How much each voter counts from the next bar on; columns over `voters`.

    A regime that is not named keeps the weights that the voters came with. `factors` are what the
    supervisor leaves of a voter's weight: 0 is a shadow that still votes.
    """

    bar_close: Ns
    voters: tuple[str, ...]
    factors: tuple[float, ...]
    regimes: tuple[RegimeWeights, ...]
    frozen: bool
    reason: str
    author: str = ""


class ModelState(StrEnum):
    """How far a voter is trusted: its full weight, less, none, or none until it is another."""

    OK = "OK"
    WATCH = "WATCH"
    DEGRADED = "DEGRADED"
    QUARANTINED = "QUARANTINED"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong with a voter, in words and figures, and the trust that is left."""

    code: str
    state: ModelState
    words: str
    value: float | None = None
    limit: float | None = None


class ModelStateChanged(Event, frozen=True):
    """A voter is trusted less, or again; `weight` is what is left of its weight."""

    STREAM: ClassVar[str] = "model.state_changed"
    slot: str
    model_id: str
    state: ModelState
    previous: ModelState
    weight: float
    since: Ns
    reason: str
    findings: tuple[Finding, ...]

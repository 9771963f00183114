"""Why a symbol was or was not traded at a bar close: one disposition, in words and figures."""

from collections.abc import Sequence

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.units import PositionSide, Regime
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain import ends
from quantum_os.learning.explain.checks import Checked, checked, checks_of
from quantum_os.learning.explain.decision_bars import NoAnswer, decided_at
from quantum_os.learning.explain.ends import End
from quantum_os.learning.explain.flipping import nearest_said
from quantum_os.learning.explain.gate_words import Stage
from quantum_os.learning.explain.scene import Scene, scene_of
from quantum_os.learning.explain.sentences import ended_said
from quantum_os.learning.explain.story import Told, ids_of, life_of
from quantum_os.storage.recorded import Recorded


class Vote(msgspec.Struct, frozen=True):
    """What one voter said: a side or None to abstain, its odds of TP1 first, its weight."""

    voter: str
    version: str
    side: PositionSide | None
    p: float | None
    weight: float


class Share(msgspec.Struct, frozen=True):
    """How far a feature, of this value at the bar, moved a model's log-odds before calibration."""

    feature: str
    value: float
    log_odds: float


class Moved(msgspec.Struct, frozen=True):
    """A model's vote and what moved it farthest towards its side (above 0) or away from it.

    A share is of all bars that the model looks at. `rest` is the sum of the other features and of
    what the model says of nothing; None, like the vote, where it was `silent`, which says why.
    """

    model: str
    version: str
    side: PositionSide | None
    p: float | None
    shares: tuple[Share, ...]
    rest: float | None
    silent: str


class View(msgspec.Struct, frozen=True):
    """What the mind made of the symbol; None where it was not known."""

    side: PositionSide | None
    strategy: str | None
    q: float | None
    e_net_r: float | None
    cost_r: float | None
    confidence: float | None
    regime: Regime
    votes: tuple[Vote, ...]
    features_known: int
    features: int


class Market(msgspec.Struct, frozen=True):
    """What the market showed of the symbol at the close; None where it was not known."""

    last: float | None
    atr_frac: float | None
    vol_ratio: float | None
    spread_bps: float | None
    funding_rate_8h: float | None
    flags: tuple[str, ...]


class Why(msgspec.Struct, frozen=True):
    """The answer. Times in ISO-8601, `ids` by kind, `seqs` the events that it was read from.

    `checks_are_whole` is False when this build's gates do not come to what was recorded; then only
    the gate of the record is shown. `moved` is told where it was asked for.
    """

    run: str
    symbol: str
    asked: str
    bar_open: str
    bar_close: str
    timeframe: str
    is_inside: bool
    mode: str
    policy_version: str
    disposition: str
    stage: str
    gate: str | None
    value: float | None
    limit: float | None
    reason: str
    nearest: str
    said: str
    nearest_said: str
    view: View
    market: Market | None
    checks: tuple[Checked, ...]
    checks_are_whole: bool
    ids: dict[str, str]
    seqs: dict[str, int]
    moved: tuple[Moved, ...] = ()


def why(recorded: Recorded, symbol: str, asked: int) -> Why:
    """Answers for a symbol (ccxt unified) and a time in ns; raises NoAnswer, RunFolderError."""
    decided = decided_at(recorded, symbol, asked)
    scene = scene_of(recorded, decided)
    life = _life(recorded, scene)
    end = _end(scene, life)
    checks, are_whole = _checks(scene, life, end)
    bar, market = decided.bar, _market(scene)
    ids = {name: value for told in reversed(life) for name, value in ids_of(told.event).items()}
    return Why(
        run=str(recorded.folder),
        symbol=symbol,
        asked=iso(bar.asked),
        bar_open=iso(bar.open),
        bar_close=iso(bar.close),
        timeframe=bar.timeframe,
        is_inside=bar.is_inside,
        mode=scene.started.event.mode.value if scene.started else "unknown",
        policy_version=scene.policy.event.version if scene.policy else "none",
        disposition=end.ended.value,
        stage=end.stage.value,
        gate=None if end.gate is None else end.gate.value,
        value=end.value,
        limit=end.limit,
        reason=end.reason,
        nearest=end.nearest,
        said=ended_said(end, checks, life),
        nearest_said=nearest_said(end, checks, reported(scene)),
        view=_view(scene),
        market=market,
        checks=checks,
        checks_are_whole=are_whole,
        ids=ids,
        seqs=_seqs(scene, end),
    )


def reported(scene: Scene) -> frozenset[Gate]:
    """Gives the gates that the profile in force only reports."""
    return frozenset(scene.policy.event.policy.report_only) if scene.policy else frozenset()


def _life(recorded: Recorded, scene: Scene) -> list[Told]:
    summary, row = scene.decided.summary, scene.decided.row
    decision_id = summary.decision_id[row]
    if decision_id is None:
        return []
    start = scene.decided.envelope.ts
    return list(life_of(recorded, scene.symbol, {decision_id}, start))


def _end(scene: Scene, life: Sequence[Told]) -> End:
    decided = scene.decided
    held = ends.held(decided.summary, decided.row, decided.envelope.seq)
    if held is not None:
        return held
    try:
        return ends.end_of(life)
    except ends.EndedTwice as error:
        raise NoAnswer(f"the record is wrong: {scene.symbol} {error}") from error


def _checks(scene: Scene, life: Sequence[Told], end: End) -> tuple[tuple[Checked, ...], bool]:
    """Gives the checks, and whether they are all: of a HOLD they are made again, and compared."""
    if life:
        return tuple(checks_of(life)), True
    judged, summary, row = scene.judged(), scene.decided.summary, scene.decided.row
    again = (judged.reason, judged.value, judged.limit, judged.nearest)
    recorded = (summary.reason[row], summary.value[row], summary.limit[row], summary.nearest[row])
    if again == recorded:
        return checked(Stage.MIND, judged.checks), True
    return checked(Stage.MIND, [ends.check_of(end)]), False


def _view(scene: Scene) -> View:
    signal, row = scene.signal.event, scene.row
    side = signal.side[row]
    q = {PositionSide.LONG: signal.q_long, PositionSide.SHORT: signal.q_short}
    return View(
        side=side,
        strategy=signal.strategy[row],
        q=None if side is None else q[side][row],
        e_net_r=signal.e_net[row],
        cost_r=signal.cost_r[row],
        confidence=signal.confidence[row],
        regime=signal.regime[row],
        votes=tuple(
            Vote(each.voter, each.version, each.side[row], each.p[row], each.weight[row])
            for each in signal.voters
        ),
        features_known=sum(value is not None for value in _features(scene)),
        features=len(_features(scene)),
    )


def _features(scene: Scene) -> list[float | None]:
    if scene.features is None or scene.symbol not in scene.features.event.symbols:
        return []
    row = scene.features.event.symbols.index(scene.symbol)
    return [column[row] for column in scene.features.event.columns]


def _market(scene: Scene) -> Market | None:
    row = scene.market_row
    if scene.market is None or row is None:
        return None
    event = scene.market.event
    return Market(
        last=event.last[row],
        atr_frac=event.atr_frac[row],
        vol_ratio=event.vol_ratio[row],
        spread_bps=event.spread_bps[row],
        funding_rate_8h=event.funding_rate[row],
        flags=tuple(flag.value for flag in event.flags[row]),
    )


def _seqs(scene: Scene, end: End) -> dict[str, int]:
    said = {
        "market_data": scene.market,
        "ai.features": scene.features,
        "ai.signal_generated": scene.signal,
        "policy.updated": scene.policy,
    }
    seqs = {name: each.envelope.seq for name, each in said.items() if each is not None}
    return {**seqs, "decision.summary": scene.decided.envelope.seq, "end": end.seq}

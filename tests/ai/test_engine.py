"""With models the ensemble decides and the rules speak beside it; silence always has its reason."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from quantum_os.ai.edge_of_signal import SAME_WORTH
from quantum_os.ai.engine import Engine, EngineConfig
from quantum_os.ai.learned_votes import NO_ANSWER, NOT_LOADED
from quantum_os.ai.models.ensemble import Ensemble
from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.voter import FeatureFrame, Prediction
from quantum_os.events.ai import (
    ENSEMBLE,
    AiFeatures,
    AiSignalGenerated,
    FederationReweighed,
    ModelLoaded,
    RegimeWeights,
)
from quantum_os.events.base import Event
from quantum_os.events.learning import ModelPromoted
from quantum_os.events.units import NS_PER_HOUR, Ns, PositionSide, Regime
from quantum_os.formulas.edge import e_net, q_breakeven
from quantum_os.formulas.kernels.feature_sheet import BARS_UNTIL_WARM, GAP_BARS_MAX
from tests.ai.models.ensembles import NAMES
from tests.ai.scene import T, features, market, policy, started

BARS = 8
COST = 0.0015
USUAL = dict.fromkeys(NAMES, 0.3)


def bar(hour: int, **values: float | None) -> AiFeatures:
    """A bar so many hours after T; both symbols look the same but for a little."""
    event = features({**USUAL, **values}, Ns(T + hour * NS_PER_HOUR))
    columns = [(a, None if b is None else b + 0.2) for a, b in event.columns]
    return msgspec.structs.replace(event, columns=tuple(columns))


class Bull:
    """A rule that is for LONG, whatever comes."""

    name = "bull"
    version = "1"

    def predict(self, frame: FeatureFrame) -> Prediction:
        count = len(frame.symbols)
        return Prediction((PositionSide.LONG,) * count, (None,) * count)


class Desk:
    """An engine with its models loaded, that hears bars one after another."""

    def __init__(
        self, models: Loaded, *, told: tuple[ModelLoaded, ...] | None = None, measured: bool = True
    ) -> None:
        self.engine = Engine(EngineConfig(COST), (Bull(),), models.ensemble)
        self.engine.on_start(started())
        for event in models.told if told is None else told:
            self.engine.on_model(event)
        said = policy()
        decision = msgspec.structs.replace(said.policy.decision, measured_worth=measured)
        body = msgspec.structs.replace(said.policy, decision=decision)
        self.decision = decision
        self.promoted: Sequence[Event] = ()
        self.engine.on_policy(msgspec.structs.replace(said, policy=body))

    def hears(self, event: AiFeatures, **seen: object) -> AiSignalGenerated:
        shown = msgspec.structs.replace(market(time=event.bar_close), **seen)
        self.engine.on_market_data(shown)
        told = self.engine.on_features(event)
        *self.promoted, said = [told] if isinstance(told, Event) else told or []
        assert isinstance(said, AiSignalGenerated)
        return said

    def warm(self, first: int = 0) -> AiSignalGenerated:
        return [self.hears(bar(first + hour)) for hour in range(BARS)][-1]


def test_the_ensemble_decides_and_the_rules_only_speak(models: Loaded) -> None:
    said = Desk(models).warm()
    era = models.ensemble.eras[-1]
    assert era is not None
    assert said.ensemble == models.ensemble.id
    assert said.strategy == (ENSEMBLE,) * 2
    names = [vote.voter for vote in said.voters]
    assert names == ["forest", "logistic", "sequence", "bull"]
    weights = [vote.weight[0] for vote in said.voters]
    assert weights == [*(member.weight for member in era.era.members), 0.0]
    assert sum(weights) == pytest.approx(1.0)
    versions = [vote.version for vote in said.voters[:3]]
    assert versions == [model.id[:12] for model in era.models]
    assert said.voters[3].side == (PositionSide.LONG,) * 2, "what a rule says stays known"


def test_who_serves_a_slot_is_told_before_its_first_answer_and_once(models: Loaded) -> None:
    desk = Desk(models)
    desk.hears(bar(0))
    era = models.ensemble.eras[-1]
    assert era is not None
    assert list(desk.promoted) == [
        ModelPromoted(
            slot=member.name,
            model_id=member.artefact[:12],
            previous="",
            bar_close=Ns(T),
            knows_until=Ns(era.era.labels_until),
            evidence={name: x for name, x in model.manifest.metrics.items() if x is not None},
            approvals=(),
        )
        for member, model in zip(era.era.members, era.models, strict=True)
    ]
    desk.hears(bar(1))
    assert list(desk.promoted) == []


def test_it_says_what_its_models_say_of_the_rows(models: Loaded) -> None:
    said = Desk(models).warm()
    era = models.ensemble.eras[-1]
    assert era is not None
    now = np.array([[0.3] * 4, [0.5] * 4])
    expected = era.predict_proba(lambda depth: np.tile(now, depth))
    assert list(zip(said.q_long, said.q_short, strict=True)) == list(map(tuple, expected.tolist()))


def test_the_side_is_the_one_that_is_worth_more_by_the_era_s_own_a_and_b(models: Loaded) -> None:
    said = Desk(models).warm()
    era = models.ensemble.eras[-1]
    assert era is not None
    for row in range(2):
        worth = [
            e_net(q, gain, loss, said.cost_r[row] or 0.0)
            for q, gain, loss in zip(
                (said.q_long[row], said.q_short[row]),
                era.era.gain_r,
                era.era.loss_r,
                strict=True,
            )
            if q is not None
        ]
        place = worth.index(max(worth))
        assert said.side[row] is (PositionSide.LONG, PositionSide.SHORT)[place]
        assert said.e_net[row] == pytest.approx(worth[place])
        assert said.gain_r[row] == era.era.gain_r[place]
        assert said.loss_r[row] == era.era.loss_r[place]
        q = (said.q_long, said.q_short)[place][row]
        even = q_breakeven(era.era.gain_r[place], era.era.loss_r[place], said.cost_r[row] or 0.0)
        assert said.confidence[row] == pytest.approx(0.5 + (q or 0.0) - even)


def test_a_policy_may_keep_its_own_a_and_b(models: Loaded) -> None:
    desk = Desk(models, measured=False)
    said = desk.warm()
    assert said.gain_r == (desk.decision.gain_r,) * 2
    assert said.loss_r == (desk.decision.loss_r,) * 2


def test_funding_that_one_side_pays_can_turn_the_side(models: Loaded) -> None:
    desk = Desk(models)
    plain = desk.warm()
    pays = 1.0 if plain.side[0] is PositionSide.LONG else -1.0
    said = desk.hears(bar(BARS), funding_rate=(pays * 0.01, None))
    assert said.q_long[0] == plain.q_long[0]
    assert said.side[0] is not plain.side[0]


def reweighed(*factors: float, **regimes: tuple[float, ...]) -> FederationReweighed:
    names = ("forest", "logistic", "sequence")
    moved = tuple(
        RegimeWeights(Regime[name], weights, 60.0, "") for name, weights in regimes.items()
    )
    return FederationReweighed(T, names, factors, moved, frozen=False, reason="test")


def test_weights_that_outcomes_moved_pool_the_models_and_no_rule(models: Loaded) -> None:
    desk = Desk(models)
    plain = desk.warm()
    desk.engine.on_weights(reweighed(1.0, 1.0, 0.0, UNKNOWN=(0.5, 0.45, 0.05)))
    said = desk.hears(bar(BARS))
    assert [vote.weight for vote in said.voters] == [
        (0.5,) * 2,
        (0.45,) * 2,
        (0.0,) * 2,
        (0.0,) * 2,
    ]
    assert said.q_long != plain.q_long
    assert [vote.p for vote in said.voters[:3]] == [vote.p for vote in plain.voters[:3]]
    assert [vote.shadow for vote in said.voters] == [False, False, False, True]


def test_models_that_are_all_set_aside_are_silent(models: Loaded) -> None:
    desk = Desk(models)
    desk.warm()
    desk.engine.on_weights(reweighed(0.0, 0.0, 0.0))
    said = desk.hears(bar(BARS))
    assert said.status == (NO_ANSWER,) * 2
    assert said.side == (None,) * 2


def test_the_missing_input_is_named(models: Loaded) -> None:
    desk = Desk(models)
    desk.warm()
    said = desk.hears(bar(BARS, rsi_14=None))
    assert said.status == ("rsi_14 is unknown",) * 2
    assert said.side == (None,) * 2
    assert said.q_long == (None,) * 2
    assert said.e_net == (None,) * 2
    assert [vote.voter for vote in said.voters] == ["bull"]


def test_a_model_that_looks_back_stays_silent_until_it_can_and_the_others_speak(
    models: Loaded,
) -> None:
    desk = Desk(models)
    first = desk.hears(bar(0))
    assert [vote.voter for vote in first.voters] == ["forest", "logistic", "bull"]
    assert first.side[0] is not None
    said = desk.warm(1)
    assert said.voters[2].side[0] is not None
    after_gap = desk.hears(bar(BARS + 6))
    assert len(after_gap.voters) == 3, "a gap begins anew"


def absent(event: AiFeatures, row: int) -> AiFeatures:
    """The same bar, without one of its symbols."""
    columns = [(*column[:row], None, *column[row + 1 :]) for column in event.columns]
    return msgspec.structs.replace(event, columns=tuple(columns))


@pytest.mark.parametrize(("missed", "is_long"), [(GAP_BARS_MAX - 1, False), (GAP_BARS_MAX, True)])
def test_who_was_silent_for_long_is_not_spoken_of_until_it_is_warm_anew(
    models: Loaded, missed: int, is_long: bool
) -> None:
    desk = Desk(models)
    desk.warm()
    for hour in range(missed):
        desk.hears(absent(bar(BARS + hour), 0))
    back = BARS + missed
    said = desk.hears(bar(back))
    assert said.side[1] is not None, "its neighbour was there all the time"
    assert (said.side[0] is None) is is_long
    if not is_long:
        return
    left = BARS_UNTIL_WARM - 1
    told = f"silent for more than {GAP_BARS_MAX} bars: no model knows it for {left} more"
    assert said.status[0] == told
    assert said.q_long[0] is None
    assert said.voters[0].side[0] is not None, "what the model would have said stays known"
    other = Desk(models)
    other.engine.restore(desk.engine.snapshot())
    for hour in range(1, left):
        said = other.hears(bar(back + hour))
    assert said.status[0].endswith("for 1 more")
    assert other.hears(bar(back + left)).side[0] is not None


def test_a_silence_of_everybody_counts_as_one_of_each(models: Loaded) -> None:
    desk = Desk(models)
    desk.warm()
    said = desk.hears(bar(BARS + GAP_BARS_MAX))
    assert all(status.startswith("silent for more than") for status in said.status)


def test_what_is_unlike_anything_seen_is_vetoed(models: Loaded) -> None:
    desk = Desk(models)
    desk.warm()
    said = desk.hears(bar(BARS, rsi_14=60.0))
    assert said.status[0].startswith("unlike what was seen")
    assert said.q_long == (None, None)
    assert said.voters[0].side[0] is not None, "what the model would have said stays known"


def test_no_era_no_word(models: Loaded) -> None:
    era = models.ensemble.card.eras[-1]
    hour = (era.serves_from - 1 - T) // NS_PER_HOUR
    said = Desk(models).warm(hour - BARS + 1)
    assert said.bar_close < era.serves_from
    assert "no model may speak of the bar of" in said.status[0]
    assert [vote.voter for vote in said.voters] == ["bull"]


def test_only_what_was_said_to_be_loaded_serves(models: Loaded) -> None:
    said = Desk(models, told=()).warm()
    assert said.side == (None, None)
    assert said.status[0].endswith(NOT_LOADED)


def test_one_refused_artefact_silences_its_era(models: Loaded) -> None:
    last = models.ensemble.card.eras[-1]
    told = tuple(
        msgspec.structs.replace(each, serves=False, reason="a byte is flipped")
        if each.artefact == last.novelty
        else each
        for each in models.told
    )
    said = Desk(models, told=told).warm()
    assert said.status[0] == f"model {last.novelty[:12]} may not serve: a byte is flipped"
    assert said.side == (None, None)


def test_a_life_begins_with_what_it_has_loaded_itself(models: Loaded) -> None:
    desk = Desk(models)
    desk.warm()
    desk.engine.on_start(started())
    assert desk.hears(bar(BARS)).status[0].endswith(NOT_LOADED)


@pytest.mark.parametrize("cut", range(1, BARS + 3))
def test_a_restored_engine_goes_on_as_if_nothing_was(models: Loaded, cut: int) -> None:
    bars = [bar(hour, ret_1_atr=0.1 * hour) for hour in range(BARS + 4)]
    whole, first, second = Desk(models), Desk(models), Desk(models, told=())
    said = [whole.hears(each) for each in bars]
    for each in bars[:cut]:
        first.hears(each)
    second.engine.restore(first.engine.snapshot())
    assert [second.hears(each) for each in bars[cut:]] == said[cut:]


def test_two_sides_of_the_same_worth_are_no_side(models: Loaded) -> None:
    """Ties are holds, here as among voters."""
    era = models.ensemble.eras[-1]
    assert era is not None
    flat = msgspec.structs.replace(era.era.calibration[0], slope=0.0, offset=0.0)
    lame = type(era)(
        msgspec.structs.replace(era.era, calibration=(flat, flat)), era.models, era.novelty
    )
    even = Ensemble(models.ensemble.id, models.ensemble.card, [*models.ensemble.eras[:-1], lame])
    desk = Desk(Loaded(even, models.told), measured=False)
    said = desk.warm()
    assert said.q_long == (0.5, 0.5)
    assert said.side == (None, None)
    assert said.status == (SAME_WORTH,) * 2

"""Weights move on what came of votes out of sample, within bounds, unless a person holds them."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.weights import Weights, WeightsConfig
from quantum_os.events.ai import (
    AiSignalGenerated,
    FederationReweighed,
    ModelState,
    ModelStateChanged,
    SignalResolved,
)
from quantum_os.events.base import Event
from quantum_os.events.commands import ModelsAct, ModelsCommand
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import NS_PER_HOUR, Ns, Regime
from quantum_os.formulas.pool_weights import WEIGHT_MAX, WEIGHT_MIN
from quantum_os.kernel.chance import generator
from tests.ai.scene import T
from tests.ai.votes import bar, columns, outcome, under

VOTERS = ("seer", "coin", "fool")
REVIEW_BARS = 24


def weigher(config: WeightsConfig | None = None) -> Weights:
    return meant(Weights(config or WeightsConfig()))


def meant(module: Weights) -> Weights:
    module.on_policy(under(review_every=REVIEW_BARS))
    return module


def said_by(hour: int) -> AiSignalGenerated:
    return bar(hour, [columns(voter, (0.6, 0.4)) for voter in VOTERS])


def met(hour: int, regime: Regime = Regime.RANGE) -> Iterator[SignalResolved]:
    """The seer knows, the coin says the base rate, the fool is sure of the wrong side."""
    chance = generator(hour, "weights")
    won = bool(chance.random() < 0.5)
    said = (0.65 if won else 0.35, 0.5, 0.35 if won else 0.65)
    for voter, p in zip(VOTERS, said, strict=True):
        yield outcome(voter, hour, p, won=won, regime=regime)


def lived(module: Weights, hours: int, regime: Regime = Regime.RANGE) -> list[FederationReweighed]:
    told = []
    for hour in range(hours):
        for event in met(hour, regime):
            module.on_resolved(event)
        told.append(module.on_signal(said_by(hour)))
    return [each for each in told if each is not None]


def weights_in(told: FederationReweighed, regime: Regime = Regime.RANGE) -> dict[str, float]:
    row = next(row for row in told.regimes if row.regime is regime)
    return dict(zip(told.voters, row.weights, strict=True))


def test_who_knows_counts_for_more() -> None:
    told = lived(weigher(), 600)
    weights = weights_in(told[-1])
    assert weights["seer"] == WEIGHT_MAX
    assert weights["seer"] > weights["coin"] == weights["fool"] >= WEIGHT_MIN
    assert all(each.reason for each in told)


def test_r10_trust_stays_without_outcomes() -> None:
    module = weigher()
    assert [module.on_signal(said_by(hour)) for hour in range(200)] == [None] * 200


def test_fewer_than_fifty_outcomes_move_nothing() -> None:
    module = weigher()
    assert lived(module, 48) == []
    assert lived(module, 200) != []


def test_r13_identical_voters_keep_equal_weights_and_differing_ones_part() -> None:
    module = weigher()
    for hour in range(600):
        won = bool(generator(hour, "same").random() < 0.5)
        for voter in VOTERS:
            module.on_resolved(outcome(voter, hour, 0.6 if won else 0.4, won=won))
        assert module.on_signal(said_by(hour)) is None
    apart = lived(weigher(), 600)
    spans = [max(weights_in(each).values()) - min(weights_in(each).values()) for each in apart]
    assert spans == sorted(spans)


def test_a_regime_weighs_by_its_own_outcomes_once_there_are_enough() -> None:
    module = weigher()
    told = lived(module, 600, Regime.VOLATILE)
    basis = {row.regime: row.basis for row in told[-1].regimes}
    assert basis[Regime.VOLATILE] == "its own outcomes"
    assert basis[Regime.RANGE] == "outcomes of all regimes"
    assert Regime.UNKNOWN not in basis


def stays(make: Callable[[WeightsConfig], Weights]) -> list[str]:
    """What moves the weights of a module though it must not; empty when nothing does."""
    unresolved = meant(make(WeightsConfig()))
    moved = [unresolved.on_signal(said_by(hour)) for hour in range(600)]
    found = ["unresolved votes"] if any(moved) else []
    known_until = Ns(T + 10_000 * NS_PER_HOUR)
    in_sample = meant(make(WeightsConfig({"1": known_until})))
    return [*found, *(["outcomes in sample"] if lived(in_sample, 600) else [])]


class LearnsFromOpenVotes(Weights):
    """A broken one: it believes what voters say before anything came of it."""

    def on_signal(self, event: AiSignalGenerated) -> FederationReweighed | None:
        hour = (event.bar_close - T) // NS_PER_HOUR
        for resolved in met(hour):
            self.on_resolved(resolved)
        return super().on_signal(event)


class LearnsInSample(Weights):
    """A broken one: it forgets what the models learnt from."""

    def __init__(self, config: WeightsConfig) -> None:
        super().__init__(WeightsConfig())


def test_only_resolved_outcomes_out_of_sample_move_weights() -> None:
    assert stays(Weights) == []


@pytest.mark.parametrize(
    ("broken", "seen"),
    [(LearnsFromOpenVotes, "unresolved votes"), (LearnsInSample, "outcomes in sample")],
)
def test_a_weigher_that_cheats_is_seen(broken: type[Weights], seen: str) -> None:
    assert seen in stays(broken)


@given(st.data())
def test_weights_sum_to_one_within_their_bounds(data: st.DataObject) -> None:
    module = weigher()
    skills = [data.draw(st.floats(0.05, 0.95)) for _ in VOTERS]
    seed = data.draw(st.integers(0, 1_000))
    for hour in range(REVIEW_BARS * 6):
        chance = generator(seed, "bounds", str(hour))
        for voter, skill in zip(VOTERS, skills, strict=True):
            module.on_resolved(outcome(voter, hour, skill, won=bool(chance.random() < 0.5)))
        told = module.on_signal(said_by(hour))
        for row in () if told is None else told.regimes:
            assert sum(row.weights) == pytest.approx(1.0)
            assert all(WEIGHT_MIN - 1e-9 <= each <= WEIGHT_MAX + 1e-9 for each in row.weights)


def asked(
    module: Weights, act: ModelsAct, role: str = "operator", why: str = "news"
) -> list[Event]:
    return list(module.on_command(ModelsCommand(act, "ann", role, why)))


def test_frozen_weights_stay_through_a_restart_and_move_again_after() -> None:
    module = weigher()
    before = lived(module, 100)[-1]
    (told,) = asked(module, ModelsAct.FREEZE, "trader")
    assert isinstance(told, FederationReweighed)
    assert (told.frozen, told.author, told.reason) == (True, "ann", "news")
    assert told.regimes == before.regimes
    successor = weigher()
    successor.restore(module.snapshot())
    assert lived(successor, 600) == []
    (told,) = asked(successor, ModelsAct.UNFREEZE)
    assert isinstance(told, FederationReweighed)
    assert not told.frozen
    assert lived(successor, 300) != []


@pytest.mark.parametrize(
    ("act", "role", "why", "words"),
    [
        (ModelsAct.FREEZE, "viewer", "news", "viewer may not freeze"),
        (ModelsAct.FREEZE, "operator", " ", "a reason is missing"),
        (ModelsAct.UNFREEZE, "operator", "news", "not frozen"),
        (ModelsAct.UNFREEZE, "trader", "news", "trader may not unfreeze"),
    ],
)
def test_a_command_that_may_not_be_is_refused(
    act: ModelsAct, role: str, why: str, words: str
) -> None:
    (told,) = asked(weigher(), act, role, why)
    assert isinstance(told, AlertRaised)
    assert words in told.summary
    assert told.rule.startswith("command.")


def test_a_second_freeze_names_who_did_it() -> None:
    module = weigher()
    asked(module, ModelsAct.FREEZE)
    (told,) = asked(module, ModelsAct.FREEZE)
    assert isinstance(told, AlertRaised)
    assert "ann froze" in told.summary


def trusted(weight: float, state: ModelState = ModelState.QUARANTINED) -> ModelStateChanged:
    return ModelStateChanged("fool", "1", state, ModelState.OK, weight, Ns(T), "it is constant", ())


def test_a_bar_at_which_nobody_is_asked_takes_no_weight_away() -> None:
    module = weigher()
    lived(module, 600)
    before = module.state.regimes
    silent = msgspec.structs.replace(said_by(600), voters=())
    assert module.on_signal(silent) is None
    assert module.on_signal(said_by(601)) is None
    assert module.state.regimes == before


def test_a_freeze_lets_trust_fall_and_not_rise() -> None:
    module = weigher()
    module.on_signal(said_by(0))
    asked(module, ModelsAct.FREEZE)
    fell = module.on_state(trusted(0.0))
    assert fell is not None
    assert dict(zip(fell.voters, fell.factors, strict=True)) == {"seer": 1, "coin": 1, "fool": 0}
    assert module.on_state(trusted(1.0, ModelState.OK)) is None
    (told,) = asked(module, ModelsAct.UNFREEZE)
    assert isinstance(told, FederationReweighed)
    assert told.factors == (1.0, 1.0, 1.0)


def test_other_voters_begin_as_they_came() -> None:
    module = weigher()
    lived(module, 300)
    others = bar(301, [columns(voter, (0.6, 0.4)) for voter in (*VOTERS[:2], "new")])
    told = module.on_signal(others)
    assert told is not None
    assert (told.voters[-1], told.regimes) == ("new", ())

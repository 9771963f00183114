"""A voter that is not what it was trusted for is set aside with its reason, and let back."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from quantum_os.ai.learned_inputs import Learned
from quantum_os.ai.supervisor import Supervisor, SupervisorConfig
from quantum_os.ai.voter_review import Drift
from quantum_os.ai.voter_track import USUAL_BARS_MIN
from quantum_os.events.ai import AiFeatures, ModelState, ModelStateChanged
from quantum_os.events.base import Event
from quantum_os.events.learning import ModelQuarantined, ModelRetrain
from quantum_os.events.system import AlertRaised, AlertResolved
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.formulas.drift import Reference, spread_of
from quantum_os.kernel.chance import Generator, generator
from quantum_os.kernel.instant import Instant
from tests.ai.scene import T, started
from tests.ai.votes import bar, columns, outcome, under

SYMBOLS = tuple(f"S{place}/USDT:USDT" for place in range(10))
FEATURES = ("momentum", "stretch", "funding")
WINDOW = 28
QUICK = {"review_every": 4, "dwell_h": 12.0, "outcomes_min": 100, "outcomes_held": 300}

Said = Sequence[float | None]
Fed = Callable[[Generator], np.ndarray]


def usual(chance: Generator) -> np.ndarray:
    """[features, symbols]: what the model learnt from."""
    return chance.normal(0.0, 1.0, (len(FEATURES), len(SYMBOLS)))


def learned(every_ns: int = 1) -> Learned:
    chance = generator(1, "supervisor", "reference")
    bars = np.repeat(np.arange(40), WINDOW * len(SYMBOLS))
    spreads = [spread_of(chance.normal(0.0, 1.0, len(bars)), bars) for _ in FEATURES]
    said = spread_of(chance.uniform(0.4, 0.6, len(bars)), bars)
    return Learned(FEATURES, Reference(WINDOW, tuple(spreads), said, every_ns))


class Life:
    """A supervisor of one voter, hour by hour; `heard` is all that it said."""

    def __init__(self, module: Supervisor | None = None, **limits: float) -> None:
        self.module = module or Supervisor(SupervisorConfig({"m1": learned()}))
        self.instant = Instant()
        self.module.keep_time_by(self.instant)
        self.module.on_start(started())
        self.module.on_policy(under(**(QUICK | limits)))
        self.hour = 0
        self.heard: list[Event] = []

    def lives(
        self,
        hours: int,
        said: Callable[[Generator], Said],
        *,
        fed: Fed = usual,
        version: str = "m1",
        states_p: bool = True,
        wins: float | None = None,
    ) -> "Life":
        """`wins` is how often its votes win; None: as often as it says."""
        for _ in range(hours):
            self.hour += 1
            self.instant.ns = T + self.hour * NS_PER_HOUR
            chance = generator(7, "supervisor", str(self.hour))
            self.module.on_features(features(self.hour, fed(chance)))
            ps = said(chance)
            signal = bar(self.hour, [columns("net", ps, version=version, states_p=states_p)])
            self.heard += self.module.on_signal(signal)
            for p in (each for each in ps if each is not None):
                won = bool(chance.random() < (p if wins is None else wins))
                self.module.on_resolved(outcome("net", self.hour, p, won=won, version=version))
        return self

    @property
    def state(self) -> ModelState:
        return self.module.state.voters["net"].standing.state

    @property
    def drift(self) -> Drift | None:
        return self.module.state.voters["net"].drift

    def of(self, kind: type[Event]) -> list[Event]:
        return [each for each in self.heard if isinstance(each, kind)]

    @property
    def reasons(self) -> str:
        return " | ".join(each.reason for each in self.heard if isinstance(each, ModelStateChanged))


def features(hour: int, values: np.ndarray) -> AiFeatures:
    told = [[None if value != value else value for value in row] for row in values.tolist()]
    return AiFeatures(
        bar_close=Ns(T + hour * NS_PER_HOUR),
        timeframe="1h",
        schema_hash="s",
        names=FEATURES,
        symbols=SYMBOLS,
        columns=tuple(tuple(row) for row in told),
    )


def honest(chance: Generator) -> Said:
    return chance.uniform(0.4, 0.6, len(SYMBOLS)).tolist()  # type: ignore[no-any-return]


def bold(chance: Generator) -> Said:
    """Knows a lot, on both sides of even."""
    return chance.choice([0.3, 0.45, 0.55, 0.7], len(SYMBOLS)).tolist()  # type: ignore[no-any-return]


def test_a_healthy_model_is_left_alone() -> None:
    life = Life().lives(120, honest)
    drift = life.module.state.voters["net"].drift
    assert drift is not None
    assert not any(row.drifts for row in drift.features)
    assert life.heard == []


def test_of_the_bars_between_nothing_counts_and_no_window_is_full_sooner() -> None:
    """Fed with nonsense between the counted bars, and only there, a model has not drifted."""
    rare = Supervisor(SupervisorConfig({"m1": learned(every_ns=4 * NS_PER_HOUR)}))
    life = Life(rare)

    def nonsense_between(chance: Generator) -> np.ndarray:
        values = usual(chance)
        return values if (T // NS_PER_HOUR + life.hour) % 4 == 0 else values * 100 + 40

    early = life.lives(3 * WINDOW, honest, fed=nonsense_between).drift
    assert early is None, "a quarter of the bars makes no window"
    drift = life.lives(3 * WINDOW, honest, fed=nonsense_between).drift
    assert drift is not None
    assert (drift.bars, life.heard) == (WINDOW, [])
    life.lives(6 * WINDOW, honest, fed=lambda chance: usual(chance) * 100 + 40)
    assert life.state is ModelState.QUARANTINED


def test_f35_a_constant_model_is_quarantined_with_its_reason() -> None:
    life = Life().lives(30, lambda chance: [0.5364] * len(SYMBOLS), wins=0.5364)
    assert life.state is ModelState.QUARANTINED
    (said,) = life.of(ModelQuarantined)
    assert isinstance(said, ModelQuarantined)
    assert said.evidence[0].code == "CONSTANT"
    assert "always the same" in said.reason
    changed = life.of(ModelStateChanged)[-1]
    assert isinstance(changed, ModelStateChanged)
    assert changed.weight == 0.0


def test_a_rule_is_not_constant_for_saying_its_record() -> None:
    life = Life().lives(100, lambda chance: [0.5] * len(SYMBOLS), version="1", states_p=False)
    assert life.heard == []


def test_nan_input_leaves_no_answer_and_puts_the_model_in_the_shadow() -> None:
    def blind(chance: Generator) -> np.ndarray:
        values = usual(chance)
        values[1] = np.nan
        return values

    silent: Said = (None,) * len(SYMBOLS)
    life = Life().lives(60, honest).lives(30, lambda chance: silent, fed=blind)
    assert life.state is ModelState.DEGRADED
    assert "an input is unknown" in life.reasons
    life.lives(30, lambda chance: silent, fed=blind)
    codes = {each.code for each in life.module.state.voters["net"].found}
    assert "UNKNOWN_FEATURE" in codes
    assert any("stretch is unknown" in each.words for each in life.module.state.voters["net"].found)


def test_a_drifted_feature_is_named_and_quarantines_the_model() -> None:
    def in_other_units(chance: Generator) -> np.ndarray:
        values = usual(chance)
        values[2] = values[2] * 100 + 40
        return values

    life = Life().lives(40, honest).lives(2 * WINDOW, honest, fed=in_other_units)
    assert life.state is ModelState.QUARANTINED
    said = life.of(ModelQuarantined)[0]
    assert isinstance(said, ModelQuarantined)
    assert said.evidence[0].code == "FEATURE_DRIFT"
    assert "funding is another thing" in said.reason
    assert said.evidence[0].value is not None
    assert said.evidence[0].limit is not None
    assert said.evidence[0].value > said.evidence[0].limit


def test_f21_a_drift_that_silences_a_model_is_told_with_its_name_and_its_way_out() -> None:
    def in_other_units(chance: Generator) -> np.ndarray:
        values = usual(chance)
        values[0] = values[0] * 50 - 90
        return values

    life = Life().lives(40, honest).lives(2 * WINDOW, honest, fed=in_other_units)
    raised = life.of(AlertRaised)[-1]
    assert isinstance(raised, AlertRaised)
    assert "net is QUARANTINED and decides nothing: momentum is another thing" in raised.summary
    life.heard.clear()
    life.lives(120, honest)
    assert life.state is ModelState.OK, "a drift that ended is forgiven"
    assert life.of(AlertResolved) != []


def test_a_model_that_knows_less_than_the_base_rate_is_a_shadow() -> None:
    def wrong(chance: Generator) -> Said:
        return chance.choice([0.2, 0.8], len(SYMBOLS)).tolist()  # type: ignore[no-any-return]

    life = Life(outcomes_held=9_000).lives(900, wrong, wins=0.5)
    assert life.state is ModelState.DEGRADED
    codes = {each.code for each in life.module.state.voters["net"].found}
    assert {"KNOWS_NOTHING", "CALIBRATION"} <= codes
    review = life.module.state.voters["net"].review
    assert review is not None
    assert review.gain is not None
    assert review.gain < 0
    assert review.gate is not None
    assert not review.gate.passes


def test_a_voter_that_runs_away_is_quarantined_with_its_reason() -> None:
    def rare(chance: Generator) -> Said:
        return [0.5 if draw < 0.05 else None for draw in chance.random(len(SYMBOLS)).tolist()]

    def always(chance: Generator) -> Said:
        return (0.5,) * len(SYMBOLS)

    life = Life().lives(USUAL_BARS_MIN + 40, rare, version="1", states_p=False)
    assert life.heard == []
    life.lives(24, always, version="1", states_p=False)
    assert life.state is ModelState.QUARANTINED
    assert "runs away" in life.reasons


def test_the_end_of_a_warm_up_is_no_runaway() -> None:
    """Votes that appear on all symbols at once: nobody knew anything before, and said nothing."""

    def silent(chance: Generator) -> Said:
        return (None,) * len(SYMBOLS)

    life = Life().lives(USUAL_BARS_MIN + 40, silent, version="own", states_p=True)
    life.lives(60, bold, version="own", states_p=True)
    assert life.heard == []


def test_a_model_that_learns_of_more_symbols_does_not_run_away() -> None:
    """It answers whatever has all its inputs: how many do is no choice of its own."""

    def of_the_first(chance: Generator) -> Said:
        return (*bold(chance)[:1], *(None,) * (len(SYMBOLS) - 1))

    life = Life(runaway_times=3.0).lives(USUAL_BARS_MIN + 40, of_the_first)
    life.lives(60, bold)
    assert "runs away" not in life.reasons


def test_it_comes_back_step_by_step_and_the_alert_ends() -> None:
    life = Life().lives(30, lambda chance: [0.5364] * len(SYMBOLS), wins=0.5364)
    assert isinstance(life.of(AlertRaised)[0], AlertRaised)
    life.heard.clear()
    life.lives(100, bold)
    path = [
        each.state for each in life.of(ModelStateChanged) if isinstance(each, ModelStateChanged)
    ]
    assert path[:2] == [ModelState.DEGRADED, ModelState.WATCH]
    assert len(life.of(AlertResolved)) == 1


def test_a_retraining_is_asked_for_and_not_too_often() -> None:
    life = Life().lives(80, lambda chance: [0.5364] * len(SYMBOLS), wins=0.5364)
    asked = [each for each in life.of(ModelRetrain) if isinstance(each, ModelRetrain)]
    assert len(asked) == 3, "one at once, and one a day"
    assert {each.slot for each in asked} == {"net"}
    assert {each.reason_code for each in asked} == {"CONSTANT"}
    assert len({each.job_id for each in asked}) == 3
    assert len({each.dedupe_key for each in asked}) == 1
    gaps = [b.asked_at - a.asked_at for a, b in pairwise(asked)]
    assert min(gaps) >= 24 * NS_PER_HOUR


def test_all_models_together_ask_only_so_often() -> None:
    life = Life(retrains_per_day=2, retrain_every_h=1.0)
    life.lives(50, lambda chance: [0.5364] * len(SYMBOLS), wins=0.5364)
    assert len(life.of(ModelRetrain)) == 4, "two in each day of 24 hours"


def test_nobody_trains_a_rule() -> None:
    life = Life().lives(60, lambda chance: [0.5] * len(SYMBOLS), version="own")
    assert life.state is ModelState.QUARANTINED
    assert life.of(ModelRetrain) == []


def test_another_version_is_measured_anew_and_trusted_no_sooner() -> None:
    life = Life().lives(30, lambda chance: [0.5364] * len(SYMBOLS), wins=0.5364)
    life.lives(1, bold, version="m2")
    track = life.module.state.voters["net"]
    assert (track.version, len(track.window)) == ("m2", len(SYMBOLS))
    assert life.state is ModelState.QUARANTINED


def test_outcomes_of_an_older_version_say_nothing_of_this_one() -> None:
    life = Life().lives(2, bold)
    held = len(life.module.state.voters["net"].window)
    life.module.on_resolved(outcome("net", 1, 0.5, won=True, version="m0"))
    assert len(life.module.state.voters["net"].window) == held


def test_its_memory_is_bounded() -> None:
    life = Life().lives(400, bold)
    early = len(life.module.snapshot().state)
    life.lives(400, bold)
    assert len(life.module.snapshot().state) <= early * 1.2


@pytest.mark.parametrize("cut", [10, 50, 90])
def test_a_snapshot_carries_everything(cut: int) -> None:
    whole, first = Life().lives(140, bold), Life().lives(cut, bold)
    second = Life()
    second.module.restore(first.module.snapshot())
    second.hour = cut
    second.lives(140 - cut, bold)
    assert [*first.heard, *second.heard] == whole.heard
    assert second.module.snapshot() == whole.module.snapshot()

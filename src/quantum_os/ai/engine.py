"""What the mind says of every symbol at a bar close: votes, one probability, and its worth in R."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.answer_blocks import AnswerBlocks
from quantum_os.ai.coming import Coming
from quantum_os.ai.edge_of_signal import Terms, Worth, priced, view_of, worth_by_policy
from quantum_os.ai.federation import Opinion, federate
from quantum_os.ai.hit_rates import HitRates
from quantum_os.ai.learned_votes import answered, may_speak, opinions_of, told, votes_of
from quantum_os.ai.models.ensemble import Ensemble, Era, ServedEra
from quantum_os.ai.models.windows import Windows
from quantum_os.ai.silences import Silences
from quantum_os.ai.vote_shares import vote_shares
from quantum_os.ai.voter import FeatureFrame, Voter, frame_of
from quantum_os.events.ai import (
    ID_DIGITS,
    AiFeatures,
    AiSignalGenerated,
    FederationReweighed,
    MetaRegime,
    ModelLoaded,
    SignalResolved,
    VoteColumns,
)
from quantum_os.events.governance import Policy, PolicyUpdated
from quantum_os.events.learning import ModelPromoted
from quantum_os.events.market import MarketData
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Ns, PositionSide, Regime
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor


class EngineConfig(msgspec.Struct, frozen=True):
    """The round trip that costs are counted with, as a fraction."""

    round_trip_cost: float


class EngineState(msgspec.Struct):
    """The record of the voters and their weights, the regimes in force, and the bar's market.

    Of learned models also the bars behind each symbol, and why an artefact may not serve ("" where
    it may), as `model.loaded` told; `serving` is the model behind each slot.
    """

    namespace: str = ""
    hit_rates: HitRates = msgspec.field(default_factory=HitRates)
    regimes: dict[str, Regime] = {}
    market: MarketData | None = None
    policy: Policy | None = None
    weights: FederationReweighed | None = None
    windows: Windows | None = None
    silences: Silences = msgspec.field(default_factory=Silences)
    models: dict[str, str] = {}
    serving: dict[str, str] = {}


class Heard(msgspec.Struct, frozen=True):
    """What was said of every symbol at a bar: the votes, one opinion each, and A and B; `served` is
    the era that spoke.
    """

    votes: list[VoteColumns]
    opinions: list[Opinion]
    worth: Worth
    served: ServedEra | None = None


class Engine(Reactor[EngineState]):
    """Asks every voter, pools what they say, and prices it. It never turns a HOLD into a side.

    With an ensemble its models decide, and the other voters speak without weight beside them: what
    they would have said stays known. See docs/decisions/0022.

    It advises, and so it is not critical: when a voter raises, the mind is down and every symbol is
    held (`ai/decision.py`), while exits, stops and the ledger go on.
    """

    name = "ai.engine"
    critical = False

    def __init__(
        self,
        config: EngineConfig,
        voters: Sequence[Voter],
        ensemble: Ensemble | None = None,
        coming: Coming | None = None,
    ) -> None:
        super().__init__(EngineState())
        if not voters:
            raise ValueError("an engine without voters has nobody to ask")
        self._config = config
        self._voters = tuple(voters)
        self._ensemble = ensemble
        self._blocks = AnswerBlocks(coming or Coming())
        self._states_p: dict[str, bool] = {}

    def states_probability(self, voter: str) -> bool | None:
        """Whether a voter's last votes held a probability of its own; a rule says only a side.

        None until it has voted in this life: it is no part of what a snapshot keeps.
        """
        return self._states_p.get(voter)

    def on_start(self, event: ProcessStarted) -> None:
        self.state.namespace = event.namespace
        self.state.models = {}  # each life says anew what it has loaded

    def on_model(self, event: ModelLoaded) -> None:
        self.state.models[event.artefact] = told(event)

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event.policy

    def on_regime(self, event: MetaRegime) -> None:
        self.state.regimes[event.symbol] = event.label

    def on_resolved(self, event: SignalResolved) -> None:
        self.state.hit_rates.note(event)

    def on_weights(self, event: FederationReweighed) -> None:
        self.state.weights = event

    def on_market_data(self, event: MarketData) -> None:
        self.state.market = event

    def on_features(
        self, event: AiFeatures
    ) -> AiSignalGenerated | Iterator[ModelPromoted | AiSignalGenerated] | None:
        """Answers a bar; where other models serve than before, that is told first."""
        policy, market = self.state.policy, self.state.market
        frame = frame_of(event)
        if self._ensemble is not None:
            self._remember(self._ensemble, frame, event.bar_close)
        if policy is None or market is None or market.bar_close != event.bar_close:
            return None
        heard = self._heard(frame, event.bar_close, policy)
        cost = self._config.round_trip_cost
        terms = Terms(cost, policy.decision, policy.exits, heard.worth)
        opinions = heard.opinions
        regimes = self._regimes(event.symbols)
        view = view_of(market, event.symbols)
        by_worth = self._ensemble is not None
        found = priced(opinions, view, regimes, terms, by_worth=by_worth)
        signal = AiSignalGenerated(
            signal_id=derive(self.state.namespace, "signal", event.bar_close),
            bar_close=event.bar_close,
            horizon_h=policy.decision.horizon_h,
            symbols=event.symbols,
            q_long=tuple([opinion.q_long for opinion in opinions]),
            q_short=tuple([opinion.q_short for opinion in opinions]),
            e_net=found.e_net,
            cost_r=found.cost_r,
            confidence=found.confidence,
            side=found.side,
            strategy=tuple([opinion.leader for opinion in opinions]),
            regime=tuple(regimes),
            status=found.note,
            voters=tuple(heard.votes),
            feature_hash=event.schema_hash,
            gain_r=found.gain_r,
            loss_r=found.loss_r,
            ensemble="" if self._ensemble is None else self._ensemble.id,
        )
        promoted = () if heard.served is None else self._promoted(heard.served, event.bar_close)
        return chain[ModelPromoted | AiSignalGenerated](promoted, (signal,)) if promoted else signal

    def _promoted(self, served: ServedEra, bar_close: int) -> tuple[ModelPromoted, ...]:
        """Takes note of who serves each slot, and gives those that did not before."""
        before = self.state.serving
        now = {each.name: each.artefact[:ID_DIGITS] for each in served.era.members}
        if now == before:
            return ()
        self.state.serving = now
        return tuple(
            ModelPromoted(
                slot=slot,
                model_id=model_id,
                previous=before.get(slot, ""),
                bar_close=Ns(bar_close),
                knows_until=Ns(served.era.labels_until),
                evidence={name: x for name, x in model.manifest.metrics.items() if x is not None},
                approvals=(),
            )
            for (slot, model_id), model in zip(now.items(), served.models, strict=True)
            if before.get(slot) != model_id
        )

    def _remember(self, ensemble: Ensemble, frame: FeatureFrame, bar_close: int) -> None:
        """Takes the bar into the memory of models that look back."""
        windows = self.state.windows
        if windows is None or windows.depth != ensemble.depth:
            windows = self.state.windows = Windows(ensemble.depth, ensemble.card.step_ns)
        inputs = inputs_of(frame, ensemble.card.features)
        windows.advance(bar_close, frame.symbols, inputs)
        self.state.silences.advance(bar_close, windows.step_ns, frame.symbols, inputs)

    def _heard(self, frame: FeatureFrame, bar_close: int, policy: Policy) -> Heard:
        symbols = range(len(frame.symbols))
        worth = worth_by_policy(policy.decision)
        if self._ensemble is None:
            votes = self._votes(frame, policy)
            return Heard(votes, [federate(votes, row) for row in symbols], worth)
        beside = self._votes(frame, policy, shadow=True)
        served, why_not = may_speak(self._ensemble, bar_close, self.state.models)
        if served is None or self.state.windows is None:
            silence = Opinion(None, None, None, None, why_not)
            return Heard(beside, [silence for _ in symbols], worth)
        weights = self._weights(served.era, frame.symbols)
        said = self._blocks.asked(self._ensemble, served, self.state.windows)
        said = said.vetoed(self.state.silences.vetoes(frame.symbols))
        answer = answered(served, said, weights)
        votes = votes_of(served, answer, weights)
        for vote in votes:
            self._states_p[vote.voter] = True
        if policy.decision.measured_worth:
            worth = Worth(served.era.gain_r, served.era.loss_r)
        # Who has no answer to any symbol yet has not begun: its silence is no sign of anything.
        begun = [vote for vote in votes if any(vote.side)]
        return Heard([*begun, *beside], opinions_of(answer), worth, served)

    def _weights(self, era: Era, symbols: Sequence[str]) -> list[tuple[float, ...]]:
        """[members][symbols]: how much each model of an era counts in the pool."""
        regimes = self._regimes(symbols)
        told = self.state.weights
        return [vote_shares(each.name, each.weight, regimes, told) for each in era.members]

    def _votes(
        self, frame: FeatureFrame, policy: Policy, *, shadow: bool = False
    ) -> list[VoteColumns]:
        """What the voters say that are no learned models; beside those they are shadows."""
        prior, weight = policy.decision.prior, policy.decision.prior_weight
        share = 1.0 / len(self._voters)
        regimes = self._regimes(frame.symbols)
        votes = []
        for voter in self._voters:
            said = voter.predict(frame)
            if any(said.side):
                self._states_p[voter.name] = any(own is not None for own in said.p)
            record = {
                side: self.state.hit_rates.probability(voter.name, side, prior, weight)
                for side in PositionSide
            }
            p = tuple(
                [
                    None if side is None else (record[side] if own is None else own)
                    for side, own in zip(said.side, said.p, strict=True)
                ]
            )
            told = vote_shares(voter.name, share, regimes, self.state.weights)
            votes.append(
                VoteColumns(
                    voter=voter.name,
                    version=voter.version,
                    side=said.side,
                    p=p,
                    weight=(0.0,) * len(regimes) if shadow else told,
                    states_p=any(own is not None for own in said.p),
                    shadow=shadow,
                )
            )
        return votes

    def _regimes(self, symbols: Sequence[str]) -> list[Regime]:
        told, unknown = self.state.regimes, Regime.UNKNOWN
        return [told.get(symbol, unknown) for symbol in symbols]


def inputs_of(frame: FeatureFrame, features: Sequence[str]) -> NDArray[np.float64]:
    """[symbols, F]: the features of a bar in a model's order; raises KeyError for a missing one."""
    return np.ascontiguousarray(np.array([frame[name] for name in features]).T)

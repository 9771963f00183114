"""What the mind says of every symbol at a bar close: votes, one probability, and its worth in R."""

from collections.abc import Sequence

import msgspec

from quantum_os.ai.edge_of_signal import Edge, SymbolView, edge_of
from quantum_os.ai.federation import Opinion, federate
from quantum_os.ai.hit_rates import HitRates
from quantum_os.ai.vote_shares import vote_shares
from quantum_os.ai.voter import FeatureFrame, Voter, frame_of
from quantum_os.events.ai import (
    AiFeatures,
    AiSignalGenerated,
    FederationReweighed,
    MetaRegime,
    SignalResolved,
    VoteColumns,
)
from quantum_os.events.governance import Policy, PolicyUpdated
from quantum_os.events.market import MarketData, row_of
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import PositionSide, Regime
from quantum_os.kernel.ids import derive
from quantum_os.kernel.reactor import Reactor


class EngineConfig(msgspec.Struct, frozen=True):
    """The round trip that costs are counted with, as a fraction."""

    round_trip_cost: float


class EngineState(msgspec.Struct):
    """The record of the voters and their weights, the regimes in force, and the bar's market."""

    namespace: str = ""
    hit_rates: HitRates = msgspec.field(default_factory=HitRates)
    regimes: dict[str, Regime] = {}
    market: MarketData | None = None
    policy: Policy | None = None
    weights: FederationReweighed | None = None


class Engine(Reactor[EngineState]):
    """Asks every voter, pools what they say, and prices it. It never turns a HOLD into a side.

    It advises, and so it is not critical: when a voter raises, the mind is down and every symbol is
    held (`ai/decision.py`), while exits, stops and the ledger go on.
    """

    name = "ai.engine"
    critical = False

    def __init__(self, config: EngineConfig, voters: Sequence[Voter]) -> None:
        super().__init__(EngineState())
        if not voters:
            raise ValueError("an engine without voters has nobody to ask")
        self._config = config
        self._voters = tuple(voters)
        self._states_p: dict[str, bool] = {}

    def states_probability(self, voter: str) -> bool | None:
        """Whether a voter's last votes held a probability of its own; a rule says only a side.

        None until it has voted in this life: it is no part of what a snapshot keeps.
        """
        return self._states_p.get(voter)

    def on_start(self, event: ProcessStarted) -> None:
        self.state.namespace = event.namespace

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

    def on_features(self, event: AiFeatures) -> AiSignalGenerated | None:
        policy, market = self.state.policy, self.state.market
        if policy is None or market is None or market.bar_close != event.bar_close:
            return None
        votes = self._votes(frame_of(event), policy)
        opinions = [federate(votes, row) for row in range(len(event.symbols))]
        edges = [
            self._edge(symbol, opinion, market, policy)
            for symbol, opinion in zip(event.symbols, opinions, strict=True)
        ]
        return AiSignalGenerated(
            signal_id=derive(self.state.namespace, "signal", event.bar_close),
            bar_close=event.bar_close,
            horizon_h=policy.decision.horizon_h,
            symbols=event.symbols,
            q_long=tuple(opinion.q_long for opinion in opinions),
            q_short=tuple(opinion.q_short for opinion in opinions),
            e_net=tuple(edge.e_net if edge else None for edge in edges),
            cost_r=tuple(edge.cost_r if edge else None for edge in edges),
            confidence=tuple(edge.confidence if edge else None for edge in edges),
            side=tuple(opinion.side for opinion in opinions),
            strategy=tuple(opinion.leader for opinion in opinions),
            regime=tuple(self._regime(symbol) for symbol in event.symbols),
            status=tuple(opinion.note for opinion in opinions),
            voters=tuple(votes),
            feature_hash=event.schema_hash,
        )

    def _votes(self, frame: FeatureFrame, policy: Policy) -> list[VoteColumns]:
        prior, weight = policy.decision.prior, policy.decision.prior_weight
        share = 1.0 / len(self._voters)
        regimes = [self._regime(symbol) for symbol in frame.symbols]
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
            shares = vote_shares(voter.name, share, regimes, self.state.weights)
            states_p = any(own is not None for own in said.p)
            votes.append(VoteColumns(voter.name, voter.version, said.side, p, shares, states_p))
        return votes

    def _edge(
        self, symbol: str, opinion: Opinion, market: MarketData, policy: Policy
    ) -> Edge | None:
        if opinion.side is None:
            return None
        q = opinion.q_long if opinion.side is PositionSide.LONG else opinion.q_short
        row = row_of(market.symbols, symbol)
        if q is None or row is None:
            return None
        view = SymbolView(
            atr_frac=market.atr_frac[row],
            vol_ratio=market.vol_ratio[row],
            divergence_bps=market.divergence_bps[row],
            funding_rate=market.funding_rate[row],
            regime=self._regime(symbol),
        )
        cost = self._config.round_trip_cost
        return edge_of(q, opinion.side, view, cost, policy.decision, policy.exits)

    def _regime(self, symbol: str) -> Regime:
        return self.state.regimes.get(symbol, Regime.UNKNOWN)

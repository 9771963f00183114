"""How much each voter counts: by what it has known out of sample, and by how far it is trusted."""

from collections.abc import Iterator, Mapping

import msgspec

from quantum_os.ai.outcome_window import OutcomeWindow
from quantum_os.ai.regime_weights import regime_weights
from quantum_os.events.ai import (
    AiSignalGenerated,
    FederationReweighed,
    ModelStateChanged,
    RegimeWeights,
    SignalResolved,
)
from quantum_os.events.commands import ModelsAct, ModelsCommand
from quantum_os.events.governance import PolicyUpdated, SupervisionPolicy
from quantum_os.events.system import AlertRaised, Severity
from quantum_os.events.units import Ns
from quantum_os.kernel.reactor import Reactor

MAY_FREEZE = ("trader", "operator")
MAY_UNFREEZE = ("operator",)
"""Roles that may hold the weights still, and those that may let them move again."""

VOTERS_MAX = 64
"""Voters whose outcomes are remembered; a fund has a handful."""

REVIEWED = "resolved votes moved the weights"
JOINED = "the voters are others"


class WeightsConfig(msgspec.Struct, frozen=True):
    """Until when a model knows the market, by version, in ns UTC: what came before is in sample."""

    known_until: Mapping[str, int] = {}


class Freeze(msgspec.Struct, frozen=True):
    """Who holds the weights still, since when, and why."""

    by: str
    reason: str
    since: int


class WeightsState(msgspec.Struct):
    """What came of each voter's votes, and the weights in force.

    `trusted` is what the supervisor said last; `factors` is what holds, which while frozen may be
    less but never more than it was.
    """

    windows: dict[str, OutcomeWindow] = {}
    policy: SupervisionPolicy | None = None
    voters: tuple[str, ...] = ()
    trusted: dict[str, float] = {}
    factors: dict[str, float] = {}
    regimes: tuple[RegimeWeights, ...] = ()
    freeze: Freeze | None = None
    bar_close: int = 0
    bars: int = 0
    told_at: int = 0


class Weights(Reactor[WeightsState]):
    """Moves weights on resolved outcomes alone, once enough of them are known.

    Votes that are still open move nothing, and neither do outcomes of bars that a model learnt
    from. It advises, so it is not critical: without it the weights stay.
    """

    name = "ai.weights"
    version = 2
    critical = False

    def __init__(self, config: WeightsConfig) -> None:
        super().__init__(WeightsState())
        self._config = config

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.policy = event.policy.supervision

    def on_resolved(self, event: SignalResolved) -> None:
        """Takes an outcome out of sample; what the model learnt from says nothing of it."""
        state = self.state
        if state.policy is None or event.bar_close <= self._config.known_until.get(
            event.version, 0
        ):
            return
        window = state.windows.get(event.voter)
        if window is None:
            if len(state.windows) >= VOTERS_MAX:
                return
            window = state.windows[event.voter] = OutcomeWindow()
        window.note(event, state.policy.outcomes_held)

    def on_signal(self, event: AiSignalGenerated) -> FederationReweighed | None:
        """Reviews the weights every so many bars, and at once when others vote."""
        state, policy = self.state, self.state.policy
        state.bar_close = event.bar_close
        state.bars += 1
        voters = tuple([each.voter for each in event.voters if not each.shadow])
        if not voters:
            return None  # nobody was asked at this bar: whoever weighs keeps what it weighs
        if voters != state.voters:
            return self._joined(voters)
        if policy is None or state.freeze is not None or state.bars % policy.review_every:
            return None
        fresh = self._weighed(policy)
        if _largest_step(state.regimes, fresh) < policy.reweigh_from:
            return None
        state.regimes = fresh
        return self._told(REVIEWED)

    def on_state(self, event: ModelStateChanged) -> FederationReweighed | None:
        """Takes what the supervisor leaves of a weight: less at once, more unless frozen."""
        state = self.state
        state.trusted[event.slot] = event.weight
        before = state.factors.get(event.slot, 1.0)
        after = event.weight if state.freeze is None else min(before, event.weight)
        if after == before:
            return None
        state.factors[event.slot] = after
        return self._told(f"{event.slot} is {event.state}: {event.reason}")

    def on_command(self, event: ModelsCommand) -> Iterator[FederationReweighed | AlertRaised]:
        """Holds the weights still, or lets them move again; a freeze outlives a restart."""
        refusal = self._why_not(event)
        if refusal:
            rule = f"command.{event.act}"
            words = f"{event.actor}: {refusal}"
            key = f"{self.name}.{rule}"
            yield AlertRaised(key, rule, Severity.WARNING, words, Ns(self.now))
            return
        state = self.state
        if event.act is ModelsAct.FREEZE:
            state.freeze = Freeze(event.actor, event.reason, self.now)
        else:
            state.freeze = None
            state.factors = dict(state.trusted)
        yield self._told(event.reason, event.actor)

    def _why_not(self, event: ModelsCommand) -> str:
        is_freeze = event.act is ModelsAct.FREEZE
        if event.role not in (MAY_FREEZE if is_freeze else MAY_UNFREEZE):
            return f"{event.role} may not {event.act}"
        if not event.reason.strip():
            return "a reason is missing"
        if is_freeze and self.state.freeze is not None:
            return f"{self.state.freeze.by} froze the weights already"
        if not is_freeze and self.state.freeze is None:
            return "the weights are not frozen"
        return ""

    def _joined(self, voters: tuple[str, ...]) -> FederationReweighed | None:
        """Weights of other voters say nothing of these: they begin as they came."""
        state = self.state
        had_weights = bool(state.regimes)
        state.voters, state.regimes = voters, ()
        if had_weights and state.policy is not None and state.freeze is None:
            state.regimes = self._weighed(state.policy)
        return self._told(JOINED) if had_weights or self._has_factor(voters) else None

    def _has_factor(self, voters: tuple[str, ...]) -> bool:
        return any(self.state.factors.get(voter, 1.0) != 1.0 for voter in voters)

    def _weighed(self, policy: SupervisionPolicy) -> tuple[RegimeWeights, ...]:
        state = self.state
        windows = [state.windows.get(voter, OutcomeWindow()) for voter in state.voters]
        return regime_weights([window.met(policy.outcomes_held) for window in windows])

    def _told(self, reason: str, author: str = "") -> FederationReweighed:
        state = self.state
        state.told_at = self.now
        return FederationReweighed(
            bar_close=Ns(state.bar_close),
            voters=state.voters,
            factors=tuple([state.factors.get(voter, 1.0) for voter in state.voters]),
            regimes=state.regimes,
            frozen=state.freeze is not None,
            reason=reason,
            author=author or self.name,
        )


def _largest_step(before: tuple[RegimeWeights, ...], after: tuple[RegimeWeights, ...]) -> float:
    """The most that any weight moves; a regime that comes or goes is a whole step."""
    old, new = ({row.regime: row.weights for row in rows} for rows in (before, after))
    if old.keys() != new.keys():
        return 1.0
    steps = [
        abs(a - b) for regime, row in new.items() for a, b in zip(row, old[regime], strict=True)
    ]
    return max(steps, default=0.0)

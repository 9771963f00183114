"""What is remembered of one voter: its latest answers, what came of them, and its standing."""

from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np

from quantum_os.ai.binned_window import BinnedWindow
from quantum_os.ai.outcome_window import OutcomeWindow
from quantum_os.ai.standing import Standing
from quantum_os.ai.voter_findings import Answers
from quantum_os.ai.voter_review import Drift, Review
from quantum_os.events.ai import Finding, VoteColumns
from quantum_os.events.governance import SupervisionPolicy

USUAL_BARS_MIN = 168
"""Decision bars before it is known how often a voter usually votes."""

USUAL_MEMORY = 0.999
"""What each bar leaves of the weight of those before it: about 1,000 bars are remembered."""


class VoterTrack(msgspec.Struct):
    """A voter's memory; of another version only the name stays.

    `rows` and `votes` hold the symbols and votes of the latest bars, `usual_...` those before them,
    faded. `found` and `near` are what the last review found by the limits, and by the stricter ones
    that a return needs.
    """

    version: str
    states_p: bool = False
    has_voted: bool = False
    window: OutcomeWindow = msgspec.field(default_factory=OutcomeWindow)
    said: BinnedWindow = msgspec.field(default_factory=BinnedWindow)
    latest_p: list[float] = []
    rows: list[int] = []
    votes: list[int] = []
    usual_rows: float = 0.0
    usual_votes: float = 0.0
    usual_bars: int = 0
    standing: Standing = Standing()
    review: Review | None = None
    drift: Drift | None = None
    found: tuple[Finding, ...] = ()
    near: tuple[Finding, ...] = ()
    told: tuple[Finding, ...] = ()
    asked_at: int = 0

    def note(self, votes: VoteColumns, policy: SupervisionPolicy) -> None:
        """Takes a bar's votes."""
        voted = sum(side is not None for side in votes.side)
        self.states_p = self.states_p or votes.states_p
        self.has_voted = self.has_voted or voted > 0
        if not self.has_voted:
            return  # it is warming up: that it said nothing then says nothing of what is usual
        self.rows.append(len(votes.side))
        self.votes.append(voted)
        if len(self.rows) > policy.runaway_over:
            self.usual_rows = self.usual_rows * USUAL_MEMORY + self.rows.pop(0)
            self.usual_votes = self.usual_votes * USUAL_MEMORY + self.votes.pop(0)
            self.usual_bars += 1
        if self.states_p:
            self.latest_p.extend(p for p in votes.p if p is not None)
            del self.latest_p[: -policy.constant_answers]

    def answers(self, policy: SupervisionPolicy, *, is_learned: bool) -> Answers:
        """Measures the latest answers; a rule may abstain as it likes, a learned model may not.

        It answers whatever has all its inputs, so it cannot vote more than usual either.
        """
        rows = sum(self.rows)
        is_full = len(self.rows) >= policy.runaway_over and rows > 0
        share = sum(self.votes) / rows if is_full else None
        is_used = self.usual_bars >= USUAL_BARS_MIN and self.usual_rows > 0
        knows_usual = is_used and not is_learned
        return Answers(
            counted=len(self.latest_p),
            deviation=_deviation(self.latest_p) if self.states_p else None,
            share=share,
            usual_share=self.usual_votes / self.usual_rows if knows_usual else None,
            unanswered=1.0 - share if is_learned and share is not None else None,
        )


def _deviation(values: Sequence[float]) -> float | None:
    """As `np.std` says it, without its preparations, which take longer than these few values."""
    if not values:
        return None
    said = np.array(values)
    off = said - np.add.reduce(said) / len(said)
    return sqrt(float(np.add.reduce(off * off)) / len(said))

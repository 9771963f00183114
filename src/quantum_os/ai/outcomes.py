"""What each vote was worth: resolved at the first of TP1, the initial stop and the horizon."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.ai import (
    ENSEMBLE,
    ID_DIGITS,
    AiSignalGenerated,
    SignalResolved,
    VoteColumns,
)
from quantum_os.events.governance import DecisionPolicy, PolicyUpdated
from quantum_os.events.market import MarketCandle, MarketData, row_of, rows_of
from quantum_os.events.units import NS_PER_HOUR, Ns, PositionSide, Regime
from quantum_os.formulas.exit_levels import levels
from quantum_os.kernel.reactor import Reactor


class OutcomesConfig(msgspec.Struct, frozen=True):
    """The candles on which votes are resolved."""

    price_venue: str
    timeframe: str


class OpenVote(msgspec.Struct):
    """One vote on its way to its outcome; prices in quote currency, distances as fractions.

    `version`, `p` and `regime` are those of the vote: what came is held against what was said.
    """

    voter: str
    symbol: str
    side: PositionSide
    bar_close: int
    entry: float
    stop: float
    target: float
    sl: float
    expires: int
    version: str = ""
    p: float | None = None
    regime: Regime = Regime.UNKNOWN


class OutcomesState(msgspec.Struct):
    """One open vote per voter, symbol and side: overlapping ones would count a move twice.

    So there are never more than voters times symbols times two.
    """

    open: dict[str, OpenVote] = {}
    market: MarketData | None = None
    decision: DecisionPolicy | None = None


class Outcomes(Reactor[OutcomesState]):
    """Resolves every vote, traded or not, on closed candles; in doubt the stop came first.

    A vote whose horizon passes without a price has no outcome: it is dropped, and moves nothing.
    """

    name = "ai.outcomes"
    critical = False

    def __init__(self, config: OutcomesConfig) -> None:
        super().__init__(OutcomesState())
        self._config = config

    def on_policy(self, event: PolicyUpdated) -> None:
        self.state.decision = event.policy.decision

    def on_market_data(self, event: MarketData) -> None:
        self.state.market = event

    def on_candle(self, event: MarketCandle) -> Iterator[SignalResolved] | None:
        is_ours = event.timeframe == self._config.timeframe
        if not is_ours or event.venue != self._config.price_venue or not self.state.open:
            return None
        return self._resolved(event)

    def on_signal(self, event: AiSignalGenerated) -> None:
        market, policy = self.state.market, self.state.decision
        if market is None or policy is None or market.bar_close != event.bar_close:
            return
        for votes in event.voters:
            self._open(votes, event, market, policy)
        if event.ensemble:
            self._open(_together(event), event, market, policy)

    def _open(
        self,
        votes: VoteColumns,
        event: AiSignalGenerated,
        market: MarketData,
        policy: DecisionPolicy,
    ) -> None:
        for row, side in enumerate(votes.side):
            if side is None:
                continue
            key = f"{votes.voter}|{event.symbols[row]}|{side}"
            if key not in self.state.open:
                vote = _opened(votes.voter, event.symbols[row], side, market, policy)
                if vote is not None:
                    vote.version, vote.p = votes.version, votes.p[row]
                    vote.regime = event.regime[row]
                    self.state.open[key] = vote

    def _resolved(self, event: MarketCandle) -> Iterator[SignalResolved]:
        rows = rows_of(event.symbols)
        for key, vote in list(self.state.open.items()):
            row = rows.get(vote.symbol)
            has_price = row is not None and event.open_time < vote.expires
            outcome = _outcome(vote, event, row) if row is not None and has_price else None
            if outcome is not None:
                yield outcome
            if outcome is not None or event.close_time >= vote.expires:
                del self.state.open[key]


def _together(event: AiSignalGenerated) -> VoteColumns:
    """What learned models said together, as a vote of its own: it has an outcome, too."""
    q = {PositionSide.LONG: event.q_long, PositionSide.SHORT: event.q_short}
    p = tuple([None if side is None else q[side][row] for row, side in enumerate(event.side)])
    weight = (1.0,) * len(p)
    return VoteColumns(ENSEMBLE, event.ensemble[:ID_DIGITS], event.side, p, weight, states_p=True)


def _opened(
    voter: str, symbol: str, side: PositionSide, market: MarketData, policy: DecisionPolicy
) -> OpenVote | None:
    row = row_of(market.symbols, symbol)
    price = market.last[row] if row is not None else None
    atr = market.atr_frac[row] if row is not None else None
    if price is None or atr is None:
        return None
    sl = policy.barrier_atr * atr
    target = levels(sl, policy.reference_leverage).tp1
    return OpenVote(
        voter=voter,
        symbol=symbol,
        side=side,
        bar_close=market.bar_close,
        entry=price,
        stop=price * (1 - side.sign * sl),
        target=price * (1 + side.sign * target),
        sl=sl,
        expires=market.bar_close + int(policy.horizon_h * NS_PER_HOUR),
    )


def _outcome(vote: OpenVote, candle: MarketCandle, row: int) -> SignalResolved | None:
    """The first of stop, target and horizon in a candle; a gapped stop fills at the open."""
    opened, high, low = candle.open[row], candle.high[row], candle.low[row]
    is_long = vote.side is PositionSide.LONG
    if low <= vote.stop if is_long else high >= vote.stop:
        worse = min(opened, vote.stop) if is_long else max(opened, vote.stop)
        return _told(vote, candle, worse, "stop")
    if high >= vote.target if is_long else low <= vote.target:
        return _told(vote, candle, vote.target, "target")
    if candle.close_time >= vote.expires:
        return _told(vote, candle, candle.close[row], "horizon")
    return None


def _told(vote: OpenVote, candle: MarketCandle, price: float, reason: str) -> SignalResolved:
    return SignalResolved(
        voter=vote.voter,
        symbol=vote.symbol,
        side=vote.side,
        bar_close=Ns(vote.bar_close),
        resolved_at=candle.close_time,
        won=reason == "target",
        r=vote.side.sign * (price / vote.entry - 1) / vote.sl,
        reason=reason,
        version=vote.version,
        p=vote.p,
        regime=vote.regime,
    )

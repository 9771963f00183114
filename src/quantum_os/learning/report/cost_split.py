"""Decides where the money went between price and pocket, and what other costs would have left."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from quantum_os.events.execution import Leg, Liquidity
from quantum_os.formulas.costs import worst_case_multiplier
from quantum_os.formulas.other_costs import TradeCosts, net_at
from quantum_os.formulas.statistics import mean
from quantum_os.learning.report.evidence import ZERO, Evidence, Life

ROUND_TRIPS_BPS = (8, 15, 25)
"""What every report shows (trading.md 9), in bps of the notional for entry and exit together."""

RANK_BARS_MIN = 100
"""Below this many decision bars a volatility has no rank among its own history."""


class CostSplit(msgspec.Struct, frozen=True):
    """The closed trades from price to pocket, in USD: untouched - slippage - fees + funding = net.

    `bps` is what a round trip cost, fees and slippage together, of the mean of entry and exit
    notional; None without a trade. `unreferenced` fills have no price that they could be held to.
    """

    untouched: float
    slippage: float
    gross: float
    fees: float
    funding: float
    net: float
    traded: float
    bps: float | None
    maker_share: float | None
    unreferenced: int


class OtherCosts(msgspec.Struct, frozen=True):
    """The same trades at another price of trading; `stressed` takes 3x in the wildest 1 %."""

    round_trip_bps: int
    net: float
    r: float | None
    stressed_net: float
    stressed_r: float | None


class StopSlippage(msgspec.Struct, frozen=True):
    """How far beyond its trigger a stop filled; `gapped` ones met a market already past it."""

    stops: int
    mean_bps: float | None
    worst_bps: float | None
    gapped: int


def cost_split(lives: Sequence[Life]) -> CostSplit:
    """Splits the closed trades' result into the market's part and what each cost took of it."""
    fills = [fill for life in lives for fill in life.fills]
    slippage = sum((fill.slippage for fill in fills), ZERO)
    gross = sum((life.trade.gross for life in lives), ZERO)
    fees = sum((life.trade.fees for life in lives), ZERO)
    traded = sum((traded_of(life) for life in lives), ZERO)
    made = sum(
        (f.fill.qty * f.fill.price for f in fills if f.fill.liquidity is Liquidity.MAKER), ZERO
    )
    return CostSplit(
        untouched=float(gross + slippage),
        slippage=float(slippage),
        gross=float(gross),
        fees=float(fees),
        funding=float(sum((life.trade.funding for life in lives), ZERO)),
        net=float(sum((life.trade.net for life in lives), ZERO)),
        traded=float(traded),
        bps=float((slippage + fees) / traded * 2 * 10_000) if traded else None,
        maker_share=float(made / traded) if traded else None,
        unreferenced=sum(fill.reference is None for fill in fills),
    )


def other_costs(evidence: Evidence) -> tuple[OtherCosts, ...]:
    """What the same trades would have netted at 8, 15 and 25 bps a round trip."""
    histories = {symbol: sorted(values) for symbol, values in evidence.volatility.items()}
    costs = [(life, costs_of(life, histories)) for life in evidence.lives]
    return tuple(_at(bps, costs) for bps in ROUND_TRIPS_BPS)


def stressed_trades(evidence: Evidence) -> int:
    """How many trades were entered in the worst 1 % of volatility, or at one without a rank."""
    histories = {symbol: sorted(values) for symbol, values in evidence.volatility.items()}
    ranks = (volatility_rank(life, histories) for life in evidence.lives)
    return sum(worst_case_multiplier(rank) > 1 for rank in ranks)


def costs_of(life: Life, histories: dict[str, list[float]]) -> TradeCosts:
    """Takes of a trade what costs touch; `histories` are sorted ATR fractions by symbol."""
    slippage = sum((fill.slippage for fill in life.fills), ZERO)
    return TradeCosts(
        untouched=life.trade.gross + slippage,
        funding=life.trade.funding,
        traded=traded_of(life),
        volatility_rank=volatility_rank(life, histories),
    )


def volatility_rank(life: Life, histories: dict[str, list[float]]) -> float | None:
    """The share of the symbol's decision bars that were no wilder than the one of the entry.

    Among the whole run, so in hindsight. None without the intent or under `RANK_BARS_MIN` bars.
    """
    history = histories.get(life.trade.symbol, [])
    if life.permit is None or len(history) < RANK_BARS_MIN:
        return None
    return bisect_right(history, life.permit.intent.atr_value) / len(history)


def stop_slippage(lives: Sequence[Life]) -> StopSlippage:
    """How much worse than their triggers the protective stops filled."""
    stops = [
        (fill, fill.reference)
        for life in lives
        for fill in life.fills
        if fill.order is not None and fill.order.leg is Leg.STOP and fill.reference
    ]
    lost = [float(fill.slippage / (trigger * fill.fill.qty)) * 1e4 for fill, trigger in stops]
    return StopSlippage(
        stops=len(stops),
        mean_bps=mean(lost),
        worst_bps=max(lost, default=None),
        gapped=sum(fill.gapped for fill, _ in stops),
    )


def traded_of(life: Life) -> Decimal:
    """The notional of a trade's entries and exits together, in USD."""
    return sum((fill.fill.qty * fill.fill.price for fill in life.fills), ZERO)


def _at(bps: int, costs: list[tuple[Life, TradeCosts]]) -> OtherCosts:
    round_trip = bps / 10_000
    nets = [(life, net_at(one, round_trip)) for life, one in costs]
    stressed = [(life, net_at(one, round_trip, stressed=True)) for life, one in costs]
    return OtherCosts(
        round_trip_bps=bps,
        net=float(sum((net for _, net in nets), ZERO)),
        r=_mean_r(nets),
        stressed_net=float(sum((net for _, net in stressed), ZERO)),
        stressed_r=_mean_r(stressed),
    )


def _mean_r(nets: list[tuple[Life, Decimal]]) -> float | None:
    """The mean in R of other nets: each over the R that the trade itself had."""
    return mean([in_r for life, net in nets if (in_r := _in_r(life, net)) is not None])


def _in_r(life: Life, net: Decimal) -> float | None:
    distance = life.trade.stop_distance
    entered = life.trade.qty * life.trade.entry_price
    return float(net / entered) / distance if distance and entered else None

"""At a fixed label more volatility never gives a larger position, whatever cap binds (R23)."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.exits import ExitStopProposed
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.sizing import SizingDecided
from quantum_os.events.units import Frac, Regime
from quantum_os.exits.stop_distance import Conditions, Refused, stop_distance
from quantum_os.formulas.volatility import divergence_factor, volatility_factor
from tests.risk import scene
from tests.risk.scene import BTC, EQUITY, ETH, SOL, but
from tests.sizing.candidates import decision, ready, stop

ROUND_TRIP = 0.0015
USUAL_ATR = 0.0115
TRADED_RATIOS = st.floats(0.5, 3.0)

Hears = Callable[[Event], Event]


class Case(msgspec.Struct, frozen=True):
    """All that decides a size but the volatility: label, belief, account, book, market, policy."""

    regime: Regime
    confidence: float
    drawdown: float
    equity: Decimal
    held: tuple[str, str]
    volume_usd: float
    funding: float
    divergence: float | None
    tier: str


CASES = st.builds(
    Case,
    regime=st.sampled_from(list(Regime)),
    confidence=st.floats(0.53, 0.9),
    drawdown=st.sampled_from((0.0, 0.04, 0.06)),
    equity=st.sampled_from((Decimal(2_000), EQUITY, Decimal(500_000))),
    held=st.tuples(*(st.sampled_from(("0", "3", "12", "25")) for _ in range(2))),
    volume_usd=st.sampled_from((2e4, 1e6, 1e9)),
    funding=st.sampled_from((-0.0005, 0.0, 0.0004)),
    divergence=st.sampled_from((None, 0.0, 20.0, 60.0)),
    tier=st.sampled_from(("PROOF", "CONFIRMED", "SCALABLE")),
)


def straight(heard: Event) -> Event:
    return heard


class Size(msgspec.Struct, frozen=True):
    """What a candidate gets: nothing when the sizer refuses it."""

    qty: Decimal = Decimal(0)
    leverage: int = 0
    caps: tuple[str, ...] = ()


def size_at(case: Case, ratio: float, bent: Hears = straight) -> Size | None:
    """What the sizer gives at this volatility ratio, with the stop that the policy plans for it.

    None when no stop can be planned: too quiet for its costs, or too wild.
    """
    policy = _policy(case)
    atr = USUAL_ATR * ratio
    seen = Conditions(atr, divergence_factor(case.divergence), volatility_factor(ratio))
    sl = stop_distance(policy.policy.exits, case.regime, seen, ROUND_TRIP)
    if isinstance(sl, Refused):
        return None
    asked = decision(confidence=case.confidence, regime=case.regime, atr_frac=Frac(atr))
    stage = ready(policy, scene.account(case.equity, drawdown=Frac(case.drawdown)))
    for symbol, qty in zip((ETH, SOL), case.held, strict=True):
        stage.hears(scene.position(symbol, qty=qty))
    market = _market(case, atr, ratio)
    said = stage.hears(bent(market), asked, bent(stop(asked, sl=sl)))
    (told,) = said
    if not isinstance(told, SizingDecided):
        return Size()
    return Size(told.qty, told.leverage, told.caps_hit)


def _policy(case: Case) -> PolicyUpdated:
    return scene.policy("research", tier=case.tier)


def _market(case: Case, atr: float, ratio: float) -> MarketData:
    """BTC at the volatility asked for; the usual one of the universe stays where it is."""
    section = scene.market(
        volume_usd=case.volume_usd, funding_rate=case.funding, divergence_bps=case.divergence
    )
    row = section.symbols.index(BTC)

    def at(column: tuple[float | None, ...], value: float) -> tuple[float | None, ...]:
        return (*column[:row], value, *column[row + 1 :])

    return but(section, atr_frac=at(section.atr_frac, atr), vol_ratio=at(section.vol_ratio, ratio))


def never_larger(case: Case, calm: float, wild: float, bent: Hears = straight) -> None:
    """The law for one case; a market without a stop has no size to compare with."""
    first, second = (size_at(case, ratio, bent) for ratio in sorted((calm, wild)))
    if first is not None and second is not None:
        assert second.qty <= first.qty
        assert second.leverage <= first.leverage


@settings(max_examples=150)
@given(CASES, TRADED_RATIOS, TRADED_RATIOS)
def test_r23_volatility_up_never_sizes_up_whatever_binds(
    case: Case, calm: float, wild: float
) -> None:
    never_larger(case, calm, wild)


def capped(case: Case) -> tuple[str, ...]:
    size = size_at(case, 1.2)
    assert size is not None
    assert size.qty > 0
    return size.caps


ROOMY = Case(
    regime=Regime.NORMAL,
    confidence=0.6,
    drawdown=0.0,
    equity=EQUITY,
    held=("0", "0"),
    volume_usd=1e9,
    funding=0.0,
    divergence=0.0,
    tier="SCALABLE",
)


def test_r23_the_law_is_held_under_caps_as_well() -> None:
    """The cases above do reach the caps: of the bar's volume, of the symbol's and side's margin."""
    assert capped(ROOMY) == ()
    assert "bar_volume" in capped(but(ROOMY, volume_usd=2e4))
    probation = but(ROOMY, tier="PROOF", confidence=0.9)
    assert "symbol_margin" in capped(probation)
    assert "side_margin" in capped(but(probation, held=("3", "3")))


def tightened_when_wild(heard: Event) -> Event:
    """The fault of the replaced system: the wilder the market, the nearer the stop."""
    if isinstance(heard, ExitStopProposed):
        return but(heard, sl=Frac(0.0004 / heard.sl))
    return heard


def calm_when_wild(heard: Event) -> Event:
    """Volatility read upside down by the sizer alone."""
    if isinstance(heard, MarketData):
        return but(heard, vol_ratio=tuple(None if v is None else 3.0 - v for v in heard.vol_ratio))
    return heard


@pytest.mark.parametrize("bent", [tightened_when_wild, calm_when_wild])
def test_r23_canary_a_sizer_that_likes_storms_is_caught(bent: Hears) -> None:
    never_larger(ROOMY, 0.8, 1.6)
    with pytest.raises(AssertionError):
        never_larger(ROOMY, 0.8, 1.6, bent)

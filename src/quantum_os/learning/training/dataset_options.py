"""Decides what a dataset is made of: the bar, the barriers, the costs, the features."""

import msgspec

from quantum_os.events.governance import DecisionPolicy
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.formulas.kernels.barrier_labels import Barriers
from quantum_os.formulas.kernels.feature_groups import USUAL, Group, names_of
from quantum_os.formulas.timeframes import timeframe_ns


class DatasetOptions(msgspec.Struct, frozen=True):
    """All that shapes a dataset but its files; `options_of` takes it from the policy that trades.

    `price_venue` None takes the first venue of the tape, as a backtest does; empty `symbols` takes
    all. Raises ValueError for what makes no dataset.
    """

    timeframe: str
    horizon_h: float
    barrier_atr: float
    reference_leverage: float
    round_trip_cost: float
    groups: tuple[Group, ...] = USUAL
    price_venue: str | None = None
    symbols: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.groups:
            raise ValueError("a dataset needs a group of features at least")
        if self.horizon_ns < self.step_ns:
            raise ValueError(
                f"a horizon of {self.horizon_h:g} h is shorter than a bar of {self.timeframe}"
            )
        if not self.barrier_atr > 0.0 or not self.round_trip_cost >= 0.0:
            raise ValueError("barriers must be above 0, and costs not below it")

    @property
    def names(self) -> tuple[str, ...]:
        """The features of every row, in the order of the schema."""
        return names_of(self.groups)

    @property
    def step_ns(self) -> int:
        return timeframe_ns(self.timeframe)

    @property
    def horizon_ns(self) -> int:
        return int(self.horizon_h * NS_PER_HOUR)

    @property
    def barriers(self) -> Barriers:
        return Barriers(self.barrier_atr, self.reference_leverage, self.horizon_ns)


def options_of(
    policy: DecisionPolicy,
    round_trip_cost: float,
    *,
    groups: tuple[Group, ...] = USUAL,
    symbols: tuple[str, ...] = (),
) -> DatasetOptions:
    """Takes bar, horizon and barriers from the policy that also trades."""
    return DatasetOptions(
        timeframe=policy.timeframe,
        horizon_h=policy.horizon_h,
        barrier_atr=policy.barrier_atr,
        reference_leverage=policy.reference_leverage,
        round_trip_cost=round_trip_cost,
        groups=groups,
        symbols=symbols,
    )

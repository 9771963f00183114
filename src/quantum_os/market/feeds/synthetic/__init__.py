"""EDGE. A made-up market on two venues for those who have no tape; nothing in it ever traded."""

from quantum_os.market.feeds.scenario import Scenario
from quantum_os.market.feeds.synthetic.market import START_NS, SyntheticMarket

__all__ = ["START_NS", "Scenario", "SyntheticMarket"]

"""With what a simulated fund hears its market: the feed that trades, over a line that lies."""

from quantum_os.exchange.endpoint import TESTNET
from quantum_os.exchange.line import Line
from quantum_os.market.feeds.live.connection import Wanted
from quantum_os.market.feeds.live.feed import LiveConfig, LiveFeed
from quantum_os.market.feeds.live.venue_feed import Terms
from quantum_os.simulator.market_client import market_clients
from quantum_os.simulator.mortality import Tether
from quantum_os.simulator.stage import BAR, BAR_NS, SYMBOLS, VENUE, WARM_BARS, instruments
from quantum_os.simulator.world import World

PUMP_S, UPKEEP_S, LOOK_S = 0.5, 0.5, 2.0
"""How often the feed looks at what it has: seldom, since each look costs every seed its time."""

STALE_S = 20.0
"""Trades of a symbol come every few seconds: a silence of this length is not the market's."""

CLOSE_WAIT_S = 2.0


def live_feed(world: World, tether: Tether, line: Line) -> LiveFeed:
    """Gives the feed of one life; `line` is its venue's."""
    wanted = Wanted(VENUE, TESTNET, SYMBOLS, BAR, STALE_S, world.seed, LOOK_S)
    terms = Terms(WARM_BARS * BAR_NS, CLOSE_WAIT_S, UPKEEP_S)
    config = LiveConfig((wanted,), terms, instruments(), pump_s=PUMP_S)
    opens = market_clients(world.wire, world.market_stream, tether)
    return LiveFeed(config, world.wall, {VENUE: line.beside()}, opens)

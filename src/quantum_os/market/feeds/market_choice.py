"""Which market is played: the tape of the given paths, or a made-up one where none is given."""

from collections.abc import Sequence
from pathlib import Path

from quantum_os.market.feeds.synthetic import Scenario, SyntheticMarket
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from quantum_os.market.instrument_book import packaged_instruments

DAYS = {Scenario.CALM: 60, Scenario.CRASH: 15}
"""Days of a made-up market that was asked for without its length."""


def market_of(data: Sequence[Path], seed: int) -> Tape | SyntheticMarket:
    """Opens the tape of these paths, or makes a market up; raises TapeError."""
    if not data:
        return made_up(seed)
    known = {instrument.symbol for instrument in packaged_instruments()}
    return open_tape(data, known_symbols=known)


def made_up(
    seed: int, scenario: Scenario = Scenario.CALM, days: int | None = None
) -> SyntheticMarket:
    """Makes a market up; without `days` it is as long as its scenario wants."""
    return SyntheticMarket(seed=seed, days=days or DAYS[scenario], scenario=scenario)

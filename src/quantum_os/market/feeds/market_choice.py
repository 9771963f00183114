"""Which market is played: the tape of the given paths, or a made-up one where none is given."""

from collections.abc import Sequence
from pathlib import Path

from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape_frames import Tape, open_tape
from quantum_os.market.instrument_book import packaged_instruments


def market_of(data: Sequence[Path], seed: int) -> Tape | SyntheticMarket:
    """Opens the tape of these paths, or makes a market up; raises TapeError."""
    if not data:
        return SyntheticMarket(seed=seed)
    known = {instrument.symbol for instrument in packaged_instruments()}
    return open_tape(data, known_symbols=known)

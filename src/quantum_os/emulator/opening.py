"""Decides which market a new emulator plays, from which moment on, and who trades there."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from quantum_os.emulator.capture import open_capture
from quantum_os.emulator.capture_player import CapturePlayer
from quantum_os.emulator.clock import VenueClock
from quantum_os.emulator.contracts import Contracts
from quantum_os.emulator.exchange import Exchange, Login
from quantum_os.emulator.host import PRICE_VENUE, venue_config
from quantum_os.emulator.market import Market
from quantum_os.emulator.player import Player
from quantum_os.emulator.recorded_market import RecordedMarket
from quantum_os.emulator.server import EmulatorServer
from quantum_os.events.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS
from quantum_os.kernel.clock import Clock, WallClock
from quantum_os.market.feeds.market_choice import market_of
from quantum_os.market.feeds.synthetic import SyntheticMarket
from quantum_os.market.feeds.tape_error import TapeError
from quantum_os.market.feeds.tape_frames import Tape
from quantum_os.market.instrument_book import packaged_instruments

HISTORY_DAYS = 2.0
"""Days of the tape that are over when the emulator opens, a third of the tape at most."""

POINTS_STEPPED = 15
"""Trades inside a bar where the market is stepped."""

POINTS_MAX = 300
"""Trades inside a bar at most, one a second at best."""


class Opening(msgspec.Struct, frozen=True):
    """What an emulator begins with.

    `pace` is market time over real time, 0 is stepped by the admin port. `as_recorded` keeps the
    tape's own times; otherwise the tape is moved by whole days so that it opens now. `points`
    trades are inside each bar, None follows from the pace.
    """

    logins: tuple[Login, ...]
    tape: Path | None = None
    capture: Path | None = None
    seed: int = 0
    pace: float = 1.0
    as_recorded: bool | None = None
    history_days: float = HISTORY_DAYS
    points: int | None = None
    maker_fee_bps: float = 2.0
    taker_fee_bps: float = 5.0
    enforce_limits: bool = True

    @property
    def keeps_times(self) -> bool:
        """Whether the tape's own times are shown: always, but for a market that runs as we do."""
        return self.pace != 1.0 if self.as_recorded is None else self.as_recorded


def open_emulator(opening: Opening, wall: Clock | None = None) -> EmulatorServer:
    """Builds the venue and plays its past; raises TapeError and ValueError."""
    if opening.capture is not None:
        return _open_capture(opening, opening.capture, wall or WallClock())
    source = market_of([opening.tape] if opening.tape else [], opening.seed)
    clock_on_wall = wall or WallClock()
    begin, shift = _begin_of(source, opening, clock_on_wall.now())
    market = _market_of(source, opening)
    clock = VenueClock(begin, opening.pace, clock_on_wall)
    player = Player(market, clock, source.frames(), PRICE_VENUE, shift=shift)
    player.remember_until(begin)
    market.now = max(market.now, begin)
    config = venue_config(opening.maker_fee_bps, opening.taker_fee_bps, opening.seed)
    exchange = Exchange(market, list(opening.logins), config)
    return EmulatorServer(exchange, clock, player, enforce_limits=opening.enforce_limits)


def _open_capture(opening: Opening, path: Path, wall: Clock) -> EmulatorServer:
    """Builds a venue whose market was recorded; moved to now it is moved by whole minutes."""
    capture = open_capture(path, Contracts(packaged_instruments()).all)
    past = min(round(opening.history_days * NS_PER_DAY), (capture.end - capture.start) // 3)
    begin, shift = capture.start + past, 0
    if not opening.keeps_times:
        now = wall.now()
        shift = (now - begin) // NS_PER_MINUTE * NS_PER_MINUTE
        begin = now
        if begin - shift >= capture.end:
            raise ValueError("the capture is too short to be moved to now: use recorded times")
    market = RecordedMarket(capture, shift)
    clock = VenueClock(begin, opening.pace, wall)
    player = CapturePlayer(market, clock, capture, shift)
    player.remember_until(begin)
    market.now = max(market.now, begin)
    config = venue_config(opening.maker_fee_bps, opening.taker_fee_bps, opening.seed)
    exchange = Exchange(market, list(opening.logins), config)
    server = EmulatorServer(exchange, clock, player, enforce_limits=opening.enforce_limits)
    server.said = capture.said
    return server


def _begin_of(source: Tape | SyntheticMarket, opening: Opening, now: int) -> tuple[int, int]:
    """When the market opens, and by how much its tape is moved, in ns."""
    past = min(round(opening.history_days * NS_PER_DAY), (source.end - source.start) // 3)
    begin = source.start + past // source.step_ns * source.step_ns
    if opening.keeps_times:
        return begin, 0
    shift = (now - begin) // NS_PER_DAY * NS_PER_DAY
    if now - shift >= source.end:
        raise ValueError("the tape is too short to open at this time of day: use recorded times")
    return now, shift


def _market_of(source: Tape | SyntheticMarket, opening: Opening) -> Market:
    listed = set(source.symbols(PRICE_VENUE))
    if not listed:
        raise TapeError(f"the tape has no bars of {PRICE_VENUE}")
    chosen = tuple(one for one in packaged_instruments() if one.symbol in listed)
    points = opening.points or _points(opening.pace, source.step_ns)
    return Market(Contracts(chosen), source.step_ns, points, opening.seed)


def _points(pace: float, step_ns: int) -> int:
    """One trade a second of real time, as far as that makes sense."""
    if not pace:
        return POINTS_STEPPED
    seconds = step_ns / NS_PER_MS / 1_000 / pace
    return max(POINTS_STEPPED, min(POINTS_MAX, round(seconds)))


def login_of(text: str) -> Login:
    """Reads KEY:SECRET:USDT; raises ValueError."""
    parts = text.split(":")
    if len(parts) != 3 or not parts[0] or not parts[1]:
        raise ValueError("an account is KEY:SECRET:USDT")
    try:
        deposit = Decimal(parts[2])
    except InvalidOperation:
        deposit = Decimal("NaN")
    if not deposit.is_finite() or deposit < 0:
        raise ValueError(f"an account begins with a number of USDT, not {parts[2]!r}")
    return Login(parts[0], parts[1], deposit)


def logins_of(texts: Sequence[str]) -> tuple[Login, ...]:
    """Reads several accounts; raises ValueError, also for a key that comes twice."""
    logins = tuple(map(login_of, texts))
    if len({login.key for login in logins}) < len(logins):
        raise ValueError("two accounts have the same key")
    return logins

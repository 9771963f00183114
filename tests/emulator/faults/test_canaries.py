"""Known-bad builds of the venue: each must be found out by the drive that its fault belongs to."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.events.execution import Leg, OrderRequested
from quantum_os.execution.venues.binance.codes import CODES
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.facts import AccountSeen, OrderSeen
from quantum_os.execution.venues.ccxt.venue import ExchangeVenue
from quantum_os.execution.venues.ccxt.verdicts import Verdict
from quantum_os.formulas.client_ids import parse
from tests.emulator.faults import drives
from tests.emulator.faults.ground import HASTY, Making

CAUGHT = (AssertionError, TimeoutError)


class Resends(BinanceDialect):
    """Sends an order again under another name when no answer comes."""

    async def place(self, client: Any, order: OrderRequested) -> OrderSeen | None:
        try:
            return await super().place(client, order)
        except Exception:  # noqa: BLE001  whatever it was, this build does not think about it
            again = msgspec.structs.replace(order, client_id=f"{order.client_id[:-1]}9")
            return await super().place(client, again)


class _AllRefused(dict[str, Verdict]):
    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, Verdict.REFUSED)


class ReadsUnknownAsRefused(BinanceDialect):
    """Takes an answer that it does not understand for a refusal."""

    def __init__(self, realm: Any) -> None:
        super().__init__(realm)
        self.codes = _AllRefused(CODES)


class IgnoresBans(ExchangeVenue):
    """Does not hear that silence is asked for."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.line.ban.silence = lambda seconds, status: None  # type: ignore[method-assign]


class ListsOneBook(BinanceDialect):
    """Lists plain orders only."""

    async def list_account(self, client: Any) -> AccountSeen | None:
        account = await super().list_account(client)
        assert account is not None
        kept = [o for o in account.orders if getattr(parse(o.client_id), "leg", None) != Leg.STOP]
        return msgspec.structs.replace(account, orders=tuple(kept))


class CancelsInOneBook(BinanceDialect):
    """Looks for every order in the plain book."""

    async def cancel(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen | None:
        return await super().cancel(client, client_id, symbol, conditional=False)


class HasNoQuarantine(ExchangeVenue):
    """Lets a frame that cannot be read end whatever it ends."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.line.quarantine.guard = lambda client: None  # type: ignore[method-assign]


class _Amnesia(dict[str, None]):
    def __contains__(self, key: object) -> bool:
        return False


class BooksTwice(ExchangeVenue):
    """Does not remember which trades it has told."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.register._trades = _Amnesia()


async def test_f60_r1_canary_resending_under_another_name_is_caught(tmp_path: Path) -> None:
    with pytest.raises(CAUGHT):
        await drives.taken_unheard(tmp_path, {"kind": "hang_after"}, Making(HASTY, Resends))


@pytest.mark.parametrize("rule", [{"kind": "hang_after"}, {"kind": "error", "code": -8765}])
async def test_f60_r1_r35_canary_reading_unknown_as_refused_is_caught(
    tmp_path: Path, rule: dict[str, Any]
) -> None:
    making = Making(HASTY, ReadsUnknownAsRefused)
    with pytest.raises(CAUGHT):
        await drives.taken_unheard(tmp_path, {"accepted": True, **rule}, making)


async def test_r11_r12_canary_ignoring_a_ban_is_caught(tmp_path: Path) -> None:
    with pytest.raises(CAUGHT):
        await drives.shut_out(tmp_path, "ban", Making(HASTY, venue=IgnoresBans))


@pytest.mark.parametrize("build", [ListsOneBook, CancelsInOneBook])
async def test_r29_canary_forgetting_the_book_of_stops_is_caught(
    tmp_path: Path, build: type[BinanceDialect]
) -> None:
    with pytest.raises(CAUGHT):
        await drives.both_books(tmp_path, Making(HASTY, build))


async def test_w6_canary_a_poison_frame_that_nobody_notices_is_caught(tmp_path: Path) -> None:
    with pytest.raises(CAUGHT):
        await drives.poisoned(tmp_path, "truncated", Making(HASTY, venue=HasNoQuarantine))


async def test_e3_canary_a_fill_that_is_told_twice_is_caught(tmp_path: Path) -> None:
    with pytest.raises(CAUGHT):
        await drives.said_thrice(tmp_path, "ORDER_TRADE_UPDATE", Making(HASTY, venue=BooksTwice))


async def test_the_build_that_we_ship_comes_through_every_drive(tmp_path: Path) -> None:
    made = Making(HASTY)
    for place in ("unheard", "ban", "books", "poison", "thrice"):
        (tmp_path / place).mkdir()
    await drives.taken_unheard(tmp_path / "unheard", {"kind": "hang_after"}, made)
    await drives.shut_out(tmp_path / "ban", "ban", made)
    await drives.both_books(tmp_path / "books", made)
    await drives.poisoned(tmp_path / "poison", "truncated", made)
    await drives.said_thrice(tmp_path / "thrice", "ORDER_TRADE_UPDATE", made)

"""A key that could take money away is not traded with."""

from typing import Any

import pytest

from quantum_os.exchange.endpoint import Realm
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.dialect import VenueRefused


class Rights:
    """A client of an account with these rights."""

    def __init__(self, **rights: Any) -> None:
        self.rights = rights

    async def sapiGetAccountApiRestrictions(self) -> dict[str, Any]:
        return self.rights


async def test_f48_a_key_that_may_withdraw_is_refused() -> None:
    client = Rights(enableWithdrawals=True, enableFutures=True)
    with pytest.raises(VenueRefused, match="may withdraw"):
        await BinanceDialect(Realm.PRODUCTION).check_permissions(client)


async def test_a_key_that_may_not_trade_is_refused() -> None:
    client = Rights(enableWithdrawals=False, enableFutures=False)
    with pytest.raises(VenueRefused, match="may not trade"):
        await BinanceDialect(Realm.PRODUCTION).check_permissions(client)


async def test_a_key_that_may_only_trade_is_taken() -> None:
    client = Rights(enableWithdrawals=False, enableFutures=True)
    assert await BinanceDialect(Realm.PRODUCTION).check_permissions(client) == ""


async def test_what_a_right_is_missing_from_is_no_permission() -> None:
    with pytest.raises(KeyError):
        await BinanceDialect(Realm.PRODUCTION).check_permissions(Rights())


async def test_where_rights_cannot_be_asked_it_is_said() -> None:
    assert "testnet" in await BinanceDialect(Realm.TESTNET).check_permissions(Rights())

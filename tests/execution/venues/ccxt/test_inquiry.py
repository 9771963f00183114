"""How long an order that is not found may yet exist: a lost life's stop is given up first."""

from decimal import Decimal
from typing import Any

import pytest

from quantum_os.events.execution import Leg, OrderState, OrderUpdated
from quantum_os.events.units import NS_PER_S, Mode, Ns, Qty
from quantum_os.exchange.endpoint import Realm
from quantum_os.exchange.line import Line
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.attempts import Attempts
from quantum_os.execution.venues.ccxt.dialect import Judged
from quantum_os.execution.venues.ccxt.facts import OrderSeen
from quantum_os.execution.venues.ccxt.inquiry import (
    NEVER_ARRIVED,
    NOT_FOUND_MIN,
    RESTS_S,
    STOP_ABSENT_AFTER_S,
    Inquiry,
    _rest_s,
)
from quantum_os.execution.venues.ccxt.register import Known, Register
from quantum_os.execution.venues.ccxt.teller import Teller
from quantum_os.execution.venues.ccxt.verdicts import Verdict
from quantum_os.formulas.client_ids import client_id

BTC = "BTC/USDT:USDT"


class Asked(BinanceDialect):
    """A venue that finds an order at the `found_at`-th question; each takes `answer_s`."""

    def __init__(self, answer_s: float, found_at: int | None = None) -> None:
        super().__init__(Realm.EMULATOR)
        self._answer_s, self._found_at = answer_s, found_at
        self.questions = 0

    async def ask(
        self, client: Any, client_id: str, symbol: str, *, conditional: bool
    ) -> OrderSeen:
        self.questions += 1
        if self.questions == self._found_at:
            return OrderSeen(client_id, symbol, OrderState.ACKED, Qty(Decimal(0)), Ns(1))
        raise Judged(Verdict.ABSENT, "not found")

    def now(self) -> int:
        """A clock that stands still between the questions."""
        return 1 + int(self.questions * self._answer_s * NS_PER_S)


async def words_on(
    leg: Leg, venue: Asked, *, earlier: bool = True
) -> list[tuple[OrderState, str | None]]:
    """What was told of an order whose fate was asked for."""
    register, teller = Register("binance", Mode.TESTNET), Teller("t", lambda: 1)
    known: Known | None = register.followed(client_id(1, "p1", leg, 0), BTC)
    assert known is not None
    inquiry = Inquiry(venue, Attempts(venue, Line()), register, teller, monotonic=venue.now)
    await inquiry.resolve(None, known, earlier=earlier)
    return [(each.state, each.code) for each in teller.waiting if isinstance(each, OrderUpdated)]


ABSENT = [(OrderState.EXPIRED, NEVER_ARRIVED)]


async def test_a_stop_of_an_earlier_life_is_given_up_after_three_answers_and_a_second() -> None:
    venue = Asked(answer_s=0.5)
    assert await words_on(Leg.STOP, venue) == ABSENT
    assert venue.questions == NOT_FOUND_MIN


async def test_and_never_before_three_answers() -> None:
    venue = Asked(answer_s=1.0)
    assert await words_on(Leg.STOP, venue) == ABSENT
    assert venue.questions == NOT_FOUND_MIN


async def test_and_never_within_the_second() -> None:
    venue = Asked(answer_s=0.3)
    assert await words_on(Leg.STOP, venue) == ABSENT
    assert venue.questions == NOT_FOUND_MIN + 1


def test_no_rest_goes_beyond_the_moment_at_which_absence_can_be_proven() -> None:
    ages = [0.0]
    while ages[-1] < STOP_ABSENT_AFTER_S:
        rest = _rest_s(len(ages) - 1, STOP_ABSENT_AFTER_S - ages[-1])
        ages.append(round(ages[-1] + rest, 6))
    assert ages == [0.0, 0.1, 0.35, 0.85, STOP_ABSENT_AFTER_S]


def test_a_rest_is_never_too_short_for_an_exchange_nor_longer_for_being_late() -> None:
    assert _rest_s(3, 0.001) == RESTS_S[0]
    assert _rest_s(3, 9.0) == _rest_s(3, 0.0) == _rest_s(3, -5.0) == RESTS_S[3]
    assert _rest_s(99, 9.0) == RESTS_S[-1]


async def test_r3_one_that_comes_to_light_meanwhile_is_not_given_up() -> None:
    venue = Asked(answer_s=0.5, found_at=NOT_FOUND_MIN)
    assert await words_on(Leg.STOP, venue) == [(OrderState.ACKED, None)]


@pytest.mark.parametrize(
    ("leg", "earlier"),
    [(Leg.STOP, False), (Leg.ENTRY, True), (Leg.CLOSE, True), (Leg.TP1, True)],
    ids=["a stop of this life", "an entry", "a close", "a target"],
)
async def test_r2_any_other_order_may_exist_for_ten_seconds(leg: Leg, *, earlier: bool) -> None:
    """The bytes of this life may still be under way, and another entry or close would do more."""
    venue = Asked(answer_s=3.0)
    assert await words_on(leg, venue, earlier=earlier) == ABSENT
    assert venue.questions == 4

"""Only the listed codes of Bybit are definite; whatever else it answers, nothing is known."""

import json

import pytest
from ccxt.base.errors import ExchangeError, InvalidOrder
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.exchange.line import Answer
from quantum_os.execution.venues.bybit.codes import CODES, CONSEQUENCES
from quantum_os.execution.venues.ccxt.verdicts import Verdict, ruling_of


def answer(code: object) -> Answer:
    made = Answer()
    made.status, made.body = 200, json.dumps({"retCode": code, "retMsg": "x", "result": {}})
    return made


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ((0, 10000, 5004, 10016, 10019, 110090, 110079, 110123, 110126), Verdict.UNKNOWN),
        ((10002, 10006, 10018, 10429), Verdict.NOT_EXECUTED),
        ((10003, 10004, 33004, 10005, 10010, 10024, 10028, 10029), Verdict.LOCKED_OUT),
        ((110001, 170213), Verdict.ABSENT),
        ((110030, 110072), Verdict.DUPLICATE),
        ((110025, 110026, 110043), Verdict.NO_CHANGE),
        ((110004, 110007, 110012, 110013), Verdict.REFUSED),
        ((110003, 110009, 110017, 110020, 110021, 110040, 110092, 110093, 110094), Verdict.REFUSED),
    ],
)
def test_every_code_of_the_table_has_its_verdict(codes: tuple[int, ...], verdict: Verdict) -> None:
    for code in codes:
        for written in (code, str(code)):
            ruled = ruling_of(answer(written), ExchangeError("x"), CODES)
            assert (ruled.verdict, ruled.code) == (verdict, str(code))


@given(st.integers(0, 3_500_000).filter(lambda code: str(code) not in CODES))
def test_r35_an_unmapped_code_is_unknown(code: int) -> None:
    for error in (InvalidOrder("x"), ExchangeError("x")):
        assert ruling_of(answer(code), error, CODES).verdict is Verdict.UNKNOWN


def test_what_follows_from_a_code_follows_from_one_that_is_judged() -> None:
    named = (
        CONSEQUENCES.clock
        | CONSEQUENCES.filters
        | CONSEQUENCES.listing
        | CONSEQUENCES.symbol_closed
        | CONSEQUENCES.entries_closed
        | set(CONSEQUENCES.fund_codes)
    )
    assert named <= set(CODES)

"""Only the listed codes are definite; whatever else an answer holds, nothing is known."""

import json

import aiohttp
import pytest
from ccxt.base.errors import ExchangeError, ExchangeNotAvailable, InvalidOrder, RequestTimeout
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.exchange.ban_clock import Banned
from quantum_os.exchange.line import Answer
from quantum_os.exchange.rate_budget import BudgetSpent
from quantum_os.execution.venues.binance.codes import CODES
from quantum_os.execution.venues.ccxt.verdicts import Verdict, ruling_of


def answer(status: int, body: str) -> Answer:
    made = Answer()
    made.status, made.body = status, body
    return made


def refusal(code: int | str, text: str = "x") -> str:
    return json.dumps({"code": code, "msg": text})


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ((-1000, -1001, -1006, -1007), Verdict.UNKNOWN),
        ((-1003, -1015, -1008, -1021), Verdict.NOT_EXECUTED),
        ((-1022, -2014, -2015), Verdict.LOCKED_OUT),
        ((-1111, -4003, -4005, -4014, -4015, -4028, -1121), Verdict.REFUSED),
        ((-2010, -2022, -4120, -4164, -2018, -2019, -2020, -2023, -2021), Verdict.REFUSED),
        ((-2025, -2027, -4061, -4118, -4131, -4141, -5026, -4140), Verdict.REFUSED),
        ((-4192, -4400, -5021, -5022, -4045), Verdict.REFUSED),
        ((-4116,), Verdict.DUPLICATE),
        ((-2011, -2013), Verdict.ABSENT),
        ((-4046, -4059), Verdict.NO_CHANGE),
    ],
)
def test_every_code_of_the_table_has_its_verdict(codes: tuple[int, ...], verdict: Verdict) -> None:
    for code in codes:
        for status in (400, 401, 403, 503):
            ruled = ruling_of(answer(status, refusal(code)), ExchangeError("x"), CODES)
            assert (ruled.verdict, ruled.code) == (verdict, str(code))


@given(st.integers(-9999, 9999).filter(lambda code: str(code) not in CODES))
def test_r35_an_unmapped_code_is_unknown(code: int) -> None:
    for error in (InvalidOrder("x"), ExchangeError("x")):
        assert ruling_of(answer(400, refusal(code)), error, CODES).verdict is Verdict.UNKNOWN


@given(st.text(max_size=300), st.sampled_from([0, 200, 400, 404, 408, 500, 502, 504, 520]))
def test_r6_r9_garbage_is_unknown(body: str, status: int) -> None:
    if not body.lstrip().startswith("{"):
        ruled = ruling_of(answer(status, body), ExchangeError(body), CODES)
        assert ruled.verdict is Verdict.UNKNOWN


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)


@given(json_values)
def test_json_in_which_no_code_stands_is_unknown(value: object) -> None:
    for body in (json.dumps(value), json.dumps({"code": value, "msg": "x"})):
        ruled = ruling_of(answer(400, body), InvalidOrder("x"), CODES)
        assert ruled.verdict is Verdict.UNKNOWN or ruled.code in CODES


@pytest.mark.parametrize(
    "error",
    [
        RequestTimeout("binance POST"),
        ExchangeNotAvailable("reset"),
        ExchangeError("cut mid-body"),
        InvalidOrder('binance {"code":-2019}'),
        TypeError("x"),
    ],
)
def test_r1_r4_r5_without_an_answer_no_error_class_is_definite(error: Exception) -> None:
    assert ruling_of(answer(0, ""), error, CODES).verdict is Verdict.UNKNOWN


def test_a_request_that_never_left_was_not_executed() -> None:
    refused = ExchangeNotAvailable("x")
    key = aiohttp.client_reqrep.ConnectionKey("h", 1, True, True, None, None, None)
    refused.__cause__ = aiohttp.ClientConnectorError(key, OSError("refused"))
    for error in (Banned(418, 9.0), BudgetSpent("x"), refused):
        assert ruling_of(answer(0, ""), error, CODES).verdict is Verdict.NOT_EXECUTED


@pytest.mark.parametrize("status", [429, 418])
def test_r11_r12_silence_is_asked_for_before_anything_is_done(status: int) -> None:
    for body in ("", refusal(-1003), "<html>"):
        ruled = ruling_of(answer(status, body), ExchangeError("x"), CODES)
        assert ruled.verdict is Verdict.NOT_EXECUTED


def test_r7_r8_two_kinds_of_503_are_told_apart() -> None:
    unknown = refusal(0, "Unknown error, please check your request or try again later.")
    down = refusal(0, "Service Unavailable.")
    html = "<html>503 Service Unavailable</html>"
    throttled = refusal(-1008, "Request throttled by system-level protection.")
    verdicts = [
        ruling_of(answer(503, body), ExchangeError("x"), CODES).verdict
        for body in (unknown, down, html, throttled)
    ]
    assert verdicts == [
        Verdict.UNKNOWN,
        Verdict.NOT_EXECUTED,
        Verdict.UNKNOWN,
        Verdict.NOT_EXECUTED,
    ]


@pytest.mark.parametrize("status", [403, 451])
def test_r13_a_firewall_is_not_the_venue(status: int) -> None:
    ruled = ruling_of(answer(status, "<html>"), ExchangeNotAvailable("x"), CODES)
    assert ruled.verdict is Verdict.LOCKED_OUT

"""After a 429 or a ban there is silence until the end that was told, and not one request."""

import pytest

from quantum_os.exchange.ban_clock import (
    BACK_OFF_S,
    BAN_S,
    BLOCKED_S,
    CROWDED_MAX_S,
    CROWDED_S,
    SILENCE_MAX_S,
    BanClock,
    Banned,
)

NS = 1_000_000_000


class Time:
    def __init__(self) -> None:
        self.ns = 5 * NS

    def __call__(self) -> int:
        return self.ns


def clock_at(time: Time, venue_ms: int = 1_700_000_000_000) -> BanClock:
    return BanClock(lambda: venue_ms, time)


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"Retry-After": "7"}, "", 7.0),
        (429, {"retry-after": "7"}, "", 7.0),
        (429, {}, "", BACK_OFF_S),
        (429, {"Retry-After": "soon"}, "", BACK_OFF_S),
        (418, {"Retry-After": "300"}, "", 300.0),
        (418, {}, '{"code":-1003,"msg":"IP banned until 1700000600000."}', 600.0),
        (418, {"Retry-After": "30"}, '{"msg":"banned until 1700000600000"}', 600.0),
        (418, {}, '{"msg":"banned until 1600000000000"}', BAN_S),
        (418, {}, "", BAN_S),
        (418, {"Retry-After": "99999999999"}, "", SILENCE_MAX_S),
        (403, {}, "<html>forbidden</html>", BLOCKED_S),
        (451, {}, "", BLOCKED_S),
    ],
)
def test_r11_r12_silence_lasts_as_long_as_was_told(
    status: int, headers: dict[str, str], body: str, seconds: float
) -> None:
    time = Time()
    ban = clock_at(time)
    ban.hears(status, headers, body)
    with pytest.raises(Banned) as refused:
        ban.check()
    assert refused.value.status == status
    assert refused.value.seconds == pytest.approx(seconds)
    time.ns += int(seconds * NS) - 1
    with pytest.raises(Banned):
        ban.check()
    time.ns += 1
    ban.check()


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500, 503])
def test_other_answers_ask_for_no_silence(status: int) -> None:
    ban = clock_at(Time())
    ban.hears(status, {"Retry-After": "60"}, "")
    ban.check()


def test_a_refusal_in_the_exchanges_own_words_is_no_firewall() -> None:
    ban = clock_at(Time())
    ban.hears(403, {}, '{"code":-2015,"msg":"Invalid API-key"}')
    ban.check()


def test_a_shorter_silence_does_not_end_a_longer_one() -> None:
    time = Time()
    ban = clock_at(time)
    ban.hears(418, {"Retry-After": "600"}, "")
    ban.hears(429, {"Retry-After": "1"}, "")
    time.ns += 10 * NS
    assert ban.seconds_left == pytest.approx(590)
    assert ban.status == 418


@pytest.mark.parametrize(
    "body",
    [
        '{"retCode":0,"retMsg":"OK"}',
        '{"retCode":110001}',
        '{"note":"\\"retCode\\":10006"}',
        "",
        "[]",
    ],
)
def test_r11_any_other_answer_with_200_asks_for_no_silence(body: str) -> None:
    ban = clock_at(Time())
    ban.hears(200, {}, body)
    ban.check()
    assert ban.heard == 0


@pytest.mark.parametrize(
    ("ends", "seconds"),
    [
        ("1700000000300", 0.3),
        ("1700000007000", 7.0),
        ("1700009000000", CROWDED_MAX_S),
        ("1699999999000", CROWDED_S[10006]),
        ("soon", CROWDED_S[10006]),
        ("9" * 400, CROWDED_S[10006]),
    ],
)
def test_r11_bybits_window_ends_when_its_header_says(ends: str, seconds: float) -> None:
    ban = clock_at(Time())
    ban.hears(200, {"X-Bapi-Limit-Reset-Timestamp": ends}, '{"retCode": 10006}')
    assert ban.seconds_left == pytest.approx(seconds)


def test_r11_the_same_header_on_any_other_answer_asks_for_no_silence() -> None:
    ban = clock_at(Time())
    ban.hears(200, {"X-Bapi-Limit-Reset-Timestamp": "1700000007000"}, '{"retCode": 0}')
    ban.check()


@pytest.mark.parametrize("code", CROWDED_S)
def test_r11_bybits_codes_with_200_are_heard_and_end_with_their_window(code: int) -> None:
    time = Time()
    ban = clock_at(time)
    ban.hears(200, {}, f' {{"retCode": {code}, "retMsg": "Too many visits!"}}')
    with pytest.raises(Banned) as refused:
        ban.check()
    assert (refused.value.status, refused.value.seconds) == (code, CROWDED_S[code])
    time.ns += int(CROWDED_S[code] * NS)
    ban.check()

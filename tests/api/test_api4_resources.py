"""API4: bodies, pages, paths, connections and time are bounded, whoever asks."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.api.clearance import Role
from quantum_os.api.limits import Rate
from quantum_os.api.strict_bodies import BODY_MAX, DEPTH_MAX, NotPlain, check_plain, depth_of
from tests.api.raw import exchange, request
from tests.api.served import Served, served

PAUSE = "/api/v1/pause"


def test_a_body_over_the_limit_is_refused(fund: Served) -> None:
    raw = b'{"reason":"' + b"x" * BODY_MAX + b'"}'
    assert fund.post(PAUSE, raw=raw).status == 413


def test_a_body_over_the_limit_without_a_length_is_refused(fund: Served) -> None:
    head = request(
        "POST",
        PAUSE,
        f"Authorization: Bearer {next(reversed(fund.of_role.values()))}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
    )
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    assert exchange(fund.port, head, rest=chunk * 3 + b"0\r\n\r\n").status == 413


@pytest.mark.parametrize(
    "raw",
    [
        b'{"reason":' + b"[" * 21 + b"]" * 21 + b"}",
        b"[" * 30_000,
        b'{"reason":"a","reason":"b"}',
        b'{"reason":NaN}',
        b'{"reason":1e999999}',
        b'{"reason":' + b"9" * 10_000 + b"}",
        b'{"reason":"\xff"}',
        b"{'reason':'x'}",
        b'{"reason":"x"',
        b"\x00",
        b'{"reason":"x"}{}',
    ],
)
def test_what_is_no_plain_json_is_refused(fund: Served, raw: bytes) -> None:
    answer = fund.post(PAUSE, raw=raw)
    assert answer.status == 400, answer.body
    assert len(answer.body) < 1_000


def test_a_body_that_is_no_json_by_its_type_is_refused(fund: Served) -> None:
    answer = fund.post(PAUSE, raw=b"reason=x", headers={"Content-Type": "text/plain"})
    assert answer.status == 415


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1e3", "9" * 40])
def test_a_page_has_its_limit(fund: Served, limit: str) -> None:
    assert fund.get(f"/api/v1/trades?limit={limit}").status == 400


def test_pages_follow_each_other_without_a_hole(fund: Served) -> None:
    whole = fund.get("/api/v1/orders/history?limit=500").json()["items"]
    pages: list[int] = []
    before = ""
    while True:
        page = fund.get(f"/api/v1/orders/history?limit=7{before}").json()
        pages += [item["seq"] for item in page["items"]]
        if page["next"] is None or len(pages) >= len(whole):
            break
        before = f"&before={page['next']}"
    assert pages[: len(whole)] == [item["seq"] for item in whole]
    assert pages == sorted(pages, reverse=True)


def test_a_long_path_and_many_headers_are_refused(fund: Served) -> None:
    assert exchange(fund.port, request("GET", "/" + "a" * 3_000)).status == 400
    many = [f"X-{number}: {'y' * 100}" for number in range(300)]
    assert exchange(fund.port, request("GET", "/api/v1/ping", *many)).status == 431


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("slow") / "home"
    with served(folder, days=1, rate=Rate(per_s=0.001, burst=5.0)) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "role"), [("/healthz", None), ("/api/v1/version", Role.VIEWER), ("/readyz", None)]
)
def test_who_asks_too_often_waits(slow: Served, path: str, role: Role | None) -> None:
    answers = [slow.get(path, role=role) for _ in range(7)]
    assert answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_who_reads_too_much_can_still_stop_the_fund_and_holds_up_nobody_else(slow: Served) -> None:
    assert [slow.get("/api/v1/locks").status for _ in range(7)][-1] == 429
    assert [slow.get("/api/v1/locks", role=None).status for _ in range(7)][-1] == 429
    assert slow.post("/api/v1/kill", {"reason": "a drill"}).status == 200
    assert slow.get("/api/v1/locks", role=Role.ANALYST).status == 200


@given(st.recursive(st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=40))
def test_depth_is_counted_as_it_is(value: object) -> None:
    def depth(each: object) -> int:
        return 1 + max(map(depth, each), default=0) if isinstance(each, list) else 0

    text = repr(value).replace("None", '"[{"').encode()
    assert depth_of(text) == depth(value)


def test_brackets_in_strings_are_no_depth() -> None:
    check_plain(b'{"a":"' + b"[" * 100 + b'\\"' + b"{" * 100 + b'"}')
    with pytest.raises(NotPlain, match=f"deeper than {DEPTH_MAX}"):
        check_plain(b"[" * 21 + b"]" * 21)

"""API8: hosts, origins, paths and headers are what they must be, on every answer."""

import pytest

from quantum_os.api.clearance import Role
from tests.api.raw import exchange, request
from tests.api.served import Served

MUST_STAND = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/healthz", None),
        ("/api/v1/version", Role.VIEWER),
        ("/api/v1/version", None),
        ("/nothing", None),
        ("/metrics", None),
        ("/api/v1/schema/openapi.json", Role.VIEWER),
        ("/api/v1/trades?limit=0", Role.VIEWER),
    ],
)
def test_every_answer_carries_the_headers(fund: Served, path: str, role: Role | None) -> None:
    headers = {name.lower(): value for name, value in fund.get(path, role=role).headers.items()}
    assert {name: headers.get(name) for name in MUST_STAND} == MUST_STAND
    assert "server" not in headers
    assert not any(name.startswith("access-control") for name in headers)
    assert "set-cookie" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil"])
def test_another_machines_name_is_refused(fund: Served, host: str) -> None:
    assert exchange(fund.port, request("GET", "/api/v1/ping", host=host)).status == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:9"])
def test_this_machines_names_are_let_in(fund: Served, host: str) -> None:
    assert exchange(fund.port, request("GET", "/api/v1/ping", host=host)).status == 200


def test_two_hosts_are_one_too_many(fund: Served) -> None:
    asked = request("GET", "/api/v1/ping", "Host: evil.example")
    assert exchange(fund.port, asked).status == 400


@pytest.mark.parametrize(
    "header",
    ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"],
)
def test_another_site_may_not_act(fund: Served, header: str) -> None:
    bearer = f"Authorization: Bearer {fund.of_role[Role.OPERATOR]}"
    asked = request(
        "POST",
        "/api/v1/pause",
        *(bearer, header, "Content-Type: application/json"),
        body=b'{"reason":"x"}',
    )
    assert exchange(fund.port, asked).status == 403
    assert fund.get("/api/v1/locks").json()["locks"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/..%2f..%2fetc%2fpasswd",
        "/api/v1/%252e%252e/x",
        "/api/v1/..\\..\\x",
        "//etc/passwd",
        "/api/v1/journal/1%00",
        "/api/v1/positions/a%0d%0aX-Evil:%201",
    ],
)
def test_a_path_that_means_to_leave_is_refused(fund: Served, path: str) -> None:
    answer = exchange(fund.port, request("GET", path))
    assert answer.status == 400
    assert b"root:" not in answer.body
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /api/v1/ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /api/v1/ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\nxx",
        b"GET /api/v1/ping HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
)
def test_bytes_that_are_no_honest_request_are_refused(fund: Served, raw: bytes) -> None:
    assert exchange(fund.port, raw).status in (0, 400)
    assert fund.get("/api/v1/ping").status == 200


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "FOO"])
def test_methods_that_no_route_has_are_refused(fund: Served, method: str) -> None:
    asked = request(method, "/api/v1/version")
    assert exchange(fund.port, asked).status in (400, 401, 404, 405)


def test_a_defect_tells_nothing_of_the_inside(fund: Served) -> None:
    body = fund.get("/api/v1/journal?stream=no.such").body
    assert b"Traceback" not in body
    assert b"/src/" not in body

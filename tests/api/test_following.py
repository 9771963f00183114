"""Who follows events gets every one in order, what was missed first, or is told what is gone."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import wsproto
import wsproto.events as ws

from quantum_os.api.clearance import Role
from tests.api.raw import everything
from tests.api.served import WAIT_S, Served


@contextmanager
def following(
    fund: Served, path: str, *, last: str | None = None
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", fund.port, timeout=WAIT_S)
    headers = {"Authorization": f"Bearer {fund.of_role[Role.VIEWER]}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    try:
        connection.request("GET", path, headers=headers)
        yield connection.getresponse()
    finally:
        connection.close()


def sent(response: http.client.HTTPResponse, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    fields: dict[str, str] = {}
    while len(found) < count:
        line = response.readline().decode().rstrip("\n")
        assert response.fp is not None, "the stream ended"
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields:
            found.append({**json.loads(fields["data"]), "id": fields.get("id")})
        fields = {}
    return found


def test_every_event_from_the_first_on_comes_from_journal_and_memory_alike(fund: Served) -> None:
    hub = fund.fund.hub
    first = next(fund.fund.life.journal.read()).seq
    with following(fund, "/api/v1/events?streams=*&after=0") as response:
        assert response.getheader("content-type", "").startswith("text/event-stream")
        seqs = [each["seq"] for each in sent(response, hub.last - first + 1)]
    assert seqs == list(range(first, hub.last + 1))


def test_a_follower_that_comes_back_misses_nothing(fund: Served) -> None:
    known = [item["seq"] for item in fund.get("/api/v1/trades?limit=500").json()["items"]][::-1]
    assert len(known) > 3
    with following(fund, "/api/v1/events?streams=trade.closed", last=str(known[1])) as response:
        told = sent(response, len(known) - 2)
    assert [each["seq"] for each in told] == known[2:]
    assert {each["stream"] for each in told} == {"trade.closed"}
    assert [each["id"] for each in told] == [str(each["seq"]) for each in told]


def test_what_the_journal_no_longer_holds_is_called_a_gap(fund: Served) -> None:
    first = next(fund.fund.life.journal.read()).seq
    with following(fund, "/api/v1/events?streams=*", last=str(first - 10)) as response:
        gap, begins = sent(response, 2)
    assert (gap["stream"], gap["event"]) == ("gap", {"first": first - 9, "last": first - 1})
    assert begins["seq"] == first


def test_what_comes_is_sent_as_it_comes(own_fund: Served) -> None:
    with following(own_fund, "/api/v1/events?streams=safety.tripped,audit.entry") as response:
        own_fund.post("/api/v1/pause", {"reason": "a drill"})
        entry, latch = sent(response, 2)
    assert (entry["stream"], latch["stream"]) == ("audit.entry", "safety.tripped")
    assert entry["seq"] < latch["seq"]


def test_an_unknown_stream_is_refused(fund: Served) -> None:
    with following(fund, "/api/v1/events?streams=no.such") as response:
        assert response.status == 400


def test_followers_are_counted(own_fund: Served) -> None:
    """In a process of their own: who hung up elsewhere is missed at the next event only."""
    paths = [following(own_fund, "/api/v1/events") for _ in range(2)]
    with paths[0] as one, paths[1] as other:
        assert one.readline() == other.readline() == b"retry: 2000\n"
        for response in (one, other):
            response.readline()
        assert own_fund.get("/api/v1/bus").json()["followers"] == 2


def test_the_end_of_the_process_ends_the_followers(own_fund: Served) -> None:
    with following(own_fund, "/api/v1/events") as response:
        assert response.readline()
        own_fund.stop()
        assert response.read().strip() == b""


def upgraded(fund: Served, path: str, **more: Any) -> list[ws.Event]:
    """Opens a WebSocket and gives what was said before the other side closed, or two messages."""
    client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    opening = client.send(ws.Request(host="127.0.0.1", target=path, **more))
    said: list[ws.Event] = []
    with socket.create_connection(("127.0.0.1", fund.port), timeout=WAIT_S) as connection:
        connection.sendall(opening)
        while sum(isinstance(each, ws.TextMessage) for each in said) < 2:
            data = connection.recv(65_536)
            client.receive_data(data or None)
            said += list(client.events())
            if not data or any(isinstance(each, ws.CloseConnection) for each in said):
                break
            if any(isinstance(each, ws.RejectConnection) for each in said):
                everything(connection)
                break
    return said


def test_a_websocket_says_the_same(fund: Served) -> None:
    bearer = f"quantum-os.bearer.{fund.of_role[Role.VIEWER]}"
    said = upgraded(fund, "/api/v1/ws?streams=trade.closed&after=1", subprotocols=[bearer])
    texts = [json.loads(each.data) for each in said if isinstance(each, ws.TextMessage)]
    assert [each["stream"] for each in texts[1:]] == ["trade.closed"] * len(texts[1:])
    accepted = next(each for each in said if isinstance(each, ws.AcceptConnection))
    assert accepted.subprotocol == bearer


def test_a_websocket_without_a_token_or_from_another_site_is_refused(fund: Served) -> None:
    bearer = (b"authorization", f"Bearer {fund.of_role[Role.VIEWER]}".encode())
    origin = (b"origin", b"https://evil.example")
    for headers in ([], [bearer, origin]):
        said = upgraded(fund, "/api/v1/ws?streams=*&after=0", extra_headers=headers)
        assert not any(isinstance(each, ws.AcceptConnection | ws.TextMessage) for each in said)
        assert any(isinstance(each, ws.RejectConnection) for each in said)

"""How a command speaks to the process of a home: over its admin API, with its own token."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import rich_click as click

from quantum_os.api.address import read_address
from quantum_os.cli.recorded_choice import HOME
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.home import Home, living_in

PREFIX = "/api/v1"
WAIT_S = 10.0
"""Wall seconds that an answer may take."""

SILENCE_S = 60.0
"""Wall seconds without even a heartbeat after which a stream counts as broken."""

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=HOME,
    show_default=True,
    help="The home of the process that is spoken to.",
)
reason_option = click.option(
    "--reason", required=True, metavar="TEXT", help="Why; it goes into the audit."
)


class Unreachable(RuntimeError):
    """No process answers; one line says what to do."""


class RefusedByApi(RuntimeError):
    """The process answered that it will not."""


class Sent(msgspec.Struct, frozen=True):
    """One server-sent event: its number, its stream and its JSON."""

    seq: str
    stream: str
    data: dict[str, Any]


class ApiClient:
    """Speaks to one process; raises Unreachable and RefusedByApi."""

    def __init__(self, home: Home) -> None:
        address = read_address(home)
        if address is None or living_in(home) is None:
            raise Unreachable(_absence(home))
        place = urlsplit(address.url)
        if place.scheme != "http" or place.hostname is None:
            raise Unreachable(f"{address.url} is no address that this command can reach")
        self.url = address.url
        self._host, self._port = place.hostname, place.port or 80
        self._token = address.token

    def get(self, path: str, **query: object) -> dict[str, Any]:
        words = f"?{urlencode(query)}" if query else ""
        return self._asked("GET", quote(PREFIX + path) + words, None)

    def post(self, path: str, **body: object) -> dict[str, Any]:
        return self._asked("POST", quote(PREFIX + path), msgspec.json.encode(body))

    def follow(self, **query: object) -> Iterator[Sent]:
        """Gives events as they come, until the process ends."""
        words = f"?{urlencode(query)}" if query else ""
        try:
            with self._sent("GET", f"{PREFIX}/events{words}", None, SILENCE_S) as response:
                if response.status != 200:
                    raise RefusedByApi(_detail(response.status, response.read()))
                yield from _events(response)
        except (OSError, HTTPException) as error:
            raise Unreachable(f"the process no longer answers: {error}") from error

    def _asked(self, method: str, target: str, body: bytes | None) -> dict[str, Any]:
        try:
            with self._sent(method, target, body, WAIT_S) as response:
                content = response.read()
        except (OSError, HTTPException) as error:
            raise Unreachable(f"the process does not answer: {error}") from error
        if response.status >= 400:
            raise RefusedByApi(_detail(response.status, content))
        return msgspec.json.decode(content, type=dict[str, Any])

    @contextmanager
    def _sent(
        self, method: str, target: str, body: bytes | None, wait_s: float
    ) -> Iterator[HTTPResponse]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        with closing(HTTPConnection(self._host, self._port, timeout=wait_s)) as connection:
            connection.request(method, target, body, headers)
            yield connection.getresponse()


def _events(response: HTTPResponse) -> Iterator[Sent]:
    fields: dict[str, str] = {}
    while line := response.readline():
        text = line.decode().rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            data = msgspec.json.decode(fields["data"], type=dict[str, Any])
            yield Sent(fields.get("id", ""), fields.get("event", ""), data)
        fields = {}


def _detail(status: int, content: bytes) -> str:
    try:
        problem = msgspec.json.decode(content, type=dict[str, Any])
    except UNREADABLE:
        return f"status {status}"
    return str(problem.get("detail", f"status {status}"))


def _absence(home: Home) -> str:
    if living_in(home) is None:
        return f"no process lives in {home.folder}: start one by `quantum-os run --port`"
    return f"the process in {home.folder} serves no API: start it with --port"

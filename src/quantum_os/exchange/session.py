"""Which bytes may leave for an exchange at all: one HTTP session that refuses every other host."""

import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.resolver import ThreadedResolver

from quantum_os.exchange.endpoint import Endpoint, Realm, is_exchange
from quantum_os.exchange.errand import telling_of_writes

CONNECT_S = 5.0
"""Wall seconds for a connection, its TLS included."""

CONNECTIONS_MAX = 50
"""Connections of one session."""

_ENCRYPTED = frozenset({"https", "wss"})


class EgressBlocked(RuntimeError):
    """Something wanted to speak to a host that is no exchange, or without TLS; never transient."""


class ExchangeResolver(AbstractResolver):
    """Finds exchanges, at the emulator's address where there is one, and nobody else."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._names = ThreadedResolver() if endpoint.realm is not Realm.EMULATOR else None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not is_exchange(host):
            raise EgressBlocked(f"egress blocked: {host} is no exchange")
        if self._names is not None:
            return await self._names.resolve(host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=self._endpoint.host,
                port=self._endpoint.port,
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        if self._names is not None:
            await self._names.close()


def open_session(endpoint: Endpoint) -> aiohttp.ClientSession:
    """Opens a session to exchanges only; raises OSError when the CA cannot be read.

    No proxy and no `.netrc` of the environment is followed: where bytes go is said by the endpoint.
    """
    connector = aiohttp.TCPConnector(
        resolver=ExchangeResolver(endpoint),
        ssl=_tls(endpoint),
        limit=CONNECTIONS_MAX,
        use_dns_cache=endpoint.realm is not Realm.EMULATOR,
    )
    return aiohttp.ClientSession(
        connector=connector,
        middlewares=(_only_exchanges,),
        trace_configs=[telling_of_writes()],
        trust_env=False,
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_S),
    )


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    if endpoint.ca_file is None:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=str(endpoint.ca_file))


async def _only_exchanges(
    request: aiohttp.ClientRequest, handler: ClientHandlerType
) -> aiohttp.ClientResponse:
    """A resolver is not asked about an address in figures; this is asked about every request."""
    url = request.url
    if url.scheme not in _ENCRYPTED or not is_exchange(url.host or ""):
        raise EgressBlocked(f"egress blocked: {url.scheme}://{url.host} is no exchange")
    return await handler(request)

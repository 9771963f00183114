"""An HTTPS server under an exchange's name, that answers as it is told and keeps what it heard."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trustme
from aiohttp import web

from quantum_os.exchange.endpoint import Endpoint, emulator

Answers = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Wire(msgspec.Struct):
    """Where the server is, and the path and body of each request it has heard, oldest first."""

    endpoint: Endpoint
    heard: list[tuple[str, str, str]]

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.heard]


@asynccontextmanager
async def wire(folder: Path, answers: Answers) -> AsyncIterator[Wire]:
    """Serves `answers` at every path over TLS; `folder` gets the authority's certificate."""
    heard: list[tuple[str, str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.text()
        heard.append((request.method, request.path, body or request.query_string))
        return await answers(request)

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.binance.com", "*.bybit.com").configure_cert(tls)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield Wire(emulator(port, folder / "ca.pem"), heard)
    finally:
        await runner.cleanup()

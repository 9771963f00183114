"""EDGE. What an account is reached with: two clients, so that a listing delays no instruction."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.session import open_session

Clients = tuple[Any, Any]
"""The one that instructs and hears, and the one that asks."""

Connect = Callable[[str, Endpoint, Line, Keys], AbstractAsyncContextManager[Clients]]


@asynccontextmanager
async def exchange_clients(
    venue: str, endpoint: Endpoint, line: Line, keys: Keys
) -> AsyncIterator[Clients]:
    """Opens two clients of ccxt, each with a session of its own, and closes them at the end."""
    # Here, since it costs half a second that a venue without ccxt need not pay.
    from quantum_os.exchange.client import open_client

    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            session = await stack.enter_async_context(open_session(endpoint))
            client = open_client(venue, endpoint, session, line, keys)
            stack.push_async_callback(client.close)
            clients.append(client)
        yield clients[0], clients[1]

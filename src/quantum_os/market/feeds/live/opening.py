"""EDGE. With what an exchange is heard: ccxt's client behind our line, in a session of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from quantum_os.exchange.endpoint import Endpoint
from quantum_os.exchange.line import Line
from quantum_os.exchange.session import open_session

Opens = Callable[[str, Endpoint, Line], AbstractAsyncContextManager[Any]]
"""Opens what speaks to one exchange, by its name, its address and the line before it."""


@asynccontextmanager
async def exchange_client(venue: str, endpoint: Endpoint, line: Line) -> AsyncIterator[Any]:
    """Opens a client of ccxt, and closes it at the end."""
    # Here, since it costs half a second that a simulated exchange need not pay.
    from quantum_os.exchange.client import open_client

    async with open_session(endpoint) as session:
        client = open_client(venue, endpoint, session, line)
        try:
            yield client
        finally:
            await client.close()

"""What is done with a frame that cannot be read: kept and counted, and its stream begins anew."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

FRAMES_KEPT = 20
"""The newest poison frames, for a person to look at."""

FRAME_CHARACTERS_KEPT = 400
"""The beginning of a frame that is kept."""


class SocketClient(Protocol):
    """One websocket of ccxt."""

    url: str
    handle_message: Callable[[Any], None]

    def on_error(self, error: Exception) -> None: ...


class Poison(msgspec.Struct, frozen=True):
    """A frame that nobody could read, and why."""

    url: str
    frame: str
    error: str


class Quarantine:
    """Stands before each websocket of one exchange.

    An exception out of a frame would end the receive loop for good while the socket stays open.
    Instead the socket is closed with an error, so that whoever watches it connects again and takes
    a snapshot: what the frame said is not known.
    """

    def __init__(self) -> None:
        self.count = 0
        self.frames: deque[Poison] = deque(maxlen=FRAMES_KEPT)

    def guard(self, client: SocketClient) -> None:
        """Wraps a new client's handler of frames."""
        from ccxt.base.errors import NetworkError  # whoever has a line only need not load ccxt

        handle = client.handle_message

        def hears(message: Any) -> None:
            try:
                handle(message)
            except Exception as error:  # noqa: BLE001  whatever a frame breaks, the stream goes on
                self._keep(client, message, error)
                client.on_error(NetworkError(f"a frame that cannot be read: {error!r}"))

        client.handle_message = hears

    def _keep(self, client: SocketClient, message: Any, error: Exception) -> None:
        self.count += 1
        frame = str(getattr(message, "data", message))[:FRAME_CHARACTERS_KEPT]
        where = client.url.partition("?")[0]
        self.frames.append(Poison(where, frame, repr(error)))

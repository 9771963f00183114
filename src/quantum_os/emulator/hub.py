"""EDGE. Who is connected by WebSocket, what each asked for, and who gets what is published."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
from aiohttp import WSMsgType, web

from quantum_os.emulator.listen_keys import ListenKeys
from quantum_os.emulator.orders import Json
from quantum_os.emulator.sockets import GOING_AWAY, Frame, Section, Socket
from quantum_os.events.units import NS_PER_HOUR, NS_PER_MINUTE
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.unreadable import UNREADABLE

PING_NS = 3 * NS_PER_MINUTE
"""Wall ns between two pings of the server."""

LIFE_NS = 24 * NS_PER_HOUR
"""Wall ns after which the server closes a connection."""

MESSAGE_BYTES_MAX = 64 * 1024
"""Of one message of a client."""

Mangle = Callable[[Socket, Frame], Iterable[Frame]]


class Hub:
    """All connections. `on_subscribe` hears each stream that somebody begins to follow.

    `mangle` is the fault script's word on every data frame: it gives what is sent instead.
    """

    def __init__(self, listen_keys: ListenKeys) -> None:
        self.sockets: list[Socket] = []
        self.opened: Counter[str] = Counter()
        self._sent_by_gone = 0
        self.on_subscribe: Callable[[str], None] = lambda stream: None
        self.on_connect: Callable[[Socket], None] = lambda socket: None
        self.mangle: Mangle = lambda socket, frame: (frame,)
        self._listen_keys = listen_keys
        self._by_name: dict[str, dict[str, list[Socket]]] = {}

    @property
    def sent(self) -> int:
        """How many frames were handed to connections, those that have ended included."""
        return self._sent_by_gone + sum(socket.sent for socket in self.sockets)

    def streams_of(self, name: str) -> tuple[str, ...]:
        """The streams of a symbol (`btcusdt`), or of all of them (`!`), that somebody follows."""
        return tuple(self._by_name.get(name, ()))

    def publish(self, stream: str, symbol: str, body: object) -> None:
        """Sends a public message to whoever follows its stream."""
        followers = self._by_name.get(_name_of(stream), {}).get(stream, ())
        if followers:
            event = stream.partition("@")[2] or stream
            self._send(followers, stream, event, symbol, body)

    def tell(self, api_key: str, name: str, symbol: str, body: Json) -> None:
        """Sends an event of the user stream to the account's connections."""
        owners = [socket for socket in self.sockets if socket.api_key == api_key]
        for socket in owners:
            self._send((socket,), socket.listen_key, name, symbol, body)

    def forget_key(self, listen_key: str) -> None:
        """Nothing more comes on an expired key."""
        for socket in self.sockets:
            if socket.listen_key == listen_key:
                socket.api_key = ""

    async def serve(self, request: web.Request, section: Section) -> web.WebSocketResponse:
        """One connection, from its handshake to its end."""
        ws = web.WebSocketResponse(autoping=True, max_msg_size=MESSAGE_BYTES_MAX, timeout=1.0)
        await ws.prepare(request)
        combined = "/stream" in request.path
        socket = Socket(ws, request, section, combined=combined)
        self.sockets.append(socket)
        self.opened[section.value] += 1
        try:
            self.on_connect(socket)
            self._greet(socket, request)
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._hear(socket, message.data)
        finally:
            self.sockets.remove(socket)
            self._sent_by_gone += socket.sent
            self._unfollow(socket, tuple(socket.streams))
            await socket.end()
        return ws

    async def tend(self) -> None:
        """Pings and closes what is due; called about every second."""
        now = monotonic_ns()
        for socket in tuple(self.sockets):
            if socket.frozen or socket.ws.closed:
                continue
            if now - socket.opened > LIFE_NS:
                await socket.close(GOING_AWAY)
            elif now - socket.pinged > PING_NS:
                socket.pinged = now
                await socket.ws.ping()

    async def close(self) -> None:
        """Closes every connection."""
        for socket in tuple(self.sockets):
            if socket.frozen:
                socket.cut()
            else:
                await socket.close(GOING_AWAY)

    def follow(self, socket: Socket, stream: str) -> None:
        """Subscribes a connection to a stream, or binds it to a listen key."""
        owner = self._listen_keys.owner(stream) if "@" not in stream else None
        if owner is not None and socket.section is Section.PRIVATE and not socket.deaf:
            socket.api_key, socket.listen_key = owner, stream
            return
        if socket.take(stream):
            sockets = self._by_name.setdefault(_name_of(stream), {}).setdefault(stream, [])
            if socket not in sockets:
                sockets.append(socket)
            self.on_subscribe(stream)

    def _greet(self, socket: Socket, request: web.Request) -> None:
        """Follows what stands in the address: a listen key, or streams."""
        tail = request.match_info.get("tail", "").strip("/")
        asked = [request.query.get("listenKey", ""), *request.query.get("streams", "").split("/")]
        for stream in (*asked, *tail.split("/")):
            is_key = self._listen_keys.owner(stream) is not None
            if stream and (is_key or "@" in stream or stream.startswith("!")):
                self.follow(socket, stream)

    def _hear(self, socket: Socket, text: str) -> None:
        try:
            asked = msgspec.json.decode(text, type=dict[str, object])
        except UNREADABLE:
            socket.reply({"code": 3, "msg": "Invalid JSON: expected value"})
            return
        method, number = asked.get("method"), asked.get("id")
        params = asked.get("params", [])
        streams = [str(one) for one in params] if isinstance(params, list) else []
        if method == "SUBSCRIBE":
            for stream in streams:
                self.follow(socket, stream)
        elif method == "UNSUBSCRIBE":
            self._unfollow(socket, streams)
        elif method != "LIST_SUBSCRIPTIONS":
            text = f"Invalid request: unknown variant {method}"
            socket.reply({"code": 2, "msg": text, "id": number})
            return
        result = sorted(socket.streams) if method == "LIST_SUBSCRIPTIONS" else None
        socket.reply({"result": result, "id": number})

    def _unfollow(self, socket: Socket, streams: Iterable[str]) -> None:
        for stream in streams:
            socket.streams.discard(stream)
            name = _name_of(stream)
            sockets = self._by_name.get(name, {}).get(stream, [])
            if socket in sockets:
                sockets.remove(socket)
            if not sockets:
                self._by_name.get(name, {}).pop(stream, None)

    def _send(
        self, sockets: Iterable[Socket], stream: str, name: str, symbol: str, body: object
    ) -> None:
        bare = wrapped = ""
        for socket in tuple(sockets):
            if socket.combined:
                wrapped = wrapped or _text({"stream": stream, "data": body})
            else:
                bare = bare or _text(body)
            frame = Frame(name, symbol, wrapped if socket.combined else bare)
            for each in self.mangle(socket, frame):
                socket.send(each)


def _name_of(stream: str) -> str:
    return "!" if stream.startswith("!") else stream.partition("@")[0]


def _text(body: object) -> str:
    return msgspec.json.encode(body).decode()

"""Requests as no client would send them: bytes to a port, and what comes back."""

import socket

from tests.api.served import Answer

PATIENCE_S = 30.0


def exchange(port: int, request: bytes, *, rest: bytes = b"") -> Answer:
    """Sends bytes as they are and reads the answer until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(request + rest)
        connection.shutdown(socket.SHUT_WR)
        return answer_of(everything(connection))


def everything(connection: socket.socket) -> bytes:
    """Reads until the other side closes or cuts the connection."""
    parts: list[bytes] = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answer_of(said: bytes) -> Answer:
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Answer(int(first.split(" ")[1]) if first else 0, headers, body)


def request(
    method: str, path: str, *headers: str, host: str = "127.0.0.1", body: bytes = b""
) -> bytes:
    """Writes a request with exactly these headers and a Host."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

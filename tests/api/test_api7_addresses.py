"""API7: the API fetches nothing for anybody, so no address that is given to it is ever asked."""

import ast

from tests.tidy import house

CLIENTS = {"httpx", "aiohttp", "urllib.request", "http.client", "requests", "websockets"}


def test_no_route_can_ask_another_address() -> None:
    for name, text in house.texts("src/quantum_os/api/", suffix=".py").items():
        for node in ast.walk(ast.parse(text)):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not CLIENTS & set(names), name

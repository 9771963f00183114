"""What the API offers and asks for, a line each, so that a change of it is seen and named.

`python -m tests.api.inventory` writes the list anew; commit it with a line in the changelog.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quantum_os.api.app import Parts, build_app
from quantum_os.api.fund import Facts, Fund
from quantum_os.api.gatekeeper import Gatekeeper
from quantum_os.api.tokens import TokenFile
from quantum_os.events.units import Mode
from quantum_os.storage.home import Home

LIST = Path(__file__).parents[2] / "docs" / "api-inventory.txt"
RENEWAL = "renew it by `python -m tests.api.inventory`, and say in CHANGELOG.md what breaks"
REQUIRED = " required"
KEPT_DEEP = 12
"""How deep an answer is followed: what lies deeper would be a loop of references."""

_RULES = ("minimum", "maximum", "minLength", "maxLength", "pattern", "enum", "format")


def facts_in(mode: Mode, *, describes: bool = True) -> Facts:
    """Gives the facts of a process that does not live; its routes can be described all the same."""
    return Facts(
        mode=mode,
        build="",
        version="0",
        profile="",
        home=Home(Path("nowhere")),
        runs=Path("nowhere"),
        config={},
        price_venue="",
        symbols=(),
        is_synthetic=True,
        stale_after_s=1.0,
        describes=describes,
    )


def described() -> dict[str, Any]:
    """Gives the description of the API as it is built from its routes."""
    gatekeeper = Gatekeeper(TokenFile(Path("nowhere")))
    app = build_app(Parts(Fund(facts_in(Mode.DEMO)), gatekeeper))
    return app.openapi_schema.to_schema()


def listed(document: dict[str, Any]) -> list[str]:
    """Gives a line for each route, parameter, field that is asked for, and field of an answer.

    `?` is a parameter, `<` what is asked for in a body, `>` what a good answer holds.
    """
    schemas = document.get("components", {}).get("schemas", {})
    lines: list[str] = []
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            route = f"{method.upper()} {path}"
            lines.append(route)
            for one in each.get("parameters", []):
                must = REQUIRED if one.get("required") else ""
                lines.append(f"{route} ? {one['in']} {one['name']}: {_kind(one['schema'])}{must}")
            body = each.get("requestBody", {})
            lines += (f"{route} < {line}" for line in _bodies(body, schemas, asks=True))
            for status, answer in each["responses"].items():
                if status.startswith("2"):
                    fields = _bodies(answer, schemas, asks=False)
                    lines += (f"{route} > {status} {line}" for line in fields)
    return sorted(lines)


def breaks(old: list[str], new: list[str]) -> list[str]:
    """Names what a caller of the old API could trip over in the new one.

    That is whatever is gone or is another thing now, and what is asked for that was not.
    """
    gone = [f"gone or changed: {line}" for line in old if line not in set(new)]
    known = set(old)
    routes = {line for line in old if "?" not in line and "<" not in line and ">" not in line}
    asked = [
        f"asked for now: {line}"
        for line in new
        if line not in known
        and line.endswith(REQUIRED)
        and any(line.startswith(f"{route} ") for route in routes)
    ]
    return gone + asked


def added(old: list[str], new: list[str]) -> list[str]:
    """Names what is new and in nobody's way."""
    broken = {line.partition(": ")[2] for line in breaks(old, new)}
    return [line for line in new if line not in set(old) | broken]


def _bodies(body: dict[str, Any], schemas: dict[str, Any], *, asks: bool) -> Iterator[str]:
    for kind, content in body.get("content", {}).items():
        schema = content.get("schema", {})
        yield f"{kind} {_kind(_resolved(schema, schemas))}"
        for line, must in _fields(schema, schemas, "", 0):
            yield line + (REQUIRED if asks and must else "")


def _fields(
    schema: dict[str, Any], schemas: dict[str, Any], path: str, depth: int
) -> Iterator[tuple[str, bool]]:
    found = _resolved(schema, schemas)
    if depth > KEPT_DEEP:
        return
    required = set(found.get("required", []))
    for name, field in found.get("properties", {}).items():
        place = f"{path}.{name}".lstrip(".")
        yield f"{place}: {_kind(_resolved(field, schemas))}", name in required
        yield from _fields(field, schemas, place, depth + 1)
    for branch in (*found.get("oneOf", []), *found.get("anyOf", [])):
        yield from _fields(branch, schemas, path, depth + 1)
    if isinstance(found.get("items"), dict):
        yield from _fields(found["items"], schemas, f"{path}[]", depth + 1)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return schemas[name] if name else schema


def _kind(schema: dict[str, Any]) -> str:
    """Gives a type with the rules that a value must keep."""
    branches = schema.get("oneOf", schema.get("anyOf", []))
    kinds = [_kind(branch) for branch in branches]
    kind = " or ".join(kinds) or schema.get("$ref", "").rpartition("/")[2]
    rules = [f"{rule}={schema[rule]}" for rule in _RULES if rule in schema]
    return " ".join([kind or str(schema.get("type", "anything")), *rules])


if __name__ == "__main__":
    LIST.write_text("\n".join(listed(described())) + "\n", encoding="utf-8")

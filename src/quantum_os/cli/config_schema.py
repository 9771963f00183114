"""The configuration as a JSON schema, for editors and for programs that write one."""

from collections.abc import Iterator
from typing import Any

import msgspec

from quantum_os.cli.setting_keys import policy_keys, setting_keys
from quantum_os.events.governance import Policy
from quantum_os.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "Quantum OS configuration"
_POINTER = "#/$defs/"

Schema = dict[str, Any]


def config_schema() -> Schema:
    """Gives the schema of a `--config` file: every key may be left out, unknown ones are refused.

    The elements of a list are whole things and keep what they require.
    """
    _, parts = msgspec.json.schema_components([Settings, Policy], ref_template="#/$defs/{name}")
    components: Schema = dict(parts)
    whole = {name for part in components.values() for name in _elements(part)}
    for name, part in components.items():
        part.pop("description", None)  # written for readers of the code
        if "properties" in part:
            part["additionalProperties"] = False
            if name not in whole:
                part.pop("required", None)
    root: Schema = components.pop("Settings")
    root["properties"]["policy"] = {"$ref": f"{_POINTER}Policy"}
    del components["Policy"]["properties"]["profile"]
    schema = {"$schema": DIALECT, **root, "title": TITLE, "$defs": components}
    for key in (*setting_keys(), *policy_keys()):
        _describe(schema, key.path.split("."), key.meaning, key.unit)
    return schema


def _elements(part: object) -> Iterator[str]:
    """Names the components that stand in lists anywhere below."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("items", "prefixItems"):
                yield from _named(value)
            yield from _elements(value)
    elif isinstance(part, list):
        for value in part:
            yield from _elements(value)


def _named(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield str(value).removeprefix(_POINTER)
            else:
                yield from _named(value)


def _describe(schema: Schema, path: list[str], meaning: str, unit: str) -> None:
    """Puts a meaning where a path leads: to the property, or to the table that it is a row of."""
    part = schema
    for name in path[:-1]:
        properties = part.get("properties", {})
        part = _followed(schema, properties.get(name) or part["additionalProperties"])
    part = part.get("properties", {}).get(path[-1], part)
    part["description"] = f"{meaning} ({unit})" if unit else meaning


def _followed(schema: Schema, part: Schema) -> Schema:
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix(_POINTER)]
    return part

"""The written form of every event's example; run as a module it writes the files anew."""

import json
from pathlib import Path

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from tests.events.examples import example_of

FOLDER = Path(__file__).parent / "golden"


def path_of(stream: str) -> Path:
    return FOLDER / f"{stream}.json"


def written(kind: type[Event]) -> bytes:
    """Gives the bytes of a golden file: the example as JSON, one field to a line."""
    return msgspec.json.format(msgspec.json.encode(example_of(kind)), indent=2) + b"\n"


def missing_value(kind: type[Event], field: str) -> bytes:
    """Gives the example's JSON without one field."""
    fields = json.loads(written(kind))
    del fields[field]
    return json.dumps(fields).encode()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.stem not in EVENTS:
            path.unlink()
    for stream, kind in EVENTS.items():
        path_of(stream).write_bytes(written(kind))


if __name__ == "__main__":
    main()

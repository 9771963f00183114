"""EDGE. What a run of models came to without them, kept in its folder beside the recording."""

import os
from pathlib import Path

import msgspec

from quantum_os.learning.baselines import VsRules

RULES_FILE = "vs_rules.json"


def keep_rules(folder: Path, rules: VsRules) -> None:
    """Writes it, whole or not at all; raises OSError."""
    file = folder / RULES_FILE
    unfinished = file.with_suffix(".part")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(rules)) + b"\n")
    os.replace(unfinished, file)


def rules_beside(folder: Path) -> VsRules | None:
    """Reads it; None where nobody played the rules alone. Raises OSError, msgspec.MsgspecError."""
    file = folder / RULES_FILE
    if not file.is_file():
        return None
    return msgspec.json.decode(file.read_bytes(), type=VsRules)

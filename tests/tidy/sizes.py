"""How long a file and a function are, and what is typical of many."""

import ast
import math
from collections.abc import Sequence


def file_length(text: str) -> int:
    """Counts lines, blank ones and docstrings included."""
    return len(text.splitlines())


def function_lengths(text: str) -> dict[str, int]:
    """Gives the lines of each function by `name:line`, from `def` to its last line."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))
    return {f"{node.name}:{node.lineno}": _span(node) for node in found}


def share_within(values: Sequence[int], share: float) -> int:
    """Gives the smallest value that `share` of all values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1

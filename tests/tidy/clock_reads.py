"""Where a module reads the machine's clock or waits on it, whatever name it imported it under."""

import ast

WALL_CLOCKS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time.clock_gettime",
        "time.clock_gettime_ns",
        "time.gmtime",
        "time.localtime",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.process_time",
        "time.process_time_ns",
        "time.time",
        "time.time_ns",
    }
)
WAITS = frozenset({"time.sleep"})


def reads(text: str, forbidden: frozenset[str]) -> list[str]:
    """Lists `line: name` for each mention of a forbidden name, in order of lines."""
    tree = ast.parse(text)
    meanings = _imported(tree)
    seen = [
        (node.lineno, said)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and (said := _spelled_out(node, meanings)) in forbidden
    ]
    return [f"{line}: {said}" for line, said in sorted(seen)]


def _imported(tree: ast.AST) -> dict[str, str]:
    """Maps each imported local name to the dotted name it stands for."""
    meanings: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                local = name.asname or name.name.split(".")[0]
                meanings[local] = name.name if name.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                meanings[name.asname or name.name] = f"{node.module}.{name.name}"
    return meanings


def _spelled_out(node: ast.expr, meanings: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return meanings.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = _spelled_out(node.value, meanings)
        return f"{owner}.{node.attr}" if owner else ""
    return ""

"""A path that means to leave, however it is spelt, reads no file and breaks nothing."""

import os
from itertools import islice, product

from tests.api.raw import exchange, request
from tests.api.served import Served

PATHS = int(os.environ.get("QUANTUM_OS_API_PATHS", "120"))
"""How many are tried; there are a thousand and more."""

DOTS = ("..", "%2e%2e", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "%uff0e%uff0e", "..;", "....//", ".")
SLASHES = ("/", "%2f", "%252f", "\\", "%5c", "%c0%af", "//", "%00/")
STARTS = ("/", "/dashboard/", "/api/v1/", "/api/v1/journal/", "/api/v1/positions/")
TARGETS = ("etc/passwd", "tokens.json", "%2fetc%2fpasswd%00.js", "proc/self/environ")
DEPTHS = (1, 8)


def crooked() -> list[str]:
    """Gives every spelling, spread so that the first few are of every kind."""
    every = [
        start + (dots + slash) * depth + target
        for start, dots, slash, target, depth in product(STARTS, DOTS, SLASHES, TARGETS, DEPTHS)
    ]
    step = 7  # no factor of their number, so each comes once
    assert len(every) % step
    return [every[place * step % len(every)] for place in range(len(every))]


def test_no_spelling_of_a_path_reads_a_file(fund: Served) -> None:
    paths = list(islice(crooked(), PATHS)) if PATHS < 1_000 else crooked()
    assert len(set(paths)) >= PATHS
    secrets = [token.hash.encode() for token in fund.tokens.listed()]
    shown = [b"root:", b"PATH=", *secrets]
    statuses: dict[int, int] = {}
    for path in paths:
        answer = exchange(fund.port, request("GET", path))
        assert answer.status in (400, 401, 404), f"{path}: {answer.status}"
        assert not any(word in answer.body for word in shown), path
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    print(len(paths), "paths tried:", statuses)
    assert fund.get("/healthz", role=None).status == 200

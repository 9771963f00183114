"""Turns a kernel's plain array code into machine code on demand, without changing a bit of it."""

import functools
import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


def compiled(block: Callable[P, R], *steps: Callable[..., object]) -> Callable[P, R]:
    """Compiles `block`, and the `steps` it is made of, from the source that numpy runs live.

    The compiler is imported at the first call only: a trading process never pays for it. No
    fastmath and no parallel loops, since either would be free to reorder or to fuse operations.
    """
    return cast(Callable[P, R], _compiled(block, steps))


@functools.cache
def _compiled(block: Callable[..., object], steps: tuple[Callable[..., object], ...]) -> object:
    numba = importlib.import_module("numba")
    extending = importlib.import_module("numba.extending")
    for step in steps:
        if step not in _REGISTERED:
            extending.register_jitable(step)
            _REGISTERED.append(step)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_cache_folder())
    try:
        return numba.njit(block, cache=True, fastmath=False, error_model="numpy")
    finally:
        numba.config.CACHE_DIR = before


_REGISTERED: list[Callable[..., object]] = []
"""Steps the compiler already knows; telling it twice would make a call ambiguous."""


def sources_hash() -> str:
    """Gives 16 hex digits for the state of the kernels' sources: what they compute follows it."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _cache_folder() -> Path:
    """One folder per state of the sources: the compiler's own cache misses an edited callee."""
    return Path(__file__).parent / "__pycache__" / f"kernels-{sources_hash()}"

"""How valid examples are bent: byte by byte, and as trees whose leaves become anything."""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.fuzzing.dice import Dice

NOISE_PERCENT = 8
"""Cases that have nothing of an example in them."""

NOISE_BYTES_MAX = 200
BENT_MAX = 4
"""Places of one example that are bent."""

LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**30, 0.5, -0.0, 1e308,
    float("nan"), float("inf"), "", "0", "-1", "1e999999", "1e-999999", "NaN", "Infinity", "-inf",
    "1_000", "0x10", " 1 ", "9" * 400, "\u0661", "\x00", "\ud800", "é" * 50, "true", "BTCUSDT",
    [], {}, [[]], [None], {"": None}, {"code": -2010}, [[[[[[[[[[]]]]]]]]]], "A" * 5_000,
)  # fmt: skip
"""What stands where something else belongs."""

BYTES: tuple[bytes, ...] = (
    b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xc1", b"\xd9", b"\xdd\xff",
    b"\x91" * 50, b"[" * 50, b"{" * 50, b'"', b"\\", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"NaN",
    b"1e999", b"=", b"\n", b"#", b"'''", b"0" * 30,
)  # fmt: skip


class Bytes:
    """Bends bytes."""

    def __init__(self, examples: Sequence[bytes], dice: Dice) -> None:
        self._examples, self._dice = examples, dice

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.one()

    def one(self) -> bytes:
        dice = self._dice
        if dice.chance(NOISE_PERCENT):
            return dice.noise(NOISE_BYTES_MAX)
        data = bytearray(dice.pick(self._examples))
        for _ in range(1 + dice.below(BENT_MAX)):
            self._bend(data)
        return bytes(data)

    def _bend(self, data: bytearray) -> None:
        dice = self._dice
        place = dice.below(len(data) + 1)
        end = min(len(data), place + 1 + dice.below(24))
        match dice.below(8):
            case 0 if place < len(data):
                data[place] ^= 1 << dice.below(8)
            case 1:
                del data[place:end]
            case 2:
                del data[place:]
            case 3:
                data[place:place] = dice.pick(BYTES)
            case 4:
                data[place:end] = dice.pick(BYTES)
            case 5:
                data[place:place] = data[place:end]
            case 6:
                other = dice.pick(self._examples)
                start = dice.below(len(other) + 1)
                data[place:end] = other[start : start + 1 + dice.below(40)]
            case _:
                data[place:end] = dice.noise(end - place)


class Trees:
    """Bends decoded JSON: objects, lists and leaves."""

    def __init__(self, examples: Sequence[Any], dice: Dice) -> None:
        self._examples, self._dice = examples, dice

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield self.one()

    def one(self) -> Any:
        dice = self._dice
        if dice.chance(NOISE_PERCENT):
            return copy.deepcopy(dice.pick(LEAVES))
        tree = copy.deepcopy(dice.pick(self._examples))
        for _ in range(1 + dice.below(BENT_MAX)):
            tree = self._bent(tree)
        return tree

    def _bent(self, tree: Any) -> Any:
        """Walks down to a place by chance and bends it there."""
        dice = self._dice
        if not isinstance(tree, dict | list) or not tree or dice.chance(12):
            return self._another(tree)
        key = dice.pick(list(tree)) if isinstance(tree, dict) else dice.below(len(tree))
        inner = tree[key]
        if isinstance(inner, dict | list) and inner and dice.chance(80):
            tree[key] = self._bent(inner)
            return tree
        match dice.below(10):
            case 0:
                del tree[key]
            case 1 if isinstance(tree, list):
                tree.extend(copy.deepcopy(tree[:50]))
            case 1 if isinstance(tree, dict):
                tree[f"{key}x"] = tree.pop(key)
            case 2 if isinstance(tree, dict):
                tree[key] = copy.deepcopy(tree[dice.pick(list(tree))])
            case _:
                tree[key] = self._another(inner)
        return tree

    def _another(self, leaf: Any) -> Any:
        dice = self._dice
        match dice.below(6):
            case 0:
                return str(leaf)[:200]
            case 1 if isinstance(leaf, int | float) and not isinstance(leaf, bool):
                return leaf * dice.pick((-1, 0, 1_000, 10**15, 0.1))
            case 2 if isinstance(leaf, str) and leaf:
                return leaf[: dice.below(len(leaf))] + dice.pick(("", "0", "e5", "-", "."))
            case _:
                return copy.deepcopy(dice.pick(LEAVES))


class Texts:
    """Bends JSON as text: half of it as bytes, half of it as a tree that is written out again."""

    def __init__(self, examples: Sequence[Any], dice: Dice) -> None:
        self._dice = dice
        self._trees = Trees(examples, dice)
        self._bytes = Bytes([json.dumps(each).encode() for each in examples], dice)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            if self._dice.chance(50):
                yield self._bytes.one()
            else:
                yield json.dumps(self._trees.one()).encode()

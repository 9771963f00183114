"""Decides whether a forest's text is one that LightGBM may read: whole, numeric, without a cycle.

Its parser trusts what it is given: a wrong size or count ends the whole process, and no handler of
ours would be asked. So every number is looked at before the library sees the text.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.core import BadParameters

Floats = NDArray[np.float64]
Fields = dict[str, str]

VERSION = "v4"

_PER_SPLIT = (
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "internal_value",
    "internal_weight",
    "internal_count",
)
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_NUMERIC_SPLITS = (0, 2, 8, 10)
"""Decision types without the bit of categories: by default left or right, NaN known or not."""


def refuse_bad_forest(text: bytes, features: tuple[str, ...]) -> None:
    """Raises BadParameters unless the text is a binary forest over exactly these features."""
    header, _, body = text.partition(b"\n\n")
    told = _fields(header)
    if told.get("version") != VERSION or told.get("objective") != "binary sigmoid:1":
        raise BadParameters(f"a forest must be binary and of LightGBM's form {VERSION}")
    if told.get("num_class") != "1" or told.get("num_tree_per_iteration") != "1":
        raise BadParameters("a forest must give one output")
    named = tuple(told.get("feature_names", "").split())
    if named != features or told.get("max_feature_idx") != str(len(features) - 1):
        raise BadParameters("a forest was grown on other features than the manifest names")
    for number, block in enumerate(_blocks(body, told.get("tree_sizes", ""))):
        _refuse_bad_tree(number, _fields(block), len(features))


def _blocks(body: bytes, sizes: str) -> Iterator[bytes]:
    """Cuts the trees out as the library does: by their stated sizes."""
    body, at = body.lstrip(b"\n"), 0
    for number, size in enumerate(_numbers(sizes, "tree_sizes")):
        block = body[at : at + int(size)]
        if not block.startswith(b"Tree=%d\n" % number):
            raise BadParameters(f"tree {number} of a forest is not where its sizes say")
        at += int(size)
        yield block
    if not at or not body[at:].startswith(b"end of trees"):
        raise BadParameters("a forest has no trees, or more than its sizes say")


def _refuse_bad_tree(number: int, tree: Fields, features: int) -> None:
    leaves = int(_numbers(tree.get("num_leaves", ""), "num_leaves").sum())
    if leaves < 1 or tree.get("num_cat") != "0" or tree.get("is_linear") != "0":
        raise BadParameters(f"tree {number} of a forest has no leaves, or categories, or lines")
    columns = {name: _numbers(tree.get(name, ""), name) for name in (*_PER_SPLIT, *_PER_LEAF)}
    if leaves == 1 and len(columns["leaf_value"]) == 1:
        return
    for names, length in ((_PER_SPLIT, leaves - 1), (_PER_LEAF, leaves)):
        short = [name for name in names if len(columns[name]) != length]
        if short:
            raise BadParameters(f"tree {number} of a forest has not {length} of {short[0]}")
    asked = columns["split_feature"]
    if not ((asked >= 0) & (asked < features)).all():
        raise BadParameters(f"tree {number} of a forest asks for a feature that is not there")
    if not np.isin(columns["decision_type"], _NUMERIC_SPLITS).all():
        raise BadParameters(f"tree {number} of a forest splits by something else than numbers")
    _refuse_no_tree(number, columns["left_child"], columns["right_child"])


def _refuse_no_tree(number: int, left: Floats, right: Floats) -> None:
    """Each split and each leaf hangs below exactly one split that came before it."""
    own = np.arange(len(left))
    for child in (left, right):
        if not ((child < 0) | (child > own)).all():
            raise BadParameters(f"tree {number} of a forest has a split that leads back")
    expected = [*range(-len(left) - 1, 0), *range(1, len(left))]
    if sorted(np.concatenate([left, right]).tolist()) != expected:
        raise BadParameters(f"tree {number} of a forest has branches that lead nowhere, or twice")


def _fields(block: bytes) -> Fields:
    lines = block.decode(errors="replace").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _numbers(text: str, name: str) -> Floats:
    """The finite numbers of a field; raises BadParameters for anything else."""
    try:
        values = np.array([float(each) for each in text.split()])
    except ValueError as error:
        raise BadParameters(f"{name} of a forest: {error}") from error
    if not np.isfinite(values).all():
        raise BadParameters(f"{name} of a forest holds NaN or an infinity")
    return values

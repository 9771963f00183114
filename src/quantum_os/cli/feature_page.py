"""The page of all features, made from the list that trains and trades: docs/features.md."""

from collections.abc import Iterator

from quantum_os.formulas.feature_words import GROUP_WORDS, WORDS
from quantum_os.formulas.kernels.feature_groups import ALL, NAMES, OWN, USUAL, Group, names_of
from quantum_os.formulas.kernels.feature_list import schema_hash

HEAD = """# Features

Made by `python -m tests.cli.feature_page > docs/features.md`; a test keeps it fresh.

A feature is a number that means the same for every symbol: a distance in ATRs, a ratio, a share, a
rank. All are of closed bars of the decision timeframe; ATR is Wilder's. One that is not known is
None, never a stand-in: a model that reads it is silent for that symbol. The same kernels run live
over all symbols and in blocks over time, with identical bits; `skew` proves it for a recorded run.
"""


def feature_page() -> str:
    """Gives the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    yield f"There are {len(names_of(ALL))}; {len(names_of(OWN))} need only a symbol's own bars."
    yield f"Models read {len(names_of(USUAL))} unless told otherwise, those of the first six groups"
    yield f"(schema `{schema_hash(names_of(USUAL))}`). A fund whose voters are rules computes"
    yield "those of single bars alone."
    for group in Group:
        words = GROUP_WORDS[group]
        yield f"\n## {words.title} (`{group}`)\n"
        yield f"Needs {words.source}. Known after: {words.warm_up}.\n"
        yield "| feature | formula | unit |"
        yield "|---|---|---|"
        for name in NAMES[group]:
            yield f"| `{name}` | {WORDS[name].formula} | {WORDS[name].unit} |"

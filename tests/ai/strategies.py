"""Strategies as strangers write them: one that is fine, and one for every rule one can break."""

import textwrap
from pathlib import Path

FINE = """
from quantum_os.ai.voter import sides

class Dips:
    name = "dips"
    version = "1"

    def predict(self, frame):
        return sides(frame["rsi_14"] < -0.4, frame["rsi_14"] > 0.4)
"""

_HEAD = """
from quantum_os.ai.voter import Prediction, sides
from quantum_os.events.units import PositionSide
import random

class Dips:
    name = "dips"
    version = "1"

"""


def voting(body: str) -> str:
    """Gives a file whose voter answers with this body of `predict`."""
    lines = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    return f"{_HEAD}    def predict(self, frame):\n{lines}\n"


BAD: dict[str, tuple[str, str]] = {
    "no syntax": ("class Dips(:\n", "line 1: SyntaxError"),
    "fails at its import": ("x = 1\ny = x / 0\n", "line 2: ZeroDivisionError"),
    "imports what is not there": ("import no_such_thing\n", "ModuleNotFoundError"),
    "has no such class": ("class Other:\n    pass\n", "has no Dips; its classes: Other"),
    "has no name": (FINE.replace('name = "dips"', ""), "its name must be text"),
    "has a name of two words": (FINE.replace('"dips"', '"my dips"'), "its name must be text"),
    "has no version": (FINE.replace('version = "1"', "version = 1"), "its version must be text"),
    "cannot be made": (FINE + "    def __init__(self, size): pass\n", "TypeError"),
    "does not predict": (FINE.replace("def predict", "def guess"), "no method predict"),
    "raises": (voting("return 1 / 0"), "line 11: ZeroDivisionError: division by zero"),
    "asks for what no feature is": (voting('return frame["rsi"]'), "no feature 'rsi'"),
    "gives nothing": (voting("pass"), "must give a Prediction, not NoneType"),
    "gives one row": (
        voting("return Prediction((None,), (None,))"),
        "Prediction.side has 1 rows for 64 symbols",
    ),
    "gives words for sides": (
        voting('n = len(frame.symbols)\nreturn Prediction(("LONG",) * n, (None,) * n)'),
        "must be PositionSide.LONG, PositionSide.SHORT or None, not 'LONG'",
    ),
    "is surer than sure": (
        voting("n = len(frame.symbols)\nreturn Prediction((None,) * n, (1.2,) * n)"),
        "must be in [0, 1], not 1.2",
    ),
    "gives no number": (
        voting('n = len(frame.symbols)\nreturn Prediction((None,) * n, (float("nan"),) * n)'),
        "must be in [0, 1], not nan",
    ),
    "throws dice": (
        voting(
            """
            n = len(frame.symbols)
            return Prediction((None,) * n, tuple(random.random() for _ in range(n)))
            """
        ),
        "two answers when asked twice",
    ),
    "remembers": (
        voting(
            """
            self.seen = getattr(self, "seen", 0) + 1
            n = len(frame.symbols)
            return Prediction((None,) * n, (1 / self.seen,) * n)
            """
        ),
        "two answers when asked twice",
    ),
    "differs from its twin": (
        FINE.replace("frame[", "self.sign * frame[")
        + """
    def __init__(self):
        type(self).made = getattr(type(self), "made", 0) + 1
        self.sign = 1 if type(self).made % 2 else -1
""",
        "two answers when asked of two instances",
    ),
    "always buys": (
        voting("n = len(frame.symbols)\nreturn Prediction((PositionSide.LONG,) * n, (None,) * n)"),
        "every feature is NaN",
    ),
    "writes to the frame": (voting('frame["rsi_14"][:] = 0'), "read-only"),
    "puts a feature in": (voting('frame.values["mine"] = 1'), "does not support item assignment"),
    "prints": (FINE.replace("return", 'print("hello"); return'), "it prints"),
    "is named like ours": (FINE.replace('"dips"', '"trend"'), "named like the built-in trend"),
}
"""What is wrong with a file, the file, and words of the line that refuses it."""


def written(folder: Path, source: str = FINE, name: str = "dips.py") -> str:
    """Writes a strategy and gives the reference to it."""
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return f"{path}:Dips"

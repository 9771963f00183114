"""A small ensemble over features that every market has, with eras wherever a test wants them."""

from pathlib import Path

import msgspec

from quantum_os.ai.models.ensemble import CARD, EnsembleCard
from quantum_os.formulas.kernels.feature_list import schema_hash
from quantum_os.learning.training.dataset import Dataset
from tests.learning.training.models.lessons import taught
from tests.learning.training.recipes import trained

NAMES = ("ret_1_atr", "ret_4_atr", "ema_cross_atr", "rsi_14")
BARS = 700


def taught_until(end: int, *, signal: float = 1.2) -> Dataset:
    """Hourly rows of which the last closes at `end`; their names are real, their market is not."""
    data = taught(BARS, 3, signal=signal)
    shift = end - int(data.bar_close[-1])
    return msgspec.structs.replace(
        data,
        names=NAMES,
        schema_hash=schema_hash(NAMES),
        bar_close=data.bar_close + shift,
        ends=data.ends + shift,
    )


def ensemble_until(folder: Path, end: int) -> Path:
    """Trains on rows up to `end`: two eras before it that know less, and one from then on."""
    trained(taught_until(end), folder)
    return folder


def flipped(folder: Path, name: str) -> Path:
    """Flips one bit of the first file of this name, and gives it."""
    file = min((folder / "artefacts").glob(f"*/{name}"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return file


def with_card(folder: Path, card: EnsembleCard) -> None:
    (folder / CARD).write_bytes(msgspec.json.encode(card))


def peeking(card: EnsembleCard) -> EnsembleCard:
    """The same models, of which the last also speak of bars they have seen: what must not be."""
    first, last = card.eras[0], card.eras[-1]
    return msgspec.structs.replace(
        card, eras=(msgspec.structs.replace(last, serves_from=first.serves_from),)
    )

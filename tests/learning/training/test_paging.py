"""A table in a file gives its memory back and keeps what is in it; one in memory just stays."""

from pathlib import Path

import numpy as np

from quantum_os.learning.training.dataset_build import build
from quantum_os.learning.training.paging import give_back
from tests.learning.training.markets import written_market
from tests.learning.training.test_dataset_build import OPTIONS

PAGE_KB = 4


def mapped_kb() -> int:
    """What this process holds of files that it has mapped and shares."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    told = next(line for line in lines if line.startswith(("RssFile", "RssShmem")))
    return int(told.split()[1])


def test_what_was_given_back_is_there_when_it_is_read(tmp_path: Path) -> None:
    data = build([written_market(tmp_path / "tape")], OPTIONS, cache=tmp_path / "cache")
    before = data.x.copy()
    held = mapped_kb()
    give_back(data.x)
    assert mapped_kb() <= held - before.nbytes // 1024 + 64 * PAGE_KB
    assert (data.x == before).all()
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_file()]


def test_a_table_in_memory_stays_as_it_is() -> None:
    table = np.arange(12.0).reshape(3, 4)
    give_back(table[1:])
    assert table.sum() == 66.0

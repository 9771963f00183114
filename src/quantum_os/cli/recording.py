"""How a live run leaves a run folder: finished at its end, or as far as it came without one."""

import asyncio
from pathlib import Path

from quantum_os.cli.backtest import RunDocument
from quantum_os.cli.demo import Demo, Played, play_demo
from quantum_os.cli.demo_record import DemoRecord
from quantum_os.cli.unfinished import Unfinished
from quantum_os.storage.run_book import abandon, begin, finish
from quantum_os.storage.run_folder import RunRecorder


def recorded(demo: Demo, folder: Path) -> tuple[Played, str]:
    """Plays and records into `folder`; the second value says what the recording lacks, if anything.

    What breaks off is left as an unfinished run, unless nothing was played yet. A recording with a
    hole is not left at all.
    """
    begun: list[Path] = []

    def make() -> RunRecorder:
        begun.append(begin(folder, Unfinished(demo.build, demo.plan)))
        return RunRecorder(begun[-1])

    record = DemoRecord(make)
    try:
        played = asyncio.run(play_demo(demo, record))
    finally:
        record.close()
        for unfinished in begun if record.gap or not record.has_begun else ():
            abandon(unfinished)
    if not record.gap:
        finish(begun[-1], folder, RunDocument(played.result, demo.plan))
    return played, record.gap

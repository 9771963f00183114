"""Two runs are compared in a process of their own: reading them takes seconds of a processor."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
from litestar.exceptions import ClientException, HTTPException

from quantum_os.storage.run_book import RUN_FILE

WAITS_S = 8.0
"""Wall seconds that one answer waits; whoever asks again finds the work going on, or done."""

WORKS_S = 600.0
KEPT_MAX = 16
"""Comparisons that are remembered, the latest."""

Key = tuple[str, str, int, int]


class StillReading(HTTPException):
    """The runs are still being read."""

    status_code = 503


class Comparisons:
    """Compares one pair at a time, each once for as long as neither run is recorded anew."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[dict[str, Any]]] = {}
        self._one = asyncio.Semaphore(1)

    async def of(self, left: Path, right: Path) -> dict[str, Any]:
        """Gives the comparison; raises StillReading, or ClientException with what is wrong."""
        key = (str(left), str(right), _changed(left), _changed(right))
        task = self._tasks.get(key)
        if task is None:
            for old in [each for each, done in self._tasks.items() if done.done()][: -KEPT_MAX + 1]:
                del self._tasks[old]
            if len(self._tasks) >= KEPT_MAX:
                raise StillReading("too many comparisons at once; ask again")
            task = self._tasks[key] = asyncio.create_task(self._compared(left, right))
        try:
            return await asyncio.wait_for(asyncio.shield(task), WAITS_S)
        except TimeoutError as error:
            raise StillReading("both runs are being read; ask again") from error
        except ClientException:
            self._tasks.pop(key, None)
            raise

    async def _compared(self, left: Path, right: Path) -> dict[str, Any]:
        async with self._one:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "quantum_os", "runs", "compare"),
                *(str(left), str(right), "--json"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(os.environ),
            )
            try:
                out, err = await asyncio.wait_for(process.communicate(), WORKS_S)
            except BaseException:
                process.kill()
                await process.wait()
                raise
        if process.returncode:
            lines = err.decode(errors="replace").strip().splitlines() or ["no word of why"]
            raise ClientException(f"they cannot be compared: {lines[-1]}")
        found: dict[str, Any] = msgspec.json.decode(out)
        return found


def _changed(run: Path) -> int:
    return (run / RUN_FILE).stat().st_mtime_ns

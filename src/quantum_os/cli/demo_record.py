"""What of a demo is recorded: every event of its home from the first on, or a reason why not."""

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.run_folder import RunRecorder
from quantum_os.storage.sqlite_journal import SqliteJournal


class DemoRecord:
    """Writes a run folder beside a journal; whatever an earlier life did is copied from there.

    A recording with a hole could not be replayed, so at the first hole it ends: `gap` says where.
    """

    def __init__(self, recorder: RunRecorder) -> None:
        self.gap = ""
        self._recorder = recorder
        self._last = 0

    def __call__(self, envelope: Envelope) -> None:
        """Takes the next event as it is journaled."""
        if self.gap:
            return
        if self._last and envelope.seq != self._last + 1:
            self.gap = f"the journal lacks event {self._last + 1}"
            return
        try:
            self._recorder.append(envelope)
        except OSError as error:
            self.gap = f"the recording could not be written: {error}"
        self._last = envelope.seq

    def close(self) -> None:
        """Lets go of the recording's files; what cannot be written leaves a gap."""
        try:
            self._recorder.close()
        except OSError as error:
            self.gap = self.gap or f"the recording could not be written: {error}"

    async def catch_up(self, journal: SqliteJournal) -> None:
        """Copies what was journaled and not heard; raises JournalFailed."""
        await journal.barrier(journal.last_seq)
        for envelope in journal.read(self._last + 1):
            self(envelope)

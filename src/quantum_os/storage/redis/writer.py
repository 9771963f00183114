"""Brings what Redis holds up to the journal: finds where it stands, mends it, and goes on.

How a lost end is found and mended: `quantum:meta` carries the watermark, moved in the same step as
the entries it stands for. When the link is made, each key's last id is compared with the journal's
last event of that stream up to the watermark; a key that ends earlier gets everything after its
last id, key by key, in the journal's order. From the watermark on all keys are written together. An
id that a key has passed is not sent, and Redis would refuse it: nothing is there twice. While the
link stands, each step first checks that the watermark and the keys are still where it left them.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

import msgspec

from quantum_os.kernel.clock import perf_ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import Journal
from quantum_os.storage.journal_index import JournalIndex
from quantum_os.storage.redis.entries import Entry, Id, entries_of, id_text
from quantum_os.storage.redis.layout import META, SCHEMA
from quantum_os.storage.redis.link import Link, Refused, Word
from quantum_os.storage.redis.scripts import APPEND, CLAIM, done
from quantum_os.storage.redis.survey import NOTHING, Journaled, Survey, survey

SLICE = 100
"""Entries written in one step; one by one they cost the most, and thousands are no cheaper."""

SLICE_NS = 1_500_000
"""Time after which a step begun is sent as it is: its entries are made on the fund's own loop."""

ROWS_READ = 100
"""Events read from the journal at once."""


class Owner(msgspec.Struct, frozen=True):
    """Whose mirror it is: the journal's identity, and the epoch of the process that writes it.

    `plan` is what its line-up is built from, so that a replay needs nothing but the mirror.
    """

    instance: str
    epoch: int
    plan: bytes = b""


class Held(msgspec.Struct, frozen=True):
    """What `quantum:meta` says; empty text where it says nothing."""

    instance: str = ""
    epoch: str = ""
    mirrored: str = ""
    schema: str = ""

    @property
    def fence(self) -> tuple[str, str, str]:
        return self.instance, self.epoch, self.mirrored


class Writer:
    """Writes over one link, from `begin` until something fails; `mirrored` is its watermark."""

    def __init__(
        self,
        link: Link,
        journal: Journal,
        index: JournalIndex,
        owner: Owner,
        aside: frozenset[str] = frozenset(),
        *,
        slice_ns: int = SLICE_NS,
    ) -> None:
        self._link = link
        self._journal = journal
        self._index = index
        self._owner = owner
        self._aside = aside
        self._slice_ns = slice_ns
        self._tips: dict[str, Id] = {}
        self._waiting: deque[Envelope] = deque()
        self._entries: Iterator[Entry] = iter(())
        self.mirrored = 0
        self.rows_max = 1
        self.passed_over = 0
        self.read_until = 0

    @property
    def keys(self) -> Sequence[str]:
        """The keys that are known to be there."""
        return list(self._tips)

    @property
    def fence(self) -> tuple[str, str, str]:
        """What every step expects to find: instance, epoch, watermark."""
        return self._owner.instance, str(self._owner.epoch), str(self.mirrored)

    async def begin(self) -> Survey:
        """Makes the mirror ours and mends it up to its watermark; gives what was found.

        Raises Refused when it is another's or of another history, Lost when Redis fails.
        """
        held = _held(await self._link.ask("HGETALL", META))
        self._refuse_foreign(held)
        flushed = self._journal.flushed_seq
        mirrored = int(held.mirrored) if held.mirrored else before_all(self._journal, self._index)
        if mirrored > flushed:
            raise Refused(
                f"{META} says {mirrored} is mirrored, the journal ends at {flushed}: "
                "this is an older journal"
            )
        known = Journaled(self._index, flushed)
        found = await survey(self._link, known, self._aside, mirrored)
        owner = self._owner
        claim: list[Word] = [*held.fence, owner.instance, owner.epoch, mirrored, SCHEMA, owner.plan]
        done(await self._link.run(CLAIM, (META,), claim))
        self.mirrored = self.read_until = mirrored
        self._tips = dict(found.tips)
        self.rows_max = 1 + max((row for _, row in found.tips.values()), default=0)
        for gap in found.gaps:
            await self._mend(gap.stream, gap.key, gap.last)
        return found

    async def advance(self) -> bool:
        """Writes the next slice of flushed events; False when there is nothing new."""
        entries, seq = self._slice()
        if seq == self.mirrored and not entries:
            return False
        await self._append(entries, seq)
        return True

    async def look(self) -> None:
        """Raises Lost unless the watermark and every key are where the last step left them."""
        words: list[Word] = [*self.fence, self.mirrored, len(self._tips), *self._tips]
        done(await self._link.run(APPEND, (META,), words))

    async def _mend(self, stream: str, key: str, last: Id) -> None:
        """Writes what one key lacks up to the watermark, from its last id on."""
        events = self._index.read_stream(stream, last[0])
        lacking = (
            entry
            for event in takewhile(lambda each: each.seq <= self.mirrored, events)
            for entry in entries_of(event, self._aside)
            if entry.key == key and entry.id > last
        )
        while entries := self._portion(lacking):
            await self._append(entries, self.mirrored)

    def _portion(self, entries: Iterator[Entry]) -> list[Entry]:
        """Takes what one step can hold."""
        until = perf_ns() + self._slice_ns
        taken: list[Entry] = []
        for entry in entries:
            taken.append(entry)
            if len(taken) == SLICE or perf_ns() > until:
                break
        return taken

    def _slice(self) -> tuple[list[Entry], int]:
        """Takes entries until a slice is full; gives them with the last event that they complete.

        What a key has already is passed over. An event with many rows may fill several slices, and
        however short the time is, something is done in it.
        """
        taken: list[Entry] = []
        seq = self.mirrored
        until = perf_ns() + self._slice_ns
        while len(taken) < SLICE:
            if perf_ns() > until and (taken or seq > self.mirrored):
                break
            entry = next(self._entries, None)
            if entry is None:
                if not self._next_event():
                    break
                continue
            if entry.id > self._tips.get(entry.key, NOTHING):
                taken.append(entry)
            self.rows_max = max(self.rows_max, entry.id[1] + 1)
            if entry.ends:
                seq = entry.id[0]
        return taken, seq

    def _next_event(self) -> bool:
        if not self._waiting:
            flushed = self._journal.flushed_seq
            if flushed > self.read_until:
                read = islice(self._index.read(self.read_until + 1), ROWS_READ)
                self._waiting.extend(each for each in read if each.seq <= flushed)
        if not self._waiting:
            return False
        event = self._waiting.popleft()
        self.passed_over += event.seq - self.read_until - 1
        self.read_until = event.seq
        self._entries = entries_of(event, self._aside)
        return True

    async def _append(self, entries: Sequence[Entry], seq: int) -> None:
        present = {entry.key for entry in entries if entry.key in self._tips}
        words: list[Word] = [*self.fence, seq, len(present), *present]
        for entry in entries:
            words += (len(entry.fields) + 2, entry.key, id_text(entry.id), *entry.fields)
        done(await self._link.run(APPEND, (META,), words))
        self.mirrored = seq
        for entry in entries:
            self._tips[entry.key] = entry.id

    def _refuse_foreign(self, held: Held) -> None:
        ours = self._owner
        if held.schema not in ("", str(SCHEMA)):
            raise Refused(f"{META} is of layout {held.schema}, this build writes {SCHEMA}")
        if held.instance not in ("", ours.instance):
            raise Refused(
                f"{META} belongs to instance {held.instance}, this journal is {ours.instance}: "
                "name another database (redis://HOST:PORT/NUMBER), or remove that mirror"
            )
        if held.epoch and int(held.epoch) > ours.epoch:
            raise Refused(f"{META} belongs to epoch {held.epoch}, this process is {ours.epoch}")


def before_all(journal: Journal, index: JournalIndex) -> int:
    """Gives the number before the journal's first event: the watermark of an empty mirror."""
    first = index.first_seq()
    return journal.flushed_seq if first is None else first - 1


def _held(told: Mapping[bytes, bytes]) -> Held:
    """Reads `quantum:meta`; raises Refused when its numbers are none."""
    said = {name.decode(): value.decode("utf-8", "replace") for name, value in told.items()}
    held = Held(*(said.get(name, "") for name in Held.__struct_fields__))
    if any(number and not number.isdecimal() for number in (held.epoch, held.mirrored)):
        raise Refused(f"{META} is not readable: {said}")
    return held

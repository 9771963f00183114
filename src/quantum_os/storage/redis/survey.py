"""What Redis holds of the journal, key by key: what was lost, and what is not ours at all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from quantum_os.storage.journal_index import JournalIndex
from quantum_os.storage.redis.entries import Id, id_of, id_text, is_ours
from quantum_os.storage.redis.layout import Form, keys_of, read_key
from quantum_os.storage.redis.link import Link, Refused

ASKED_AT_ONCE = 16
"""Keys asked about in one go; each answer carries the key's first and last entry."""

NOTHING: Id = (0, 0)


class Journaled(msgspec.Struct, frozen=True):
    """What is known to be durable: the journal's file, and the last number that may be read."""

    index: JournalIndex
    flushed_seq: int


class Gap(msgspec.Struct, frozen=True):
    """A key of which everything after `last` is to be written, up to the watermark.

    `is_lost` when it ends before the watermark says so; else only the last event's rows are in
    question: a process may have died between two of them.
    """

    stream: str
    key: str
    last: Id
    is_lost: bool


class Survey(msgspec.Struct, frozen=True):
    """The last id of each key there is, the keys to be mended, and those with a hole within."""

    tips: dict[str, Id]
    gaps: tuple[Gap, ...]
    holes: tuple[str, ...]


async def survey(link: Link, held: Journaled, aside: frozenset[str], mirrored: int) -> Survey:
    """Compares every key with the journal up to the watermark.

    Raises Refused when a key goes on past the journal, or when its last entry within the journal's
    numbers is not the journal's event: then one of the two is another history.
    """
    ends = held.index.last_seqs(held.flushed_seq)
    written = held.index.last_seqs(mirrored)
    known = [(stream, key) for stream in sorted(ends) for key in keys_of(stream, aside)]
    tips: dict[str, Id] = {}
    gaps, holes = list[Gap](), list[str]()
    first = held.index.first_seq()
    for asked in _portions(known):
        answers = await link.ask_all([("XINFO", "STREAM", key) for _, key in asked])
        for (stream, key), answer in zip(asked, answers, strict=True):
            state = _state(key, answer)
            last = NOTHING if state is None else state.last
            if state is not None and first is not None:
                _refuse_another_history(state, held, stream, first)
                holes += [key] if state.removed[0] >= max(first, state.first[0]) else []
                tips[key] = last
            gaps += _gap(stream, key, last, written.get(stream, 0))
    return Survey(tips, tuple(gaps), tuple(holes))


class _State(msgspec.Struct, frozen=True):
    """What Redis says of one stream key; `ours` and `digest` are of the last entry there is."""

    key: str
    first: Id
    last: Id
    removed: Id
    newest: Id
    digest: bytes | None


def _state(key: str, answer: Any) -> _State | None:
    if isinstance(answer, Exception):
        if "no such key" in str(answer):
            return None
        raise Refused(f"{key} is not a stream that can be written to: {answer}")
    told: Mapping[bytes, Any] = answer
    oldest, newest = told[b"first-entry"], told[b"last-entry"]
    return _State(
        key=key,
        first=id_of(oldest[0]) if oldest else NOTHING,
        last=id_of(told[b"last-generated-id"]),
        removed=id_of(told[b"max-deleted-entry-id"]),
        newest=id_of(newest[0]) if newest else NOTHING,
        digest=_digest(*newest) if newest else None,
    )


def _refuse_another_history(state: _State, held: Journaled, stream: str, first_seq: int) -> None:
    seq = state.newest[0]
    if max(seq, state.last[0]) > held.flushed_seq:
        raise Refused(
            f"{state.key} goes on to {id_text(state.last)}, the journal only to "
            f"{held.flushed_seq}: others write there, or this is an older journal"
        )
    if seq < first_seq:
        return
    event = held.index.at(seq)
    digest = None if event is None else f"{event.digest:016x}".encode()
    if event is None or event.stream != stream or state.digest != digest:
        raise Refused(f"{state.key} holds another event {seq} than the journal: another history")


def _gap(stream: str, key: str, last: Id, written: int) -> list[Gap]:
    is_lost = last[0] < written
    is_in_question = 0 < written == last[0] and read_key(key)[1] is Form.ROWS
    return [Gap(stream, key, last, is_lost)] if is_lost or is_in_question else []


def _portions(known: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    for start in range(0, len(known), ASKED_AT_ONCE):
        yield known[start : start + ASKED_AT_ONCE]


def _digest(at: bytes, words: Sequence[bytes]) -> bytes | None:
    """The hash of an entry of ours, from its names and values; None for one of others."""
    fields = dict(zip(words[::2], words[1::2], strict=True))
    return fields[b"digest"] if is_ours(at, fields) else None

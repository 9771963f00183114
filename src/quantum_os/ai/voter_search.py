"""Which voters take part: built in, installed or in a file; found again unchanged, or refused."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sys import modules

import msgspec

from quantum_os.ai.foreign_code import content_hash
from quantum_os.ai.voter import Voter
from quantum_os.ai.voter_card import FoundVoter, Origin, VoterCard, VoterError
from quantum_os.ai.voter_files import names_a_file, voter_in_file
from quantum_os.ai.voter_packages import distribution, installed, voter_installed


class ListedVoter(msgspec.Struct, frozen=True):
    """One voter that could be named, or why it cannot vote."""

    name: str
    version: str | None
    origin: Origin
    source: str
    hash: str | None
    distribution: str
    problem: str


def card_of(voter: Voter) -> VoterCard:
    """Gives the card of a built-in voter."""
    kind = type(voter)
    file = modules[kind.__module__].__file__
    path = Path(file or "")
    return VoterCard(
        name=voter.name,
        version=voter.version,
        origin=Origin.BUILT_IN,
        source=f"{kind.__module__}:{kind.__name__}",
        hash=content_hash([(path.name, path.read_bytes())]),
    )


def find_voters(references: Sequence[str], built_in: Sequence[Voter]) -> tuple[FoundVoter, ...]:
    """Finds the voters of these names and files, in this order; raises VoterError.

    Nobody named means all that are built in. Records are kept by name, so a name stands for one.
    """
    if not references:
        return tuple(FoundVoter(voter, card_of(voter)) for voter in built_in)
    found = tuple(find_voter(reference, built_in) for reference in references)
    names = [each.card.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise VoterError(f"two voters are named {name}; one name stands for one voter")
    return found


def find_voter(reference: str, built_in: Sequence[Voter]) -> FoundVoter:
    """Finds one voter by `path/file.py:Class` or by name; raises VoterError."""
    ours = {voter.name: voter for voter in built_in}
    if names_a_file(reference):
        found = voter_in_file(reference)
        if found.card.name in ours:
            raise VoterError(f"{reference} is named like the built-in {found.card.name}; rename it")
        return found
    entries = [entry for entry in installed() if entry.name == reference]
    owners = [*(["quantum-os"] if reference in ours else []), *map(distribution, entries)]
    if len(owners) > 1:
        raise VoterError(f"more than one voter is named {reference}: {', '.join(owners)}")
    if entries:
        return voter_installed(entries[0])
    if reference in ours:
        return FoundVoter(ours[reference], card_of(ours[reference]))
    known = ", ".join([*ours, *(entry.name for entry in installed())])
    raise VoterError(f"no voter is named {reference!r}: one of {known}, or path/file.py:Class")


def found_again(
    cards: Sequence[VoterCard],
    built_in: Sequence[Voter],
    moved: Mapping[str, FoundVoter] | None = None,
) -> tuple[Voter, ...]:
    """Finds the voters of a plan again, as they were; raises VoterError for one that is not.

    `moved` says by name where one is now, when it is no longer where the plan found it.
    """
    return tuple(_again(card, built_in, (moved or {}).get(card.name)) for card in cards)


def listed(built_in: Sequence[Voter]) -> Iterator[ListedVoter]:
    """Lists every voter that can be named: built in, then installed, with what is wrong with it."""
    for voter in built_in:
        yield listing(card_of(voter))
    for entry in installed():
        try:
            yield listing(find_voter(entry.name, built_in).card)
        except VoterError as error:
            yield ListedVoter(
                name=entry.name,
                version=None,
                origin=Origin.INSTALLED,
                source=entry.value,
                hash=None,
                distribution=distribution(entry),
                problem=str(error),
            )


def listing(card: VoterCard) -> ListedVoter:
    """Gives the row of a voter that may vote."""
    return ListedVoter(**msgspec.structs.asdict(card), problem="")


def _again(card: VoterCard, built_in: Sequence[Voter], moved: FoundVoter | None) -> Voter:
    try:
        found = moved or _found_by(card, built_in)
    except VoterError as error:
        raise VoterError(
            f"voter {card.name} {card.version} took part and cannot be had: {error}"
        ) from error
    now = found.card
    if now.version != card.version:
        raise VoterError(_changed(card, f"version {card.version}", f"version {now.version}"))
    if now.identity != card.identity:
        raise VoterError(_changed(card, f"code {card.hash}", f"code {now.hash}"))
    return found.voter


def _found_by(card: VoterCard, built_in: Sequence[Voter]) -> FoundVoter:
    if card.origin is not Origin.BUILT_IN:
        return find_voter(card.source if card.origin is Origin.FILE else card.name, built_in)
    for voter in built_in:
        if voter.name == card.name:
            return FoundVoter(voter, card_of(voter))
    raise VoterError("this release has no such voter")


def _changed(card: VoterCard, then: str, now: str) -> str:
    where = card.distribution or card.source
    return (
        f"voter {card.name} has changed since: {then} took part, {where} now has {now}; "
        f"put back what it was, or run anew"
    )

"""What an ensemble of learned models says of every symbol at a bar close, or why it is silent."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.federation import Opinion
from quantum_os.ai.models.ensemble import Ensemble, Inputs, ServedEra
from quantum_os.events.ai import ENSEMBLE, ID_DIGITS, ModelLoaded, VoteColumns
from quantum_os.events.units import PositionSide
from quantum_os.kernel.iso_time import iso

Floats = NDArray[np.float64]

NOT_LOADED = "it was not loaded"
NO_ANSWER = "no model that counts has an answer"

_SIDES = (PositionSide.LONG, PositionSide.SHORT, None)
_ABSTAINS = 2


class Answer(msgspec.Struct, frozen=True):
    """What an era says of the symbols of a bar: each model by itself, and all together.

    `together` [symbols, 2] is NaN where the ensemble is silent; `silent` then says why, else "".
    """

    members: tuple[Floats, ...]
    together: Floats
    silent: tuple[str, ...]


def may_speak(
    ensemble: Ensemble, bar_close: int, heard: Mapping[str, str]
) -> tuple[ServedEra | None, str]:
    """Gives the era of a bar, or why there is none.

    `heard` says of each artefact why it may not serve, "" where it may: what `model.loaded` told.
    One that was not told of does not serve.
    """
    place = ensemble.card.place_at(bar_close)
    if place is None:
        return None, f"no model may speak of the bar of {iso(bar_close)}: all know what follows it"
    for artefact in ensemble.card.eras[place].artefacts:
        reason = heard.get(artefact, NOT_LOADED)
        if reason:
            return None, f"model {artefact[:ID_DIGITS]} may not serve: {reason}"
    era = ensemble.eras[place]
    return era, "" if era is not None else NOT_LOADED


class Asked(msgspec.Struct, frozen=True):
    """What each model of an era says of rows by itself, and why a row gets no answer: all that does
    not depend on weights, and so on nothing that came of earlier votes.
    """

    members: tuple[Floats, ...]
    vetoes: tuple[str, ...]

    def part(self, rows: slice) -> "Asked":
        """The same of some of the rows."""
        return Asked(tuple([each[rows] for each in self.members]), self.vetoes[rows])

    def vetoed(self, further: Sequence[str]) -> "Asked":
        """The same with further reasons for silence; one that is there already comes first."""
        if not any(further):
            return self
        why = zip(self.vetoes, further, strict=True)
        return Asked(self.members, tuple([own or more for own, more in why]))


def asked(era: ServedEra, inputs: Inputs) -> Asked:
    """Asks every model of an era about the rows of `inputs`, each row as if it stood alone.

    A row unlike anything seen gets no answer, and neither does one with an unknown input.
    """
    members = tuple(era.members(inputs))
    newest = inputs(1)
    unknown, vetoes = era.unknown_inputs(newest), era.novelty.vetoes(newest)
    why = [missing or veto or "" for missing, veto in zip(unknown, vetoes, strict=True)]
    return Asked(members, tuple(why))


def answered(era: ServedEra, said: Asked, weights: Sequence[Sequence[float]]) -> Answer:
    """Pools what the models of an era said of a bar by weights [members][rows]."""
    pooled = era.together(said.members, weights)
    answers: NDArray[np.bool_] = ~np.logical_or.reduce(np.isnan(pooled), axis=1)
    silent = tuple(
        [
            veto or ("" if answer else NO_ANSWER)
            for veto, answer in zip(said.vetoes, answers.tolist(), strict=True)
        ]
    )
    speaks = np.array([not reason for reason in silent], dtype=np.bool_)
    return Answer(said.members, np.where(speaks[:, None], pooled, np.nan), silent)


def votes_of(
    era: ServedEra, answer: Answer, weights: Sequence[tuple[float, ...]]
) -> list[VoteColumns]:
    """Each model's vote: its more probable side, with its own probability and its weights."""
    return [
        _vote(model.manifest.name, model.id[:ID_DIGITS], said, weight)
        for model, said, weight in zip(era.models, answer.members, weights, strict=True)
    ]


def opinions_of(answer: Answer) -> list[Opinion]:
    """What is said together: both probabilities and no side, for its worth decides that."""
    return [
        Opinion(None, None, None, None, silent)
        if silent
        else Opinion(None, long, short, ENSEMBLE, "")
        for (long, short), silent in zip(answer.together.tolist(), answer.silent, strict=True)
    ]


def _vote(name: str, version: str, said: Floats, weight: tuple[float, ...]) -> VoteColumns:
    long, short = said[:, 0], said[:, 1]
    is_long = long > short  # comparisons with NaN are false, and so it abstains
    places = np.where(is_long, 0, np.where(short > long, 1, 2)).tolist()
    p = np.where(is_long, long, short).tolist()
    return VoteColumns(
        name,
        version,
        tuple([_SIDES[place] for place in places]),
        tuple([None if place == _ABSTAINS else q for place, q in zip(places, p, strict=True)]),
        weight,
        states_p=True,
    )


def told(event: ModelLoaded) -> str:
    """Why an artefact may not serve; "" when it may."""
    return "" if event.serves else event.reason or NOT_LOADED

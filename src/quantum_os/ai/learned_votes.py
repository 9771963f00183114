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


def answered(era: ServedEra, inputs: Inputs, weights: Sequence[Sequence[float]]) -> Answer:
    """Asks every model of an era about the rows of `inputs`, and pools what they say by weights
    [members][rows].

    A row unlike anything seen gets no answer, and neither does one with an unknown input.
    """
    members = tuple(era.members(inputs))
    newest = inputs(1)
    vetoes = era.novelty.vetoes(newest)
    unknown = era.unknown_inputs(newest)
    pooled = era.together(members, weights)
    answers: NDArray[np.bool_] = ~np.logical_or.reduce(np.isnan(pooled), axis=1)
    silent = tuple(
        [
            missing or veto or ("" if answer else NO_ANSWER)
            for missing, veto, answer in zip(unknown, vetoes, answers.tolist(), strict=True)
        ]
    )
    speaks = np.array([not reason for reason in silent], dtype=np.bool_)
    return Answer(members, np.where(speaks[:, None], pooled, np.nan), silent)


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
    rows = said.tolist()
    side = tuple([_side(long, short) for long, short in rows])
    p = tuple([None if s is None else max(row) for s, row in zip(side, rows, strict=True)])
    return VoteColumns(name, version, side, p, weight, states_p=True)


def _side(long: float, short: float) -> PositionSide | None:
    """The more probable side; comparisons with NaN are false, and so it abstains."""
    if long > short:
        return PositionSide.LONG
    return PositionSide.SHORT if short > long else None


def told(event: ModelLoaded) -> str:
    """Why an artefact may not serve; "" when it may."""
    return "" if event.serves else event.reason or NOT_LOADED

"""Which features moved each learned model at a bar, and how far: its own shares of the log-odds.

The models are asked again about the recorded features, and told only where they say today, to the
last bit, what they said then. Loaded only for this question: it needs arrays and the models.
"""

import numpy as np

from quantum_os.ai.engine import inputs_of
from quantum_os.ai.models.ensemble import Ensemble
from quantum_os.ai.models.served import ServedModel
from quantum_os.ai.models.windows import Windows
from quantum_os.ai.voter import frame_of
from quantum_os.events.ai import AiFeatures, AiSignalGenerated, VoteColumns
from quantum_os.events.base import stream_of
from quantum_os.events.units import PositionSide
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.why import Moved, Share
from quantum_os.storage.recorded import Recorded

SIDES = (PositionSide.LONG, PositionSide.SHORT)


def moved_by(
    recorded: Recorded, signal: AiSignalGenerated, symbol: str, ensemble: Ensemble, most: int
) -> tuple[Moved, ...]:
    """Gives each model's vote with the `most` features that moved it farthest.

    Raises NoAnswer where other models decided, none may speak of the bar, or one says otherwise.
    """
    if signal.ensemble != ensemble.id:
        raise NoAnswer(
            f"the models {ensemble.id[:12]} are not those that decided: {signal.ensemble[:12]}"
            if signal.ensemble
            else "no learned model decided at this bar"
        )
    era = ensemble.era_at(signal.bar_close)
    if era is None:
        raise NoAnswer(f"no model may speak of the bar of {iso(signal.bar_close)}")
    windows = _windows(recorded, signal, ensemble)
    if symbol not in windows.symbols:
        raise NoAnswer(f"no features of {symbol} were recorded at {iso(signal.bar_close)}")
    row = windows.symbols.index(symbol)
    votes = {votes.voter: votes for votes in signal.voters}
    place = signal.symbols.index(symbol)
    return tuple(
        _moved(model, windows, row, votes.get(model.manifest.name), place, most)
        for model in era.models
    )


def _windows(recorded: Recorded, signal: AiSignalGenerated, ensemble: Ensemble) -> Windows:
    """The recorded bars behind this one, as many as the model that looks back farthest needs."""
    windows = Windows(ensemble.depth, ensemble.card.step_ns)
    since = signal.bar_close - ensemble.depth * windows.step_ns
    for envelope in recorded.events(stream_of(AiFeatures), start_ts=since):
        event = envelope.event()
        assert isinstance(event, AiFeatures)
        if event.bar_close > signal.bar_close:
            break
        if event.bar_close > since:
            inputs = inputs_of(frame_of(event), ensemble.card.features)
            windows.advance(event.bar_close, event.symbols, inputs)
    return windows


def _moved(
    model: ServedModel,
    windows: Windows,
    row: int,
    votes: VoteColumns | None,
    place: int,
    most: int,
) -> Moved:
    name, version = model.manifest.name, model.id[:12]
    x = windows.inputs(model.manifest.depth)[[row]]
    silent = model.why_silent(x)[0]
    if silent is not None:
        return Moved(name, version, None, None, (), None, silent)
    said = model.predict_proba(x)[0]
    side = int(said[1] > said[0])
    p = float(said[side])
    if votes is None or votes.p[place] != p:
        was = "nothing" if votes is None else votes.p[place]
        raise NoAnswer(f"{name} says {p!r} of the recorded features, and said {was!r} then")
    *shares, rest = model.explain(x)[0, side].tolist()
    now = windows.rows[row, -1].tolist()
    order = np.argsort(-np.abs(shares), kind="stable")[:most].tolist()
    told = tuple(Share(model.manifest.features[at], now[at], shares[at]) for at in order)
    left = sum(shares) - sum(share.log_odds for share in told) + rest
    return Moved(name, version, SIDES[side], p, told, left, "")

"""How an event with columns is told symbol by symbol, in the words of the old system's readers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from quantum_os.formulas.symbols import joined
from quantum_os.kernel.iso_time import iso

Fields = Mapping[str, Any]
"""An event's fields by name, as they stand in its payload."""

ACTIONS = {"LONG": "BUY", "SHORT": "SELL", None: "HOLD"}
"""A position's side, as an action of old."""


def rows_of(stream: str, event: Fields) -> Iterator[dict[str, Any]]:
    """Gives one dictionary per symbol: our names, `symbol` spelled the old way, and the old names.

    `unified` is the symbol as we spell it. A value that is not known is None, as in the event.
    """
    dress = _DRESS[stream]
    columns = {
        name: values
        for name, values in event.items()
        if isinstance(values, list) and name not in _NO_COLUMNS
    }
    shared = {
        name: value
        for name, value in event.items()
        if name not in columns and name not in _NO_COLUMNS
    }
    for place, symbol in enumerate(event["symbols"]):
        row = {"symbol": joined(symbol), "unified": symbol, **shared}
        row |= {name: values[place] for name, values in columns.items()}
        yield row | dress(event, place)


def _bar(event: Fields, place: int) -> dict[str, Any]:
    return {"timestamp": iso(event["open_time"]), "closed": True}


def _quote(event: Fields, place: int) -> dict[str, Any]:
    return {"timestamp": iso(event["bar_close"]), "price": event["last"][place]}


def _venues(event: Fields, place: int) -> dict[str, Any]:
    mids = {venue: mids[place] for venue, mids in zip(event["venues"], event["mid"], strict=True)}
    known = [mid for mid in mids.values() if mid is not None]
    return {
        "timestamp": iso(event["bar_close"]),
        "mid": mids,
        "num_exchanges": event["venues_fresh"][place],
        "avg_price": sum(known) / len(known) if known else None,
    }


def _signal(event: Fields, place: int) -> dict[str, Any]:
    votes = {voter["voter"]: ACTIONS[voter["side"][place]] for voter in event["voters"]}
    action = ACTIONS[event["side"][place]]
    return {
        "timestamp": iso(event["bar_close"]),
        "action": action,
        "ensemble_confidence": event["confidence"][place],
        "model_votes": votes,
        "consensus": sum(vote == action for vote in votes.values()),
    }


def _decision(event: Fields, place: int) -> dict[str, Any]:
    return {"timestamp": iso(event["bar_close"])}


_NO_COLUMNS = frozenset({"symbols", "venues", "mid", "voters"})
"""Lists that are not one value per symbol; what they say of a symbol is put in by its dress."""

_DRESS: dict[str, Callable[[Fields, int], dict[str, Any]]] = {
    "market.klines": _bar,
    "market_data": _quote,
    "exchange.normalized": _venues,
    "ai.signal_generated": _signal,
    "decision.summary": _decision,
}

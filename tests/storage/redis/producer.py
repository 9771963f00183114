"""An outside producer as they are: it writes intents of any age and shape into a stream."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import redis

from quantum_os.events.units import NS_PER_S
from quantum_os.kernel.iso_time import iso
from tests.execution.desk import T0, intent

STREAM = "trade.intent"
KEY = f"quantum:stream:{STREAM}"


def whole(name: str, *, age_s: float = 1.0, symbol: str = "BTC/USDT:USDT") -> dict[str, Any]:
    """A whole intent, created so long before `T0`."""
    created = int(T0 - age_s * NS_PER_S)
    body: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(intent(name, symbol=symbol, created=created))
    )
    return body


def old(*, age_s: float = 1.0, symbol: str = "NEARUSDT") -> dict[str, Any]:
    """The replaced system's shape, with a time that has no zone."""
    return {
        "symbol": symbol,
        "side": "BUY",
        "confidence": 0.72,
        "entry_price": 1.5,
        "stop_loss": 1.45,
        "take_profit": 1.6,
        "position_size_usd": 200.0,
        "leverage": 1,
        "timestamp": iso(int(T0 - age_s * NS_PER_S)).removesuffix("Z"),
        "model": "ensemble",
        "reason": "momentum",
        "atr_value": 0.02,
        "volatility_factor": 0.55,
        "exchange_divergence": 0.0,
        "funding_rate": 0.0,
        "regime": "unknown",
    }


def put(url: str, bodies: Iterable[object], ids: Iterable[str] = ()) -> list[str]:
    """Writes messages as the replaced system's bus did; gives their ids."""
    given = iter(ids)
    with redis.Redis.from_url(url, decode_responses=True) as client:
        pipe = client.pipeline(transaction=False)
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            fields = {"event_type": STREAM, "payload": text, "trace_id": "", "source": "ai-engine"}
            pipe.xadd(KEY, fields, id=next(given, "*"))
        found: list[str] = pipe.execute()
        return found


def pending(url: str) -> int:
    """How many messages of the fund's group nobody has acknowledged."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        count: int = client.xpending(KEY, f"quantum:group:quantum-os:{STREAM}")["pending"]
        return count


def dead(url: str) -> list[dict[str, str]]:
    """The dead letters, oldest first."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return [fields for _, fields in client.xrange(f"quantum:dlq:{STREAM}")]

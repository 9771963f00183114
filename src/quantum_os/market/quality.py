"""Which prices to distrust: gaps, outliers, frozen prices, and moves on no volume."""

from collections.abc import Iterator

import msgspec
import numpy as np

from quantum_os.events.market import (
    ExchangeRaw,
    FeedState,
    FeedStatus,
    MarketFlagged,
    MarketKlines,
    RawKind,
)
from quantum_os.events.units import Flag, Ns
from quantum_os.kernel.reactor import Reactor
from quantum_os.market.watched import Watched


class QualityConfig(msgspec.Struct, frozen=True):
    """When a bar is suspicious. Counts are in bars of the tape.

    An outlier moves more than `outlier_mads` median absolute moves and more than `outlier_move_min`
    (a fraction), unless a mark or another venue lies within `confirm_within` of its close.
    """

    outlier_mads: float = 12.0
    outlier_move_min: float = 0.01
    confirm_within: float = 0.005
    frozen_bars: int = 12
    volume_times_max: float = 200.0
    clean_bars: int = 12


class QualityState(msgspec.Struct):
    """What is watched per venue, the latest mark per symbol, and the flags in force.

    `flags[venue][symbol][flag]` counts the bars that must still be clean before the flag falls.
    """

    venues: dict[str, Watched] = {}
    marks: dict[str, float] = {}
    flags: dict[str, dict[str, dict[Flag, int]]] = {}


class Quality(Reactor[QualityState]):
    """Flags a symbol when its bars stop making sense, and clears it after enough clean ones."""

    name = "market.quality"
    critical = False

    def __init__(self, config: QualityConfig) -> None:
        super().__init__(QualityState())
        self._config = config

    def on_raw(self, event: ExchangeRaw) -> None:
        if event.kind is RawKind.MARK:
            self.state.marks[event.symbol] = event.value

    def on_klines(self, event: MarketKlines) -> Iterator[MarketFlagged | FeedState] | None:
        watched = self.state.venues.get(event.venue)
        if watched is None:
            watched = self.state.venues[event.venue] = Watched()
        flags = self.state.flags.setdefault(event.venue, {})
        gap = watched.gap_before(event)
        missing = watched.missing(event)
        hits = self._hits(watched, event)
        if not (hits or flags or gap or missing):
            return None
        return self._told(event, gap, missing, hits, flags)

    def _hits(self, watched: Watched, event: MarketKlines) -> list[tuple[str, Flag, str]]:
        """Lists what is suspicious in one bar time, as (symbol, flag, evidence)."""
        config = self._config
        seen = watched.take(event)
        hits: list[tuple[str, Flag, str]] = []
        limit = np.maximum(config.outlier_mads * watched.scale, config.outlier_move_min)
        for row in np.flatnonzero(seen.move > limit).tolist():
            symbol, close = watched.symbols[row], float(seen.close[row])
            if not self._is_confirmed(event.venue, symbol, close):
                hits.append((symbol, Flag.OUTLIER, f"moved {seen.move[row]:.2%} in one bar"))
        for row in np.flatnonzero(watched.still >= config.frozen_bars).tolist():
            hits.append(
                (
                    watched.symbols[row],
                    Flag.FROZEN,
                    f"{int(watched.still[row])} bars without a move",
                )
            )
        for row in np.flatnonzero(seen.odd_volume(config.volume_times_max)).tolist():
            hits.append(
                (watched.symbols[row], Flag.SUSPICIOUS_VOLUME, f"{seen.volume[row]:g} traded")
            )
        return hits

    def _is_confirmed(self, venue: str, symbol: str, close: float) -> bool:
        others = [
            watched.close_of(symbol) for name, watched in self.state.venues.items() if name != venue
        ]
        witnesses = [*others, self.state.marks.get(symbol)]
        return any(
            witness and abs(witness / close - 1) <= self._config.confirm_within
            for witness in witnesses
        )

    def _told(
        self,
        event: MarketKlines,
        gap: tuple[int, int] | None,
        missing: list[str],
        hits: list[tuple[str, Flag, str]],
        flags: dict[str, dict[Flag, int]],
    ) -> Iterator[MarketFlagged | FeedState]:
        found = [*hits, *((symbol, Flag.GAP, "the bar is missing") for symbol in missing)]
        if gap is not None:
            found += [(symbol, Flag.GAP, "bars are missing") for symbol in event.symbols]
            yield _gap_fact(event, "*", gap)
        for symbol in missing:
            yield _gap_fact(event, symbol, (event.open_time, event.close_time))
        before = {symbol: tuple(kept) for symbol, kept in flags.items()}
        _count_down(flags)
        evidence: dict[str, str] = {}
        for symbol, flag, why in found:
            flags.setdefault(symbol, {})[flag] = self._config.clean_bars
            evidence[symbol] = why
        for symbol in dict.fromkeys([*before, *flags]):
            now = tuple(flags.get(symbol, ()))
            if now != before.get(symbol, ()):
                yield MarketFlagged(
                    venue=event.venue,
                    symbol=symbol,
                    flags=now,
                    since=event.close_time,
                    evidence=evidence.get(symbol, f"{self._config.clean_bars} clean bars"),
                )


def _count_down(flags: dict[str, dict[Flag, int]]) -> None:
    for symbol in list(flags):
        left = {flag: bars - 1 for flag, bars in flags[symbol].items() if bars > 1}
        if left:
            flags[symbol] = left
        else:
            del flags[symbol]


def _gap_fact(event: MarketKlines, topic: str, gap: tuple[int, int]) -> FeedState:
    return FeedState(
        venue=event.venue,
        topic=topic,
        state=FeedStatus.GAP,
        since=event.close_time,
        gap_from=Ns(gap[0]),
        gap_to=Ns(gap[1]),
    )

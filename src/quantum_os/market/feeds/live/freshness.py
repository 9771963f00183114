"""Which topics of a venue have fallen silent, and whether a silence means anything."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from quantum_os.events.market import FeedState, FeedStatus
from quantum_os.events.units import NS_PER_MS, NS_PER_S, Ns

STALE_S = 8.0
"""Seconds of silence after which a topic is suspected; with a probe it is stale within 15."""

EVERYTHING = "*"
"""The topic that stands for a venue as a whole."""


class Kind(StrEnum):
    """What a topic tells of its symbol."""

    TRADE = "trade"
    QUOTE = "quote"
    BAR = "bar"
    REFERENCE = "reference"


class Topic(msgspec.Struct, frozen=True):
    """One subscription: what is told of one symbol."""

    kind: Kind
    symbol: str

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.symbol}"


class _Watch(msgspec.Struct):
    """When a topic was last heard or known to have nothing to say, ns, and what was said of it."""

    at: int
    status: FeedStatus = FeedStatus.LIVE
    since: int = 0
    heard: bool = False


class Freshness:
    """Watches one venue's topics; a subscription that is silently ignored is silent from the start.

    References come every second, so their silence is a fault. Trades and quotes of a small coin may
    rest for minutes: their silence is a suspicion, which asking the venue decides. A bar is silent
    without fault only when nothing trades.
    """

    def __init__(
        self, venue: str, topics: Iterable[Topic], now: int, stale_s: float = STALE_S
    ) -> None:
        self._venue = venue
        self._stale_ns = int(stale_s * NS_PER_S)
        self._topics = {topic: _Watch(now) for topic in topics}
        self._all = _Watch(now, FeedStatus.RESYNCING)
        self._said: list[FeedState] = []

    def heard(self, topic: Topic, now: int) -> None:
        """Notes a message; one of a topic that was not asked for counts for the venue only."""
        self._all.at = now
        if self._all.status in (FeedStatus.DOWN, FeedStatus.STALE):
            self._says(EVERYTHING, self._all, FeedStatus.RESYNCING, now)
        watch = self._topics.get(topic)
        if watch is not None:
            self._lives(topic.name, watch, now)
            watch.heard = True

    def heard_at(self, topic: Topic) -> int:
        """When a topic was last heard or known to be quiet, ns."""
        return self._topics[topic].at

    def begin(self, now: int) -> None:
        """Every topic was asked for anew: each has its time to be heard."""
        self._all.at = now
        for watch in self._topics.values():
            watch.at, watch.heard = now, False

    def is_quiet(self, topic: Topic, now: int) -> None:
        """Notes that the venue, asked, has nothing newer to say."""
        self._topics[topic].at = now

    def is_stale(self, topic: Topic, now: int) -> None:
        """Notes that the venue, asked, knows more than it told."""
        self._falls(topic.name, self._topics[topic], FeedStatus.STALE, now)

    def goes_down(self, now: int) -> None:
        """Notes that the venue's connection was lost, or none could be had."""
        self._falls(EVERYTHING, self._all, FeedStatus.DOWN, now)

    def is_synced(self, now: int) -> None:
        """Notes that what had been missed was fetched; only then the venue is live."""
        if self._all.status is FeedStatus.RESYNCING:
            self._says(EVERYTHING, self._all, FeedStatus.LIVE, now)

    def look(self, now: int) -> list[Topic]:
        """Judges every silence; gives the topics that the venue should be asked about."""
        if self._is_late(self._all, now):
            self._falls(EVERYTHING, self._all, FeedStatus.STALE, now)
            return []
        suspects = []
        for topic, watch in self._topics.items():
            if not self._is_late(watch, now) or watch.status is not FeedStatus.LIVE:
                continue
            if topic.kind is Kind.REFERENCE or (topic.kind is Kind.BAR and self._trades(topic)):
                self._falls(topic.name, watch, FeedStatus.STALE, now)
            elif topic.kind is not Kind.BAR:
                suspects.append(topic)
        return suspects

    @property
    def stale(self) -> list[str]:
        """The names of the topics that are not live."""
        live = FeedStatus.LIVE
        whole = [] if self._all.status is live else [EVERYTHING]
        watches = self._topics.items()
        return whole + [topic.name for topic, watch in watches if watch.status is not live]

    @property
    def status(self) -> FeedStatus:
        """What the venue as a whole is."""
        return self._all.status

    @property
    def is_heard(self) -> bool:
        """Whether the venue speaks: it may still have to tell what was missed."""
        return self._all.status in (FeedStatus.LIVE, FeedStatus.RESYNCING)

    @property
    def is_live(self) -> bool:
        """Whether the venue speaks and nothing of it is missing."""
        return self._all.status is FeedStatus.LIVE

    def news(self) -> list[FeedState]:
        """Gives what changed since it was last asked."""
        said, self._said = self._said, []
        return said

    def _trades(self, bar: Topic) -> bool:
        """Whether a trade came after the bar of the same symbol had been heard last."""
        trade = self._topics.get(Topic(Kind.TRADE, bar.symbol))
        ours = self._topics[bar]
        return trade is not None and trade.heard and trade.at - ours.at >= self._stale_ns // 2

    def _is_late(self, watch: _Watch, now: int) -> bool:
        return now - watch.at >= self._stale_ns

    def _lives(self, name: str, watch: _Watch, now: int) -> None:
        watch.at = now
        if watch.status is not FeedStatus.LIVE:
            self._says(name, watch, FeedStatus.LIVE, now)

    def _falls(self, name: str, watch: _Watch, status: FeedStatus, now: int) -> None:
        if watch.status is not status:
            self._says(name, watch, status, now)

    def _says(self, name: str, watch: _Watch, status: FeedStatus, now: int) -> None:
        watch.status, watch.since = status, now
        age = (now - watch.at) / NS_PER_MS
        self._said.append(FeedState(self._venue, name, status, Ns(now), age))

"""Which policy is in force: the one document, published at the start and renewed in time."""

from collections.abc import Iterator

import msgspec

from quantum_os.events.governance import Direction, Policy, PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_HOUR, Ns
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.policy_document import hash_of
from quantum_os.kernel.reactor import Reactor


class PolicyConfig(msgspec.Struct, frozen=True):
    """The validated document this run starts with, from file, profile and overrides."""

    document: Policy
    author: str = "config"


class PolicyState(msgspec.Struct):
    """The version in force and when it runs out."""

    version: str = ""
    valid_until: int = 0


class PolicyDesk(Reactor[PolicyState]):
    """Publishes the policy and renews it from within, where no outer timer can fail it."""

    name = "governance.policy"

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__(PolicyState())
        self._config = config
        self._hash = hash_of(config.document)

    def on_start(self, event: ProcessStarted) -> PolicyUpdated:
        """Says the policy in force; in a world that stood still it runs on as it was left."""
        if event.world_went_on or self.state.version != self._version:
            return self._renewed("start")
        return self._published("start")

    def on_market_data(self, event: MarketData) -> Iterator[PolicyUpdated]:
        half_life = int(self._config.document.ttl_h * NS_PER_HOUR) // 2
        if self.state.version and self.now >= self.state.valid_until - half_life:
            yield self._renewed("renewed before it expires")

    @property
    def _version(self) -> str:
        return f"{self._config.document.profile}-{self._hash}"

    def _renewed(self, reason: str) -> PolicyUpdated:
        self.state.valid_until = self.now + int(self._config.document.ttl_h * NS_PER_HOUR)
        return self._published(reason)

    def _published(self, reason: str) -> PolicyUpdated:
        document = self._config.document
        previous, self.state.version = self.state.version, self._version
        return PolicyUpdated(
            version=self.state.version,
            previous=previous,
            hash=self._hash,
            changed=(),
            reason=reason,
            author=self._config.author,
            direction=Direction.NEUTRAL,
            valid_until=Ns(self.state.valid_until),
            policy=document,
            limits=effective_limits(document),
        )

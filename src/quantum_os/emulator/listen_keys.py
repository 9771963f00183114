"""Decides which listen keys are good, and until when."""

from collections.abc import Callable

from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.kernel.chance import secret

LIFETIME_NS = 60 * NS_PER_MINUTE
"""Wall ns after the last keep-alive at which a key expires."""


class ListenKeys:
    """One listen key per API key. `on_expiry` gets (API key, listen key)."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._keys: dict[str, tuple[str, int]] = {}
        self.on_expiry: Callable[[str, str], None] = lambda api_key, listen_key: None

    def open(self, api_key: str) -> str:
        """Gives the account's key, prolonged; a new one where there is none."""
        self.expire_due()
        listen_key, _ = self._keys.get(api_key, (secret(32), 0))
        self._keys[api_key] = (listen_key, self._now() + LIFETIME_NS)
        return listen_key

    def keep_alive(self, api_key: str) -> str | None:
        """Prolongs the account's key; None where there is none."""
        self.expire_due()
        return self.open(api_key) if api_key in self._keys else None

    def close(self, api_key: str) -> None:
        self._keys.pop(api_key, None)

    def owner(self, listen_key: str) -> str | None:
        """Whose key it is; None for one that is not good."""
        self.expire_due()
        return next((who for who, (key, _) in self._keys.items() if key == listen_key), None)

    def expire(self, api_key: str) -> None:
        """Ends the account's key now, and tells of it."""
        found = self._keys.pop(api_key, None)
        if found is not None:
            self.on_expiry(api_key, found[0])

    def expire_due(self) -> None:
        """Ends what was not kept alive."""
        for api_key, (_, until) in list(self._keys.items()):
            if self._now() >= until:
                self.expire(api_key)

"""Which account of a real exchange is traded, and with whose key."""

import msgspec


class ExchangeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account of testnet and live; other modes read none of it, and no key is ever here."""

    keys: str = ""
    """the key file (TOML: venue, realm, key, secret; chmod 600), or `credential:NAME` for one that
    the service manager holds"""
    key_fingerprint: str = ""
    """the fingerprint of the key that is meant, as `run` prints it; another key is refused"""

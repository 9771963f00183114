"""A secret is never shown, whatever it is called and wherever it stands."""

import pytest

from quantum_os.cli.masking import MASK, masked


@pytest.mark.parametrize(
    "key",
    [
        "api.password",
        "venue.api_key",
        "venue.api_secret",
        "venue.apikey",
        "alerts.telegram_token",
        "alerts.tokens",
        "store.private_key",
        "store.db_passphrase",
    ],
)
def test_a_secret_by_its_name_is_hidden_whole(key: str) -> None:
    assert masked(key, "hunter2") == MASK
    assert masked(key, ["hunter2"]) == MASK
    assert masked(key, "") == ""
    assert masked(key, None) is None


@pytest.mark.parametrize(
    "key", ["run.seed", "run.symbols", "sim.limit_through_ticks", "keys.monkey", "tokenizer.size"]
)
def test_what_only_sounds_like_one_is_shown(key: str) -> None:
    assert masked(key, "hunter2") == "hunter2"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:hunter2@db:5432/fund", "postgresql://ann:***@db:5432/fund"),
        ("redis://:hunter2@localhost/0", "redis://:***@localhost/0"),
        ("redis://:p@ss@localhost/0", "redis://:***@localhost/0"),
        ("https://hooks/x?id=3&token=hunter2", "https://hooks/x?id=3&token=***"),
        ("sqlite:///var/journal.sqlite", "sqlite:///var/journal.sqlite"),
        ("https://example.org/a:b@c", "https://example.org/a:b@c"),
    ],
)
def test_in_a_url_the_secret_goes(url: str, shown: str) -> None:
    assert masked("store.url", url) == shown
    assert masked("store.urls", [url]) == [shown]
    assert masked("store", {"url": url, "password": "x"}) == {"url": shown, "password": MASK}

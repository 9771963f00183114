"""A Redis URL is taken as it is, shown without its secret, and refused when it names none."""

import pytest

from quantum_os.storage.redis.address import redis_url, shown


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://:secret@host",
        "rediss://user:secret@host:6380/3",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_a_url_is_taken_as_it_is(url: str) -> None:
    assert redis_url(url) == url
    assert "secret" not in shown(url)


@pytest.mark.parametrize("text", ["", "redis:", "redis://", "127.0.0.1:6379", "http://host"])
def test_what_names_no_redis_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no Redis"):
        redis_url(text)


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(ValueError, match="names no Redis") as refused:
        redis_url("http://user:secret@host")
    assert "secret" not in str(refused.value)

"""A URL names a database, or one line says what would."""

from pathlib import Path

import pytest

from quantum_os.storage.database.address import Dialect, store_address

HOME = Path("var")


def test_without_a_url_the_store_is_a_file_in_the_home() -> None:
    address = store_address(None, HOME)
    assert (address.dialect, address.path) == (Dialect.SQLITE, Path("var/store.sqlite"))


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///kept/store.sqlite", "kept/store.sqlite"), ("sqlite:////srv/s.db", "/srv/s.db")],
)
def test_a_file_is_taken_as_it_is(url: str, path: str) -> None:
    assert store_address(url, HOME).path == Path(path)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_is_taken_as_it_is(scheme: str) -> None:
    address = store_address(f"{scheme}://fund@db.example.org:6432/fund?sslmode=require", HOME)
    assert address.dialect is Dialect.POSTGRESQL
    assert address.url == "postgresql+psycopg://fund@db.example.org:6432/fund?sslmode=require"
    assert address.shown == "postgresql://fund@db.example.org:6432/fund?sslmode=require"


def test_a_password_is_never_shown() -> None:
    address = store_address("postgresql://fund:s3cret@localhost/fund", HOME)
    assert "s3cret" in address.url
    assert address.shown == "postgresql://fund:***@localhost/fund"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.sqlite",
        "sqlite://store.sqlite",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///store.sqlite?mode=ro",
        "postgresql://",
        "postgresql:///",
        "mysql://fund@localhost/fund",
        "redis://localhost",
    ],
)
def test_anything_else_is_refused_with_what_would_do(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///PATH or postgresql://USER@HOST/NAME"):
        store_address(url, HOME)

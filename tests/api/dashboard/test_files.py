"""The files of the dashboard: ours alone, of their kind, packaged, and safe to look at."""

import re
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from quantum_os.api.dashboard.files import files, pages
from tests.api.dashboard.door import PAGES
from tests.api.served import Served

ROOT = Path(__file__).parents[3]
LINK = re.compile(r"""(?:https?:)?//[\w.-]+\.\w+""")
UNSAFE = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")


def test_each_file_is_sent_as_what_it_is(fund: Served) -> None:
    assert len(files()) > 30
    for name, file in files().items():
        answer = fund.get(f"/dashboard/{name}", role=None)
        assert answer.status == 200
        assert answer.body == file.content
        assert answer.headers["content-type"].split(";")[0] == file.media_type
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_a_file_that_is_held_already_is_not_sent_again(fund: Served) -> None:
    tag = fund.get("/dashboard/main.js", role=None).headers["etag"]
    again = fund.get("/dashboard/main.js", role=None, headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    other = fund.get("/dashboard/main.js", role=None, headers={"If-None-Match": '"another"'})
    assert other.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/none.js",
        "/dashboard/routes.py",
        "/dashboard/../tokens.py",
        "/dashboard/..%2ftokens.py",
        "/dashboard//etc/passwd",
        "/dashboard/",
    ],
)
def test_nothing_else_is_given(fund: Served, path: str) -> None:
    assert fund.get(path, role=None).status in (400, 404)


def test_the_front_is_the_page_and_names_no_value(fund: Served) -> None:
    answer = fund.get("/", role=None)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.body.decode()
    assert "<script>" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)


def test_no_file_leads_outside_or_writes_markup() -> None:
    texts = {name: file.content.decode() for name, file in files().items()}
    outside = {
        name: LINK.findall(text.replace("//www.w3.org/", "")) for name, text in texts.items()
    }
    assert {name: found for name, found in outside.items() if found} == {}
    assert [name for name, text in texts.items() if UNSAFE.search(text)] == []


def test_canary_a_link_and_markup_are_seen() -> None:
    assert LINK.search("import 'https://cdn.example.org/x.js'")
    assert UNSAFE.search("node.innerHTML = text")


def test_each_page_is_one_file(fund: Served) -> None:
    listed = fund.get("/dashboard/pages.json", role=None).json()["pages"]
    assert listed == pages()
    assert sorted(each.removesuffix(".js") for each in listed) == sorted(PAGES)


def test_every_script_opens_with_what_it_is_for() -> None:
    openings = {
        name: file.content.decode().splitlines()[0]
        for name, file in files().items()
        if file.media_type in ("text/javascript", "text/css")
    }
    assert [
        name for name, line in openings.items() if not re.fullmatch(r"/\* .+[.] \*/", line)
    ] == []


def test_the_package_holds_every_file() -> None:
    builder = WheelBuilder(str(ROOT))
    packed = {each.distribution_path for each in builder.recurse_included_files()}
    place = "quantum_os/api/dashboard/static/"
    assert {each.removeprefix(place) for each in packed if each.startswith(place)} >= set(files())

"""Files and functions stay as short as the house style says."""

from tests.tidy import house
from tests.tidy.sizes import file_length, function_lengths, share_within

FILE_LINES_MEDIAN, FILE_LINES_P90, FILE_LINES_MAX = 100, 250, 400
FUNCTION_LINES_MEDIAN, FUNCTION_LINES_P90, FUNCTION_LINES_MAX = 8, 20, 60


def within(lengths: dict[str, int], *, median: int, p90: int, longest: int) -> list[str]:
    """Says what is too long; an empty list is a tidy house."""
    values = list(lengths.values())
    said = [f"{name}: {length} lines" for name, length in lengths.items() if length > longest]
    if share_within(values, 0.5) > median:
        said.append(f"median {share_within(values, 0.5)} > {median}")
    if share_within(values, 0.9) > p90:
        said.append(f"p90 {share_within(values, 0.9)} > {p90}")
    return said


def files_too_long(texts: dict[str, str]) -> list[str]:
    lengths = {name: file_length(text) for name, text in texts.items()}
    return within(lengths, median=FILE_LINES_MEDIAN, p90=FILE_LINES_P90, longest=FILE_LINES_MAX)


def functions_too_long(texts: dict[str, str]) -> list[str]:
    lengths = {
        f"{name}:{function}": length
        for name, text in texts.items()
        for function, length in function_lengths(text).items()
    }
    return within(
        lengths,
        median=FUNCTION_LINES_MEDIAN,
        p90=FUNCTION_LINES_P90,
        longest=FUNCTION_LINES_MAX,
    )


def function_of(lines: int) -> str:
    return "def f() -> None:\n" + "    pass\n" * (lines - 1)


def test_source_files_are_short() -> None:
    assert files_too_long(house.texts("src/", suffix=".py")) == []


def test_source_functions_are_short() -> None:
    assert functions_too_long(house.texts("src/", suffix=".py")) == []


def test_a_file_over_the_limit_is_seen() -> None:
    tidy = {f"{n}.py": "x = 1\n" * 100 for n in range(20)}
    assert files_too_long(tidy) == []
    assert files_too_long(tidy | {"long.py": "x = 1\n" * 401}) == ["long.py: 401 lines"]


def test_a_house_of_middling_files_is_seen() -> None:
    assert files_too_long({"a.py": "x = 1\n" * 101}) == ["median 101 > 100"]
    half = {f"{n}.py": "x = 1\n" * (251 if n < 3 else 10) for n in range(10)}
    assert files_too_long(half) == ["p90 251 > 250"]


def test_a_function_over_the_limit_is_seen() -> None:
    tidy = {f"{n}.py": function_of(8) for n in range(20)}
    assert functions_too_long(tidy) == []
    assert functions_too_long(tidy | {"long.py": function_of(61)}) == ["long.py:f:1: 61 lines"]


def test_methods_and_inner_functions_are_measured() -> None:
    text = "class A:\n    async def g(self) -> None:\n        def h() -> None:\n            pass\n"
    assert function_lengths(text) == {"g:2": 3, "h:3": 2}

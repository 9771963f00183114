"""Which words may not stand in our files: unfinished work, patches, and places of one machine."""

import re

# The patterns are put together from halves so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
PATCHES = re.compile(
    r"\bunittest\.m" r"ock\b|\bfrom unittest import m" r"ock\b|\bmonkey" r"patch\b"
)
MACHINE_PLACES = re.compile(
    r"(?<![\w.~/-])/(?:wo" r"rk/|ro" r"ot/|ho" r"me/\w|op" r"t/|Us" r"ers/\w)|fi" r"le:///"
)
REGISTRIES = re.compile(
    r"https?://[^\s/\"'<>]*(?:py"
    r"pi|python"
    r"hosted|arti"
    r"factory|dev"
    r"pi|ne"
    r"xus|jf"
    r"rog)"
    r"|https?://[^\s\"'<>]+/sim"
    r"ple\b"
)
LOCK_SOURCES = re.compile(r"(?m)^\s*(?:-i|-f|--index-url|--extra-index-url|--find-links|.* @ )")


def found(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    """Lists `path:line: match` for every match."""
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()}"
        for name, text in texts.items()
        for match in pattern.finditer(text)
    ]


def with_foreign_line_ends(texts: dict[str, str]) -> list[str]:
    """Lists the files in which a carriage return stands."""
    return [name for name, text in texts.items() if "\r" in text]

"""`quantum-os logs`: the notable events of a running process as lines; `-f` follows them."""

from pathlib import Path
from typing import Any

import rich_click as click

from quantum_os.api.log_lines import level_of, message_of
from quantum_os.cli.api_client import ApiClient, RefusedByApi, Unreachable, home_option
from quantum_os.cli.console import out, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.storage.home import Home


@click.command()
@home_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0, 500), default=20, show_default=True)
@click.option("--streams", default="", metavar="A,B", help="Follow these streams; `*` is all.")
def logs(home: Path, follow: bool, lines: int, streams: str) -> None:
    """Show what a running process last did, one line per notable event."""
    try:
        client = ApiClient(Home(home))
        shown = client.get("/logs", limit=max(1, lines))["lines"][:lines]
        for line in reversed(shown):
            _print(line["at"], line["source"], line["level"], line["message"])
        if follow:
            last = {"after": shown[0]["seq"]} if shown else {}
            for sent in client.follow(streams=streams, **last):
                _print(*_words(sent.stream, sent.data))
    except KeyboardInterrupt:
        return
    except (Unreachable, RefusedByApi) as error:
        refuse(str(error), ExitCode.FAILED)


def _words(stream: str, data: dict[str, Any]) -> tuple[str, str, str, str]:
    return (
        data.get("at", ""),
        data.get("source", "api"),
        level_of(stream),
        message_of(stream, data["event"]),
    )


def _print(at: str, source: str, level: str, message: str) -> None:
    out.print(
        f"{at} - {source} - {level} - {message}", highlight=False, markup=False, soft_wrap=True
    )

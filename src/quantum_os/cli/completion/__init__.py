"""`quantum-os completion`: the script that teaches a shell every verb, option and choice."""

import sys

import rich_click as click

from quantum_os.cli.completion.fish import fish_script
from quantum_os.cli.completion.posix import bash_script, zsh_script
from quantum_os.cli.completion.table import every_verb

SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


@click.command()
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    The script knows all by itself: no Python starts when Tab is pressed. Write it once, and again
    after an update.

    \b
    bash: quantum-os completion bash > ~/.local/share/bash-completion/completions/quantum-os
    zsh:  quantum-os completion zsh > DIR/_quantum-os, for a DIR of your $fpath
    fish: quantum-os completion fish > ~/.config/fish/completions/quantum-os.fish
    """
    sys.stdout.write(SCRIPTS[shell](every_verb(context.find_root().command)))

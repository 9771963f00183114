"""The completion script of fish: one line for each word that may be typed."""

from collections.abc import Iterable, Iterator

from quantum_os.cli.completion.table import FILE, WORD, Option, Verb

HEAD = """\
# Completes quantum-os in fish; written by: quantum-os completion fish

set -g __quantum_os_verbs {verbs}

# Whether the words given so far have come to this verb.
function __quantum_os_at
    set -l verb ''
    for word in (commandline -opc)[2..-1]
        set -l longer (string trim -- "$verb $word")
        if contains -- $longer $__quantum_os_verbs
            set verb $longer
        end
    end
    test "$verb" = "$argv[1]"
end

complete -c quantum-os -e
complete -c quantum-os -f
"""


def fish_script(verbs: Iterable[Verb]) -> str:
    """Gives the script for fish 3 and later."""
    known = tuple(verbs)
    names = " ".join(f"'{verb.path}'" for verb in known if verb.path)
    lines = (line for verb in known for line in _lines(verb))
    return HEAD.format(verbs=names) + "\n" + "\n".join(lines) + "\n"


def _lines(verb: Verb) -> Iterator[str]:
    at = f"complete -c quantum-os -n '__quantum_os_at \"{verb.path}\"'"
    for each in verb.verbs:
        yield f"{at} -a '{each.word}' -d '{each.meaning}'"
    for word in verb.takes:
        yield f"{at} -F" if word == FILE else f"{at} -a '{word}'"
    for option in verb.options:
        yield f"{at} {_named(option)}{_taken(option)} -d '{option.meaning}'"


def _named(option: Option) -> str:
    kinds = (
        (f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}") for name in option.names
    )
    return " ".join(kinds)


def _taken(option: Option) -> str:
    if not option.takes:
        return ""
    if FILE in option.takes:
        return " -r -F"
    words = " ".join(word for word in option.takes if word != WORD)
    return f" -x -a '{words}'" if words else " -x"

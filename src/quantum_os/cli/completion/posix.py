"""The completion scripts of bash and zsh: one table for both, and what each does with it."""

from collections.abc import Iterable, Iterator

from quantum_os.cli.completion.table import Verb

HEAD = """\
# Completes quantum-os in {shell}; written by: quantum-os completion {shell}

# Says what may be typed, one `word:meaning` a line: $1 is the question, of verbs, options, values.
_quantum_os_says() {{
    case "$1" in
{arms}
    esac
}}

# Says which verb the words given so far have come to, e.g. `db check`.
_quantum_os_verb() {{
    local verb="" word
    for word in "$@"; do
        case "
$(_quantum_os_says "verbs $verb")" in
            *"
$word:"*) verb="${{verb:+$verb }}$word" ;;
        esac
    done
    printf '%s' "$verb"
}}
"""

BASH = """
_quantum_os() {
    local current="${COMP_WORDS[COMP_CWORD]}" at=$((COMP_CWORD - 1)) verb said line
    # bash takes --option=value for three words.
    if [ "$current" = "=" ]; then
        current=""
    elif [ "${COMP_WORDS[at]}" = "=" ]; then
        at=$((at - 1))
    fi
    verb="$(_quantum_os_verb "${COMP_WORDS[@]:1:COMP_CWORD-1}")"
    COMPREPLY=()
    said="$(_quantum_os_says "values $verb ${COMP_WORDS[at]}")"
    if [ -z "$said" ]; then
        case "$current" in
            -*) said="$(_quantum_os_says "options $verb")" ;;
            *) said="$(_quantum_os_says "verbs $verb")" ;;
        esac
    fi
    while IFS= read -r line; do
        case "$line" in
            @file:*) compopt -o default 2> /dev/null ;;
            @*) ;;
            "$current"*) COMPREPLY+=("${line%%:*}") ;;
        esac
    done <<< "$said"
}

complete -F _quantum_os quantum-os
"""

ZSH = """
_quantum_os() {
    local verb said line before="${words[CURRENT-1]}"
    local -a found
    if [[ "${words[CURRENT]}" == --*=* ]]; then
        before="${words[CURRENT]%%=*}"
        compset -P '*='
    fi
    verb="$(_quantum_os_verb "${(@)words[2,CURRENT-1]}")"
    said="$(_quantum_os_says "values $verb $before")"
    if [[ -z "$said" ]]; then
        case "${words[CURRENT]}" in
            -*) said="$(_quantum_os_says "options $verb")" ;;
            *) said="$(_quantum_os_says "verbs $verb")" ;;
        esac
    fi
    for line in "${(@f)said}"; do
        case "$line" in
            @file:*) _files ;;
            @*) ;;
            ?*) found+=("${line%:}") ;;
        esac
    done
    (( ${#found} )) && _describe 'quantum-os' found
}

if [ "$funcstack[1]" = "_quantum_os" ]; then
    _quantum_os "$@"
else
    compdef _quantum_os quantum-os
fi
"""


def bash_script(verbs: Iterable[Verb]) -> str:
    """Gives the script for bash 4.4 and later."""
    return _head(verbs, "bash") + BASH


def zsh_script(verbs: Iterable[Verb]) -> str:
    """Gives the script for zsh 5: for a folder of $fpath, or to be sourced after compinit."""
    return "#compdef quantum-os\n" + _head(verbs, "zsh") + ZSH


def _head(verbs: Iterable[Verb], shell: str) -> str:
    arms = "\n".join(arm for verb in verbs for arm in _arms(verb))
    return HEAD.format(shell=shell, arms=arms)


def _arms(verb: Verb) -> Iterator[str]:
    """Answers every question about one verb; arguments are told with the verbs."""
    next_words = [f"{each.word}:{each.meaning}" for each in verb.verbs]
    yield from _arm(f"verbs {verb.path}", [*next_words, *(f"{word}:" for word in verb.takes)])
    names = [f"{name}:{each.meaning}" for each in verb.options for name in each.names]
    yield from _arm(f"options {verb.path}", names)
    for option in verb.options:
        for name in option.names:
            yield from _arm(f"values {verb.path} {name}", [f"{word}:" for word in option.takes])


def _arm(question: str, lines: list[str]) -> Iterator[str]:
    if lines:
        quoted = " ".join(f"'{line}'" for line in lines)
        yield f"        '{question}') printf '%s\\n' {quoted} ;;"

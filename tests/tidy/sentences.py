"""Whether a module opens with a sentence on what it decides."""

import ast


def opening(text: str) -> str | None:
    """Gives the first paragraph of a module's docstring on one line, or None."""
    docstring = ast.get_docstring(ast.parse(text))
    if not docstring or not docstring.strip():
        return None
    return " ".join(docstring.strip().split("\n\n")[0].split())


def opens_with_a_sentence(text: str) -> bool:
    """A sentence has three words at least and ends like one."""
    said = opening(text)
    return said is not None and len(said.split()) >= 3 and said[-1] in ".!?"

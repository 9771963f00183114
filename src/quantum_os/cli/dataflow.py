"""The data flow as a picture, drawn from the line-up itself."""

from collections.abc import Sequence

from quantum_os.events.base import stream_of
from quantum_os.kernel.reactor import Module

HEADING = """# Data flow

Generated from the line-up by `quantum-os lineup --page`; a test keeps it fresh. Boxes are modules
in the order of an order's life, arrows are streams. Timers, the process's start and the policy
reach nearly everyone and are left out of the picture; the table below has them.
"""

_EVERYWHERE = frozenset(
    {
        "process.started",
        "timer.fired",
        "timer.set",
        "timer.cancelled",
        "policy.updated",
        "instrument.updated",
    }
)


def mermaid(modules: Sequence[Module]) -> str:
    """Draws who hears whom; one arrow per pair of modules, labelled with the streams."""
    lines = ["flowchart LR"]
    for package in dict.fromkeys(module.name.split(".")[0] for module in modules):
        members = [module.name for module in modules if module.name.split(".")[0] == package]
        lines.append(f"  subgraph {package}")
        lines += [f'    {_key(name)}["{name}"]' for name in members]
        lines.append("  end")
    lines += _arrows(modules)
    return "\n".join(lines)


def dataflow_page(modules: Sequence[Module]) -> str:
    """Gives `docs/dataflow.md` whole."""
    rows = ["| stream | said by | heard by |", "|---|---|---|"]
    kinds = {kind for module in modules for kind in (*module.produces, *module.consumes)}
    for kind in sorted(kinds, key=stream_of):
        said = ", ".join(module.name for module in modules if kind in module.produces)
        heard = ", ".join(module.name for module in modules if kind in module.consumes)
        rows.append(
            f"| `{stream_of(kind)}` | {said or 'kernel, operator'} | {heard or 'journal'} |"
        )
    table = "\n".join(rows)
    return f"{HEADING}\n```mermaid\n{mermaid(modules)}\n```\n\n{table}\n"


def _arrows(modules: Sequence[Module]) -> list[str]:
    arrows = []
    for speaker in modules:
        for hearer in modules:
            streams = sorted(
                stream_of(kind) for kind in speaker.produces if kind in hearer.consumes
            )
            shown = [stream for stream in streams if stream not in _EVERYWHERE]
            if shown and speaker is not hearer:
                label = "<br/>".join(shown)
                arrows.append(f"  {_key(speaker.name)} -->|{label}| {_key(hearer.name)}")
    return arrows


def _key(name: str) -> str:
    return name.replace(".", "_")

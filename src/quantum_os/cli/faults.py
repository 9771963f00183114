"""What is told of a module that broke down in a run: which, when, and the lines it happened in."""

from quantum_os.cli.console import err
from quantum_os.kernel.bus import Bus


def tell_faults(bus: Bus) -> None:
    """Prints on stderr where each faulted module broke its promise."""
    for name, fault in bus.faulted.items():
        where = f"{name} broke down at event {fault.event_seq} ({fault.stream})"
        err.print(f"{where}\n{fault.traceback}", style="yellow", highlight=False, markup=False)

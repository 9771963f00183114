"""Whether the journal, played once more from its beginning, says the same to the last bit."""

from collections.abc import Iterator

from quantum_os.kernel.journal import JournalDamaged
from quantum_os.kernel.recovery import Diverged
from quantum_os.kernel.snapshots import take, to_bytes
from quantum_os.simulator.disk import Disk
from quantum_os.simulator.life import stands
from quantum_os.simulator.mortality import Tether
from quantum_os.simulator.world import World


def retold(world: World) -> Iterator[tuple[int, str, str]]:
    """Gives (number, name, text) of what differs: replay from the first snapshot, and the newest.

    Both must come to the same states; each recovery compares every event on its way.
    """
    lasting = world.disk
    world.faults.healed = True
    try:
        newest = _states(world)
        base = world.prelude
        world.disk = Disk(world.faults, base.snapshot, base.rows)
        world.disk.rows, world.disk.spool = lasting.rows, lasting.spool
        oldest = _states(world)
    except (Diverged, JournalDamaged) as error:
        yield 19, "deterministic", f"{type(error).__name__}: {error}"
        return
    finally:
        world.disk = lasting
    if newest != oldest:
        yield 18, "replayable", "the states differ between a replay of all and one of the tail"


def _states(world: World) -> bytes:
    recovered = stands(world, Tether()).recovered
    return to_bytes(take(recovered.bus, recovered.modules))

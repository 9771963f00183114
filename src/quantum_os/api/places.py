"""How many connections the API may hold: never so many that the fund runs out of open files."""

import resource

import structlog

from quantum_os.api.connections import CONNECTIONS_MAX, ImpatientHttp

FILES_WANTED = 4_096
"""Open files that the process asks for, where it may have them."""

FILES_KEPT = 256
"""Open files left to the fund: its journal, stores and venues."""

PLACES_MIN = 16

_log = structlog.get_logger("quantum_os.api")


def placed() -> type[ImpatientHttp]:
    """Gives the protocol with as many places as the limit of open files (RLIMIT_NOFILE) allows."""
    count = places_in(_files())
    if count < CONNECTIONS_MAX:
        _log.warning("few files may be open, so few may connect", places=count)

    class Placed(ImpatientHttp):
        places = count

    return Placed


def places_in(files: int) -> int:
    """Gives the places that a limit of open files leaves room for."""
    return max(PLACES_MIN, min(CONNECTIONS_MAX, files - FILES_KEPT))


def _files() -> int:
    """Raises the limit as far as it is allowed and wanted; gives what holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_open = resource.RLIM_INFINITY
    reach = FILES_WANTED if hard == is_open else min(hard, FILES_WANTED)
    if soft == is_open or soft >= reach:
        return FILES_WANTED if soft == is_open else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (reach, hard))
    return reach

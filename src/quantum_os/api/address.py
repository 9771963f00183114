"""Where the commands of this machine find a running process: a private file in its home."""

from pathlib import Path

import msgspec

from quantum_os.api.private_file import write_private
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.home import Home

ADDRESS_FILE = "api.json"


class Address(msgspec.Struct, frozen=True):
    """The process's address, and a token that lives as long as the process."""

    url: str
    token: str
    pid: int


def address_file(home: Home) -> Path:
    return home.folder / ADDRESS_FILE


def write_address(home: Home, address: Address) -> None:
    """Says where this process is; raises OSError."""
    write_private(address_file(home), msgspec.json.encode(address))


def read_address(home: Home) -> Address | None:
    """Gives the address of the process that wrote it last; None when there is none."""
    try:
        return msgspec.json.decode(address_file(home).read_bytes(), type=Address)
    except (*UNREADABLE, OSError):
        return None

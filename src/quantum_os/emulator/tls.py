"""EDGE. Which certificate the emulator shows: one of a test authority that is made on the spot."""

import ssl
from pathlib import Path

import trustme

HOSTS = ("*.binance.com", "localhost", "127.0.0.1")
"""Names that the certificate is good for."""

CA_FILE = "ca.pem"


def server_context(folder: Path) -> ssl.SSLContext:
    """Makes an authority and a certificate, and writes the authority's `ca.pem` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / CA_FILE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    return context

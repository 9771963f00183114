"""What may not be shown of a configuration: passwords, tokens and keys, wherever they stand."""

import re

MASK = "***"

_SECRET_KEY = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|token|credential|credentials"
    r"|api_?key|private_?key|key_?secret)s?(?:_|$)",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?<=://)(?P<user>[^/?#@:\s]*):[^/?#\s]*@")
_IN_QUERY = re.compile(
    r"(?P<name>[?&;](?:[\w-]*(?:password|passwd|secret|token|key|signature))=)[^&;#\s]+",
    re.IGNORECASE,
)


def masked(path: str, value: object) -> object:
    """Gives the value as it may be shown: a secret by its key's name is hidden whole.

    In a URL the password goes, and whatever a query calls a secret; what is not set stays so.
    """
    if isinstance(value, dict):
        return {key: masked(f"{path}.{key}", each) for key, each in value.items()}
    if _SECRET_KEY.search(path.rpartition(".")[2]) and value not in (None, "", [], ()):
        return MASK
    if isinstance(value, list | tuple):
        return [masked(path, each) for each in value]
    if isinstance(value, str):
        hidden = _IN_URL.sub(rf"\g<user>:{MASK}@", value)
        return _IN_QUERY.sub(rf"\g<name>{MASK}", hidden)
    return value

"""Which bytes are a bundle, and which members does it hold?"""

import hashlib
from collections.abc import Iterable

SUMS = "SHA256SUMS"


def sums_text(members: Iterable[tuple[str, bytes]]) -> bytes:
    """The bytes of SHA256SUMS for these other members, in their order; `sha256sum -c` reads it."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in members).encode()

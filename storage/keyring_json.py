"""How is a key ring written down, so that the next version still reads it?

One JSON document, version 1, on one line: the same text in a file, in an environment variable and inside a
copy. Whoever reads it has every key.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from storage.keyring import Kek, KeyRing, NumberedKey, RingUnreadable

FORMAT = "assent-keyring"
VERSION = 1


def encode(ring: KeyRing) -> str:
    """The ring as one line of JSON; secret in full."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "revision": ring.revision,
            "install_id": str(ring.install_id),
            "root": _text(ring.root),
            "keks": [
                {
                    "kid": kek.kid,
                    "secret": _text(kek.secret),
                    "created_at": _moment(kek.created_at),
                    "retired_at": None if kek.retired_at is None else _moment(kek.retired_at),
                }
                for kek in ring.keks
            ],
            "index": [_numbered(key) for key in ring.index],
            "links": [_numbered(key) for key in ring.links],
            "suppression_key": _text(ring.suppression_key),
            "system_secret": _text(ring.system_secret),
            "log_seeds": {name: _text(seed) for name, seed in ring.log_seeds.items()},
        },
        separators=(",", ":"),
    )


def decode(text: str | bytes) -> KeyRing:
    """The ring of this text; raises RingUnreadable, which repeats nothing of it."""
    reason = "it is not complete or was altered"
    try:
        found = json.loads(text)
        if found["format"] == FORMAT and found["version"] == VERSION:
            return _ring(found)
        reason = f"it is not an {FORMAT} of version {VERSION}; a newer version of the program may have made it"
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        pass
    raise RingUnreadable(f"the key ring cannot be read: {reason}; put the newest good one in its place")


def _ring(found: dict[str, Any]) -> KeyRing:
    return KeyRing(
        install_id=UUID(found["install_id"]),
        revision=int(found["revision"]),
        root=_bytes(found["root"]),
        keks=tuple(
            Kek(
                kid=int(kek["kid"]),
                secret=_bytes(kek["secret"]),
                created_at=_when(kek["created_at"]),
                retired_at=None if kek["retired_at"] is None else _when(kek["retired_at"]),
            )
            for kek in found["keks"]
        ),
        index=tuple(_key(key) for key in found["index"]),
        links=tuple(_key(key) for key in found["links"]),
        suppression_key=_bytes(found["suppression_key"]),
        system_secret=_bytes(found["system_secret"]),
        log_seeds={name: _bytes(seed) for name, seed in found["log_seeds"].items()},
    )


def _numbered(key: NumberedKey) -> dict[str, object]:
    return {"kid": key.kid, "secret": _text(key.secret), "created_at": _moment(key.created_at)}


def _key(found: dict[str, Any]) -> NumberedKey:
    return NumberedKey(kid=int(found["kid"]), secret=_bytes(found["secret"]), created_at=_when(found["created_at"]))


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _when(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment.astimezone(UTC)

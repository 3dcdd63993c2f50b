"""What has this witness cosigned last, of each log?

One file for each log, holding the cosigned checkpoint itself, named by the hash of the log's origin. Looking and
storing are one step under a lock, durable before it ends: an answer after it is never contradicted by a later start. A
marker names the key that the folder belongs to, because a witness that lost its memory must not sign again as itself.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.durable_files import locked, replace_file

_MARKER = "witness.vkey"


class WitnessStateLost(Exception):
    """The folder is not the memory of this key; the text says what to do."""

    code = "witness.state_lost"


@dataclass(frozen=True, slots=True)
class WitnessState:
    """The memory of one witness; every method blocks, and may be called from several threads and processes."""

    folder: Path

    def bind(self, vkey: str, *, fresh: bool) -> None:
        """Makes the folder the memory of a fresh key, or makes sure that it is that of an old one.

        Raises WitnessStateLost for an old key without its memory, and for a fresh one beside another's.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        marker = self.folder / _MARKER
        bound = marker.read_text(encoding="utf-8").strip() if marker.exists() else None
        if bound == vkey:
            return
        if not fresh:
            raise WitnessStateLost(
                f"{self.folder} does not hold what this key cosigned before. Bring the folder back, or make a new key "
                "and give its verifier key to the log: a witness that forgot must not sign again under its old name"
            )
        if any(self.folder.glob("*.checkpoint")):
            raise WitnessStateLost(f"{self.folder} holds what another key cosigned; give each key a folder of its own")
        replace_file(marker, f"{vkey}\n".encode())

    def read(self, origin: str) -> bytes | None:
        """The cosigned checkpoint of this log; None when there is none yet."""
        return self.by_name(hashlib.sha256(origin.encode()).hexdigest())

    def by_name(self, name: str) -> bytes | None:
        """As `read`, by the lower-case hexadecimal hash of the origin."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def advance(self, origin: str, step: Callable[[bytes | None], bytes | None]) -> None:
        """Gives `step` what is stored and stores what it returns, None leaving it; nobody comes between."""
        name = hashlib.sha256(origin.encode()).hexdigest()
        with locked(self.folder / f"{name}.lock"):
            following = step(self.by_name(name))
            if following is not None:
                replace_file(self._path(name), following)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.checkpoint"

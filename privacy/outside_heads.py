"""What does somebody outside of the database remember of the logs?

Whoever restores a database from a backup, or rewrites it, cannot take back a head that was signed and kept elsewhere.
The copy beside the key ring is always asked; what lies further away (a shared folder, witnesses) when a process begins
to work the log, because it may be slow, and what it said then stays true.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.proof.checkpoint import OpenedCheckpoint, open_cosigned
from domain.proof.errors import ProofError
from domain.proof.note import Verifier
from storage.head_files import HeadFiles, HeadNotKept

log = logging.getLogger(__name__)


class OutsideUnavailable(Exception):
    """This place cannot say now what it remembers; it is passed over."""


class OutsideHeads(Protocol):
    """A place outside of the database that remembers signed heads."""

    async def newest(self, origin: str) -> Sequence[bytes]:
        """Notes of this log that the place holds, the newest among them; none of a log it does not know.

        What comes back is not believed before its signature is checked. Raises OutsideUnavailable.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Notes of one log from outside; `own` are those of the copy beside the key ring."""

    own: tuple[bytes, ...] = ()
    others: tuple[bytes, ...] = ()


@dataclass(slots=True, kw_only=True)
class Outside:
    """Every place outside of the database, for one process."""

    own: HeadFiles | None = None
    others: Sequence[OutsideHeads] = ()
    _said: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    _kept: dict[str, bytes] = field(default_factory=dict)
    _behind: bool = False

    @property
    def behind(self) -> bool:
        """Whether the newest head could not be kept beside the key ring when that was tried last."""
        return self._behind

    async def ask(self, origin: str) -> Remembered:
        """What all places say now; one that cannot is passed over, but for the copy beside the key ring."""
        said = await asyncio.gather(*(_asked(place, origin) for place in self.others))
        self._said[origin] = tuple(dict.fromkeys(note for notes in said for note in notes))
        return await self.remembered(origin)

    async def remembered(self, origin: str) -> Remembered:
        """What the copy beside the key ring says now, and what the others said when they were asked last.

        Raises HeadUnreadable when there is a copy that cannot be read.
        """
        own = () if self.own is None else tuple(await self.own.newest(origin))
        return Remembered(own=own, others=self._said.get(origin, ()))

    async def keep(self, origin: str, note: bytes) -> None:
        """Writes the note beside the key ring; a failure is logged and told by `behind`, and tried again later."""
        if self.own is None or self._kept.get(origin) == note:
            return
        try:
            await self.own.keep(origin, note)
        except HeadNotKept as error:
            if not self._behind:
                log.warning("log.head_not_kept", extra={"error": error.code})
            self._behind = True
            return
        self._kept[origin] = note
        self._behind = False


def opened(notes: Iterable[bytes], verifiers: Iterable[Verifier]) -> tuple[list[OpenedCheckpoint], int]:
    """The heads that one of these keys signed, and how many notes none of them did."""
    keys, heads, unknown = list(verifiers), [], 0
    for note in notes:
        try:
            heads.append(open_cosigned(note, keys))
        except ProofError:
            unknown += 1
    return heads, unknown


async def _asked(place: OutsideHeads, origin: str) -> Sequence[bytes]:
    try:
        return await place.newest(origin)
    except OutsideUnavailable as error:
        log.warning("log.outside_not_reached", extra={"kind": type(place).__name__, "error": type(error).__name__})
        return ()

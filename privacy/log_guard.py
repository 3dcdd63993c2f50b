"""Is the database older than what was signed, or another one?

A log that signs two different trees under one name is worth nothing. So before anything is sequenced or signed, every
head that something outside of the database remembers must be a beginning of what the database holds, tile by tile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.proof.checkpoint import Checkpoint
from domain.proof.log import LogKey
from privacy.log_signing import known_verifiers
from privacy.outside_heads import Remembered, opened
from storage.errors import StorageError
from storage.log import LogHead, LogStore
from storage.log_tiles import LogDamaged

if TYPE_CHECKING:
    from storage.database import Transaction
    from storage.keyring import KeyRing

WHAT_TO_DO = (
    "Nothing is sequenced or signed, entries wait. Put the newest database back, or, if there is none, run "
    "`assent proofs new-log --reason ...`: docs/operations.md says what that means"
)


class Difference(StrEnum):
    """How what is kept outside differs from the database."""

    SHORTER = "shorter"
    """The database holds fewer entries than were signed."""
    OTHER = "other"
    """It holds enough entries, and others."""
    NOT_THERE = "not_there"
    """It does not know a log of which a head was signed."""
    NOT_OURS = "not_ours"
    """The copy beside the key ring bears no signature of a key of this log."""


class RollbackFound(StorageError):
    """The database is not the one whose heads were signed: signing would fork the log."""

    code = "log.rollback"

    def __init__(self, difference: Difference, *, log_id: int, size: int, outside: int) -> None:
        super().__init__(f"{_said(difference, log_id, size, outside)}. {WHAT_TO_DO}")
        self.difference = difference
        self.log_id = log_id
        self.size = size
        self.outside = outside


def _said(difference: Difference, log_id: int, size: int, outside: int) -> str:
    match difference:
        case Difference.SHORTER:
            return f"the database holds {size} entries of log {log_id}, and a head over {outside} was signed"
        case Difference.OTHER:
            return f"the first {outside} entries of log {log_id} are not those over which a head was signed"
        case Difference.NOT_THERE:
            return f"a head over {outside} entries of log {log_id} was signed, and the database does not know that log"
        case Difference.NOT_OURS:
            return f"the kept copy of the newest head of log {log_id} bears no signature of its keys"


@dataclass(frozen=True, slots=True)
class LogGuard:
    """Compares; writes nothing."""

    log: LogStore
    ring: "KeyRing"

    async def check(self, tx: "Transaction", head: LogHead, keys: Sequence[LogKey], outside: Remembered) -> None:
        """Raises RollbackFound unless every head that is known outside is a beginning of this log."""
        for known in self.heads(head.origin, head.log_id, head.size, keys, outside):
            if known.size > head.size:
                raise self._found(Difference.SHORTER, head, known)
            try:
                root = await self.log.tiles.root_at(tx, head.log_id, known.size)
            except LogDamaged:
                raise self._found(Difference.OTHER, head, known) from None
            if root != known.root:
                raise self._found(Difference.OTHER, head, known)

    def check_unknown(self, origin: str, log_id: int, outside: Remembered) -> None:
        """Raises RollbackFound when a head of this log, which the database does not have, is known outside."""
        for known in self.heads(origin, log_id, 0, (), outside):
            raise RollbackFound(Difference.NOT_THERE, log_id=log_id, size=0, outside=known.size)

    def heads(
        self, origin: str, log_id: int, size: int, keys: Sequence[LogKey], outside: Remembered
    ) -> list[Checkpoint]:
        """The heads from outside that the log's keys signed, the largest first; others are nobody's word.

        Only the copy beside the key ring has to bear such a signature: we wrote it, so raises RollbackFound if not.
        """
        verifiers = known_verifiers(self.ring, origin, keys)
        own, foreign = opened(outside.own, verifiers)
        if foreign:
            raise RollbackFound(Difference.NOT_OURS, log_id=log_id, size=size, outside=0)
        others, _ = opened(outside.others, verifiers)
        found = [one.checkpoint for one in (*own, *others)]
        heads = {(known.size, known.root): known for known in found}
        return sorted(heads.values(), key=lambda known: known.size, reverse=True)

    def _found(self, difference: Difference, head: LogHead, known: Checkpoint) -> RollbackFound:
        return RollbackFound(difference, log_id=head.log_id, size=head.size, outside=known.size)

"""Was anything removed from, put into or changed in the list of what operators did to people's records?

Each entry's hash covers the entry before it, so a change in the middle breaks every later link. Whoever can rewrite the
whole list can also make its hashes anew: the newest hash, kept elsewhere, shows that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from domain.proof.entry import length_prefixed

FIRST = bytes(32)
"""What the first entry has as hash of the one before."""
_LABEL = b"assent/audit/v1"


class AuditAction(StrEnum):
    """What an operator did that has to be answered for."""

    PROOF_DISCLOSED = "proof.disclosed"
    ENTRIES_ACCOUNTED = "entries.accounted"
    MESSAGES_SENT_AGAIN = "messages.sent_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act: `subject` is an id of ours, the reason that was given is sealed."""

    seq: int
    at: datetime
    action: str
    page_id: str | None
    subject: str
    reason_sealed: bytes = field(repr=False)
    previous: bytes
    hash: bytes

    def computed(self) -> bytes:
        """The hash that this entry must have."""
        return chain_hash(
            self.previous,
            seq=self.seq,
            at=self.at,
            action=self.action,
            page_id=self.page_id,
            subject=self.subject,
            reason_sealed=self.reason_sealed,
        )


def chain_hash(
    previous: bytes,
    *,
    seq: int,
    at: datetime,
    action: str,
    page_id: str | None,
    subject: str,
    reason_sealed: bytes,
) -> bytes:
    """SHA-256 over the hash of the entry before and all fields, each behind its length."""
    page = b"" if page_id is None else b"\x01" + page_id.encode()
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").encode()
    parts = (previous, seq.to_bytes(8, "big"), moment, action.encode(), page, subject.encode(), reason_sealed)
    return sha256(length_prefixed(_LABEL, *parts)).digest()


@dataclass(slots=True)
class ChainWalk:
    """Goes through the list in order, from its first entry on."""

    length: int = 0
    newest: AuditEntry | None = None

    def holds(self, entry: AuditEntry) -> bool:
        """Whether the next entry is unchanged and follows the one before."""
        expected, before = (1, FIRST) if self.newest is None else (self.newest.seq + 1, self.newest.hash)
        self.length, self.newest = self.length + 1, entry
        return (entry.seq, entry.previous, entry.hash) == (expected, before, entry.computed())


def broken_links(entries: Iterable[AuditEntry]) -> Iterator[int]:
    """The numbers at which the list, in order, is not one unbroken chain from its first entry on."""
    walk = ChainWalk()
    return (entry.seq for entry in entries if not walk.holds(entry))

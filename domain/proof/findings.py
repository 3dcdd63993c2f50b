"""What can be wrong with a log, by name, and what does each name mean?

The list is closed; docs/proof-audit.md explains it to auditors, and a test holds the two together. A finding names a
log, an index and ids of ours, never a person or what a record says.
"""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """The name of a fault; its sentence is in MEANINGS."""

    ENTRY_MISSING = "entry_missing"
    ENTRY_CHANGED = "entry_changed"
    ENTRY_UNEXPECTED = "entry_unexpected"
    TILE_MISSING = "tile_missing"
    TILE_CHANGED = "tile_changed"
    TILE_UNEXPECTED = "tile_unexpected"
    HEAD_CONTRADICTED = "head_contradicted"
    CHECKPOINT_CONTRADICTED = "checkpoint_contradicted"
    CHECKPOINT_FORGED = "checkpoint_forged"
    CHECKPOINT_BEYOND = "checkpoint_beyond"
    ANCHOR_CONTRADICTED = "anchor_contradicted"
    ANCHOR_CHANGED = "anchor_changed"
    LOG_NOT_STARTED = "log_not_started"
    LOG_CHAIN_BROKEN = "log_chain_broken"
    LOG_KEY_UNKNOWN = "log_key_unknown"
    OPENING_CHANGED = "opening_changed"
    OPENING_UNREADABLE = "opening_unreadable"
    RAW_CHANGED = "raw_changed"
    ROW_DISAGREES = "row_disagrees"
    RECORD_WITHOUT_ENTRY = "record_without_entry"
    ENTRY_UNACCOUNTED = "entry_unaccounted"
    DESTROYED_UNNAMED = "destroyed_unnamed"
    UNOPENABLE_BEFORE_BREAK = "unopenable_before_break"
    DESTROYED_BUT_OPENS = "destroyed_but_opens"
    DESTROYED_UNKNOWN = "destroyed_unknown"
    BACKDATED = "backdated"
    POSTDATED = "postdated"
    NOTICE_CHANGED = "notice_changed"
    NOTICE_MISSING = "notice_missing"
    TEXT_CHANGED = "text_changed"
    TEXT_MISSING = "text_missing"
    PENDING_UNKNOWN = "pending_unknown"
    AUDIT_BROKEN = "audit_broken"


MEANINGS = {
    FindingKind.ENTRY_MISSING: "the log has no entry at this index",
    FindingKind.ENTRY_CHANGED: "this entry is not the one that the tree and its signed checkpoints hold",
    FindingKind.ENTRY_UNEXPECTED: "there is an entry at this index, outside of the tree",
    FindingKind.TILE_MISSING: "a tile of the tree is not there",
    FindingKind.TILE_CHANGED: "a tile holds another hash than the entries give; the index is the first entry below it",
    FindingKind.TILE_UNEXPECTED: "there is a tile that a tree of this size does not have",
    FindingKind.HEAD_CONTRADICTED: "the size or root of the log is not that of its entries, or has no checkpoint",
    FindingKind.CHECKPOINT_CONTRADICTED: (
        "a checkpoint states another root than the entries give: the log was rebuilt, or the checkpoint replaced"
    ),
    FindingKind.CHECKPOINT_FORGED: "a checkpoint bears no good signature of a key in force, or says other than its row",
    FindingKind.CHECKPOINT_BEYOND: "a checkpoint covers more entries than the log has: the log was cut or rolled back",
    FindingKind.ANCHOR_CONTRADICTED: "an anchored checkpoint is none of this log: the log was rebuilt after it",
    FindingKind.ANCHOR_CHANGED: "a kept anchor is not what its record in the log says",
    FindingKind.LOG_NOT_STARTED: "the first entry does not say that the log starts, with which key, after which log",
    FindingKind.LOG_CHAIN_BROKEN: "what a record says of the log, its key or the log before does not fit the others",
    FindingKind.LOG_KEY_UNKNOWN: "a key of the log was introduced by no record, or is not among those you trust",
    FindingKind.OPENING_CHANGED: "record and nonce do not give the entry: a record edited, or the nonce of another",
    FindingKind.OPENING_UNREADABLE: "the sealed record or its nonce does not open: altered, or moved from another row",
    FindingKind.RAW_CHANGED: "what is kept of the platform's delivery is not what the record commits to",
    FindingKind.ROW_DISAGREES: "a row says other things than its record: kind, Page, time, topic or notice",
    FindingKind.RECORD_WITHOUT_ENTRY: "a record has no entry in the log and none that waits",
    FindingKind.ENTRY_UNACCOUNTED: "nothing opens this entry, and no later erasure or expiry names it: its row is gone",
    FindingKind.DESTROYED_UNNAMED: "what opened this entry was destroyed, and no later erasure or expiry names it",
    FindingKind.UNOPENABLE_BEFORE_BREAK: (
        "this entry cannot be opened, and nothing in the log says why; there was a break in the log after it: what "
        "opened it was erased after the backup was made, or destroyed"
    ),
    FindingKind.DESTROYED_BUT_OPENS: "an erasure or expiry names this entry as destroyed, and it can still be opened",
    FindingKind.DESTROYED_UNKNOWN: "an erasure or expiry names an entry that does not stand before it in any log here",
    FindingKind.BACKDATED: "the record says a time long before the log can have got it",
    FindingKind.POSTDATED: "the record says a time after somebody outside already held a checkpoint over it",
    FindingKind.NOTICE_CHANGED: "a published privacy notice is not the text that records name: it was edited in place",
    FindingKind.NOTICE_MISSING: "records name a privacy notice that is not there",
    FindingKind.TEXT_CHANGED: "a question that was put is not the text that records name: it was edited in place",
    FindingKind.TEXT_MISSING: "records name a question that is not kept",
    FindingKind.PENDING_UNKNOWN: "a commitment waits for its index and belongs to no record",
    FindingKind.AUDIT_BROKEN: "the list of what operators did was changed at this entry or just before it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault: in which log and at which index (of a checkpoint its size), and on which row, by ids of ours."""

    kind: FindingKind
    origin: str | None = None
    index: int | None = None
    row: str | None = None

    @property
    def meaning(self) -> str:
        return MEANINGS[self.kind]

    def __str__(self) -> str:
        place = "" if self.index is None else f" {self.index}"
        log = "" if self.origin is None else f" of {self.origin}"
        row = "" if self.row is None else f" ({self.row})"
        return f"{self.kind.value}{place}{log}{row}: {self.meaning}"

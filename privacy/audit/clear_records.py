"""What do the log's own records say: of logs and keys, of anchors, of what was destroyed?

They concern nobody and are kept in clear. Each must open its entry, and its row must say the same; then what it says
can be held against everything else.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from domain.proof.coverage import Coverage, Opening, Place
from domain.proof.entry import opens
from domain.proof.errors import RecordError
from domain.proof.findings import Finding, FindingKind
from domain.proof.log_chain import ExpectedRoot, LoggedChange
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode, format_time
from domain.proof.record_sections import Anchor, AnchorMethod, EntryPoint, RecordKind
from privacy.audit.book import FindingBook
from privacy.audit.heads import HeadChecks
from storage.log_reader import LogRow

Row: TypeAlias = Mapping[str, Any]
OUTSIDE = frozenset({AnchorMethod.RFC3161, AnchorMethod.WITNESS})
"""Methods whose time is somebody else's."""
ENDS = frozenset({RecordKind.ERASURE_DONE, RecordKind.RECORD_EXPIRED})
ABOUT_LOGS = frozenset({RecordKind.LOG_STARTED, RecordKind.LOG_DISCONTINUITY, RecordKind.KEY_ROTATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAnchor:
    """What an entry says of an anchor, and where the entry stands."""

    place: Place | None
    said: Anchor
    time: datetime


@dataclass(slots=True, kw_only=True)
class ClearRecords:
    """Takes in the rows of log_record, then those of anchor; `logs` are in their order, the oldest first."""

    logs: list[LogRow]
    coverage: Coverage
    book: FindingBook
    heads: Mapping[int, HeadChecks]
    kinds: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    anchors: int = 0
    changes: dict[str, list[LoggedChange]] = field(default_factory=dict)
    expected: list[ExpectedRoot] = field(default_factory=list)
    _anchored: dict[UUID, LoggedAnchor] = field(default_factory=dict)
    _times: list[LoggedAnchor] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = {log.log_id: number for number, log in enumerate(self.logs)}

    def take_record(self, row: Row) -> None:
        """One row of log_record, joined with its entry."""
        place, entry = self._place(row), row["entry"]
        if place is None:
            entry = row["pending"]
            if entry is None:
                self._fault(FindingKind.RECORD_WITHOUT_ENTRY, row, place)
                return
            self.waiting += 1
        if not opens(entry, row["record"], row["nonce"]):
            self._fault(FindingKind.OPENING_CHANGED, row, place)
            self._found(place, Opening.WRONG)
            return
        self._found(place, Opening.OPENED)
        try:
            record = decode(row["record"])
        except RecordError:
            record = None
        if record is None or not _row_agrees(row, record):
            self._fault(FindingKind.ROW_DISAGREES, row, place)
            return
        self.kinds[record.kind.value] += 1
        self._learn(record, place)

    def _learn(self, record: ProofRecord, place: Place | None) -> None:
        if record.kind in ENDS:
            by = self.coverage.behind if place is None else place
            by_hand = record.kind is RecordKind.RECORD_EXPIRED and record.entry_point is EntryPoint.CONSOLE
            self.book.add_all(self.coverage.name(by, record.destroyed, record.waiting, by_hand=by_hand))
        elif record.kind in ABOUT_LOGS and record.log is not None and place is not None:
            change = LoggedChange(kind=record.kind, index=place.index, change=record.log)
            self.changes.setdefault(self.logs[place.log].origin, []).append(change)
        elif record.log_anchor is not None and record.event_time is not None:
            anchor = LoggedAnchor(place=place, said=record.log_anchor, time=record.event_time)
            self._anchored[record.record_id] = anchor
            self._times.append(anchor)
            self._expect(anchor)

    def _expect(self, anchor: LoggedAnchor) -> None:
        """What an anchor's record states of a log has to be so, whether its row is kept or not."""
        said = anchor.said
        log = next((log for log in self.logs if log.origin == said.origin), None)
        if log is None or said.size > log.size:
            self.book.add(Finding(kind=FindingKind.CHECKPOINT_BEYOND, origin=said.origin, index=said.size))
            return
        self.expected.append(
            ExpectedRoot(
                origin=said.origin,
                size=said.size,
                root=bytes.fromhex(said.root),
                otherwise=Finding(
                    kind=FindingKind.ANCHOR_CONTRADICTED,
                    origin=said.origin,
                    index=said.size,
                    row=f"{said.method.value} {said.authority}",
                ),
            )
        )

    # Anchors

    def take_anchor(self, row: Row) -> None:
        """One row of anchor, after all of log_record."""
        self.anchors += 1
        log = self.logs[self._numbers[row["log_id"]]]
        logged = self._anchored.pop(row["record_id"], None)
        opened = self.heads[row["log_id"]].opened(row["note"], row["size"], None)
        signed = None if opened is None else (opened.size, opened.root.hex())
        agrees = logged is not None and _anchor_agrees(row, log, logged)
        if logged is None or not agrees or signed != (logged.said.size, logged.said.root):
            self._anchor_changed(log.origin, row["size"], f"anchor {row['anchor_id']}")

    def anchors_done(self) -> None:
        """Every entry of an anchor must have had its row."""
        for record_id, logged in self._anchored.items():
            self._anchor_changed(logged.said.origin, logged.said.size, f"record {record_id} has no anchor")
        self._anchored.clear()

    def _anchor_changed(self, origin: str, size: int, row: str) -> None:
        self.book.add(Finding(kind=FindingKind.ANCHOR_CHANGED, origin=origin, index=size, row=row))

    def came_after(self, number: int) -> list[tuple[int, datetime]]:
        """Index and moment: entries from there on came after it, by somebody else's clock."""
        return [
            (one.place.index, one.time)
            for one in self._times
            if one.place is not None and one.place.log == number and one.said.method in OUTSIDE
        ]

    def came_before(self, origin: str) -> list[tuple[int, datetime]]:
        """Size and moment: entries below it came before, by somebody else's clock."""
        return [
            (one.said.size, one.time) for one in self._times if one.said.origin == origin and one.said.method in OUTSIDE
        ]

    # Places

    def _place(self, row: Row) -> Place | None:
        number = None if row["entry"] is None else self._numbers.get(row["log_id"])
        return None if number is None else Place(number, row["idx"])

    def _found(self, place: Place | None, opening: Opening) -> None:
        if place is not None and 0 <= place.index < self.logs[place.log].size:
            self.coverage.found(place, opening)

    def _fault(self, kind: FindingKind, row: Row, place: Place | None) -> None:
        self.book.add(
            Finding(
                kind=kind,
                origin=None if place is None else self.logs[place.log].origin,
                index=None if place is None else place.index,
                row=f"record {row['record_id']}",
            )
        )


def _row_agrees(row: Row, record: ProofRecord) -> bool:
    return (
        record.kind.value == row["kind"]
        and record.page_id == row["page_id"]
        and record.record_id == row["record_id"]
        and format_time(record.received_at) == format_time(row["recorded_at"])
    )


def _anchor_agrees(row: Row, log: LogRow, logged: LoggedAnchor) -> bool:
    said = logged.said
    answer = None if row["answer"] is None else hashlib.sha256(row["answer"]).hexdigest()
    return (
        (said.method.value, said.authority, said.origin, said.size)
        == (row["method"], row["authority"], log.origin, row["size"])
        and said.checkpoint_sha256 == hashlib.sha256(row["note"]).hexdigest()
        and said.answer_sha256 == answer
        and format_time(logged.time) == format_time(row["anchored_at"])
    )

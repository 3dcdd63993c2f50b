"""Does what opens an entry still open it, and does its row say what the record says?

Works row by row in a process that holds the keys and nothing else. It remembers a byte per entry, which notices and
questions records name, and findings; nothing of a record outlives its check.
"""

import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from domain.proof.coverage import Opening
from domain.proof.entry import NONCE_BYTES, commit, commit_raw
from domain.proof.findings import Finding, FindingKind
from domain.proof.time_bounds import Bounds
from privacy.audit.book import FindingBook
from storage.errors import KeyRefused, OpenFailed
from storage.labels import Label
from storage.sealing import DataKey, WrappedKey, WrappingKey

Row: TypeAlias = Mapping[str, Any]
NoticeName: TypeAlias = tuple[str, int, str]
"""Page, version, language."""
TextName: TypeAlias = tuple[str, str]
"""Page, SHA-256 in hex."""
Sample: TypeAlias = tuple[str | None, int | None]
"""Log and index of one record that names something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFrame:
    """What the check of an opening has to know of a log."""

    origin: str
    size: int
    bounds: Bounds


@dataclass(slots=True, kw_only=True)
class OpeningChecks:
    """Checks rows of consent_record, each joined with its entry and its person's wrapped key."""

    keys: Mapping[int, WrappingKey] = field(repr=False)
    logs: Mapping[int, LogFrame]
    book: FindingBook
    states: dict[int, bytearray] = field(default_factory=dict, repr=False)
    kinds: Counter[str] = field(default_factory=Counter)
    notices: dict[tuple[NoticeName, str], Sample] = field(default_factory=dict)
    texts: dict[TextName, Sample] = field(default_factory=dict)
    waiting: int = 0

    def check(self, row: Row) -> None:
        """Takes in one row."""
        entry = row["entry"]
        frame = None if entry is None else self.logs.get(row["log_id"])
        if frame is None:
            entry = row["pending"]
            if entry is None:
                self._fault(FindingKind.RECORD_WITHOUT_ENTRY, row, None)
                return
            self.waiting += 1
        opening = self._opening(row, frame, entry)
        if frame is not None and 0 <= row["idx"] < frame.size:
            states = self.states.get(row["log_id"])
            if states is None:
                states = self.states[row["log_id"]] = bytearray(frame.size)
            states[row["idx"]] = opening

    def _opening(self, row: Row, frame: LogFrame | None, entry: bytes) -> Opening:
        if row["record_sealed"] is None or row["nonce_sealed"] is None:
            return Opening.EMPTIED
        if row["kid"] is None:
            return Opening.KEYLESS
        record_id: UUID = row["record_id"]
        try:
            key = self._key(row)
            record = key.open(Label.PROOF_RECORD, record_id.bytes, row["record_sealed"])
            nonce = key.open(Label.PROOF_NONCE, record_id.bytes, row["nonce_sealed"])
        except (KeyRefused, OpenFailed, KeyError):
            self._fault(FindingKind.OPENING_UNREADABLE, row, frame)
            return Opening.WRONG
        if len(nonce) != NONCE_BYTES or not hmac.compare_digest(commit(record, nonce), entry):
            self._fault(FindingKind.OPENING_CHANGED, row, frame)
            return Opening.WRONG
        said = self._content(row, frame, record)
        if row["raw_sealed"] is not None and not _raw_fits(key, row, said):
            self._fault(FindingKind.RAW_CHANGED, row, frame)
        return Opening.OPENED

    def _key(self, row: Row) -> DataKey:
        wrapped = WrappedKey(kid=row["kid"], wrapped=row["wrapped"], commitment=row["commitment"])
        return self.keys[row["kid"]].unwrap(row["lead_id"], wrapped)

    def _content(self, row: Row, frame: LogFrame | None, record: bytes) -> Mapping[str, Any]:
        """What the record says, and nothing where it is no record."""
        said: dict[str, Any] = {}
        try:
            said = json.loads(record.decode())
            agrees = _row_agrees(row, said)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            said, agrees = {}, False
        if not agrees:
            self._fault(FindingKind.ROW_DISAGREES, row, frame)
            return said
        self.kinds[row["kind"]] += 1
        sample = (None, None) if frame is None else (frame.origin, row["idx"])
        notice, consent = said.get("privacy_notice"), said.get("consent")
        if notice is not None:
            name = (row["page_id"], notice["version"], notice["language"])
            self.notices.setdefault((name, notice["sha256"]), sample)
        if consent is not None:
            self.texts.setdefault((row["page_id"], consent["text_sha256"]), sample)
        if frame is not None:
            fault = frame.bounds.judge(row["idx"], row["received_at"])
            if fault is not None:
                self._fault(fault, row, frame)
        return said

    def _fault(self, kind: FindingKind, row: Row, frame: LogFrame | None) -> None:
        self.book.add(
            Finding(
                kind=kind,
                origin=None if frame is None else frame.origin,
                index=None if frame is None else row["idx"],
                row=f"record {row['record_id']}",
            )
        )


def _row_agrees(row: Row, said: Mapping[str, Any]) -> bool:
    notice, consent = said.get("privacy_notice"), said.get("consent")
    return bool(
        said["type"] == row["kind"]
        and said["page_id"] == row["page_id"]
        and said["record_id"] == str(row["record_id"])
        and said["received_at"] == millisecond_time(row["received_at"])
        and row["notice_version"] == (None if notice is None else notice["version"])
        and row["topic"] == (None if consent is None else consent["topic"])
    )


def _raw_fits(key: DataKey, row: Row, said: Mapping[str, Any]) -> bool:
    event = said.get("raw_event")
    try:
        opened = key.open(Label.PROOF_RAW, row["record_id"].bytes, row["raw_sealed"])
    except OpenFailed:
        return False
    if event is None or len(opened) < NONCE_BYTES:
        return False
    return bool(event.get("commitment") == commit_raw(opened[NONCE_BYTES:], opened[:NONCE_BYTES]))


def millisecond_time(moment: datetime) -> str:
    """The moment as records write it; as domain/proof/record_json.py does, at a tenth of the cost."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

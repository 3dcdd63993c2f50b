"""Does what an authority outside answered still say what the log says of it?

A time stamp must be whole in itself: about the anchored bytes, signed by the certificate it brings, at the time in the
log. A cosignature must bear that time. Which authorities deserve belief is for whoever pins their keys.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from domain.proof.errors import NoteError
from domain.proof.findings import Finding, FindingKind
from domain.proof.note import times_by
from domain.proof.offline.errors import Wrong
from domain.proof.offline.timestamps import read_time_stamp
from domain.proof.record_sections import AnchorMethod

Row: TypeAlias = Mapping[str, Any]


def answer_holds(row: Row) -> bool:
    """Whether a row of anchor, of a method with a time of its own, has the answer it claims."""
    at = row["anchored_at"].astimezone(UTC).replace(microsecond=0)
    if row["method"] == AnchorMethod.WITNESS:
        return at in _cosigned_at(row["note"], row["authority"])
    return row["answer"] is not None and _stamped_at(row["answer"], row["note"]) == at


def answer_changed(row: Row, origin: str) -> Finding:
    """What to say of an answer that does not hold."""
    kind, anchor = FindingKind.ANCHOR_CHANGED, f"answer of anchor {row['anchor_id']}"
    return Finding(kind=kind, origin=origin, index=row["size"], row=anchor)


def _cosigned_at(note: bytes, name: str) -> list[datetime]:
    try:
        return [datetime.fromtimestamp(time, UTC) for time in times_by(note, name)]
    except (NoteError, ValueError, OverflowError, OSError):
        return []


def _stamped_at(answer: bytes, stamped: bytes) -> datetime | None:
    try:
        return read_time_stamp(answer, stamped).time.replace(microsecond=0)
    except Wrong:
        return None

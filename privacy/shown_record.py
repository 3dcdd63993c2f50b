"""How does a person see a record of theirs in their copy, so that they can check it against the log?"""

from domain.proof.entry import leaf_hash
from domain.tokens import RECEIPT_CODE_BYTES, receipt_code
from storage.consents import ConsentRecord
from storage.log import LogEntry


def shown_record(record: ConsentRecord, place: LogEntry | None) -> dict[str, object]:
    """Everything that opens the entry and its place, None for the place until it has one."""
    return {
        "record_id": record.record_id,
        "kind": record.kind,
        "topic": record.topic,
        "event_time": record.event_time,
        "received_at": record.received_at,
        "notice_version": record.notice_version,
        "record": record.record.decode(),
        "nonce": record.nonce.hex(),
        "raw_nonce": record.raw_nonce and record.raw_nonce.hex(),
        "platform_event": record.raw and record.raw.decode(errors="replace"),
        "log": place
        and {
            "log_id": place.log_id,
            "index": place.index,
            "entry": place.entry.hex(),
            "receipt": receipt_code(leaf_hash(place.entry)[:RECEIPT_CODE_BYTES]),
        },
    }

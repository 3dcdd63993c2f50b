"""What of a platform event goes into the record of what it caused?"""

import hashlib

from domain.inbox import InboxItem
from domain.proof.record_sections import RawEvent, TimeUnit
from messenger.envelope import Incoming
from privacy.ledger import Evidence


def evidence_of(item: InboxItem, incoming: Incoming, *, keep_raw: bool = True) -> Evidence:
    """Times as they came with the unit found, digests of event and body, and the body itself where it may be kept."""
    arrival = item.arrival
    raw = arrival.raw.reveal("digest of the event for its record")
    kept = arrival.body if keep_raw else None
    return Evidence(
        at=incoming.at(item.received_at),
        event_time=incoming.event_time,
        unit=TimeUnit(incoming.time_unit.value),
        envelope_time=incoming.envelope_time,
        received_at=item.received_at,
        raw_event=RawEvent(
            sha256=hashlib.sha256(raw).hexdigest(),
            body_sha256=arrival.body_sha256.hex(),
            signature_header=arrival.signature,
            secret=arrival.secret,
        ),
        raw=None if kept is None else kept.reveal("keep the signed body sealed with its record"),
    )

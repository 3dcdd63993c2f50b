"""What of a platform event goes into the record of what it caused?"""

from domain.inbox import InboxItem
from domain.proof.record_sections import RawCovers, TimeUnit
from messenger.envelope import Incoming, TimeSource
from privacy.ledger import Evidence, RawPart


def evidence_of(item: InboxItem, incoming: Incoming, *, keep_raw: bool = True) -> Evidence:
    """Each time as it came, with the unit found, and what is kept of the delivery.

    An event without a time of its own has none in its record; the envelope's stands beside it.
    """
    own = incoming.time_source is TimeSource.EVENT
    enveloped = incoming.envelope_time is not None
    return Evidence(
        at=incoming.at(item.received_at),
        event_time=incoming.event_time if own else None,
        unit=TimeUnit(incoming.time_unit.value) if own else TimeUnit.MISSING,
        envelope_time=incoming.envelope_time,
        envelope_unit=TimeUnit(incoming.envelope_unit.value) if enveloped else None,
        received_at=item.received_at,
        raw=_raw(item) if keep_raw else None,
    )


def _raw(item: InboxItem) -> RawPart:
    arrival = item.arrival
    kept = arrival.raw if arrival.body is None else arrival.body
    return RawPart(
        content=kept.reveal("keep what the platform sent sealed with its record"),
        covers=RawCovers.EVENT if arrival.body is None else RawCovers.BODY,
        signature_header=arrival.signature,
        secret=arrival.secret,
    )

"""Does the record of an act keep each time apart, and of the delivery only what concerns the person?"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.evidence import evidence_of
from domain.ids import PageId
from domain.inbox import Arrival, InboxItem
from domain.personal import Pii
from domain.proof.record_sections import RawCovers, TimeUnit
from messenger.envelope import Incoming, parse_delivery

PAGE = "104567890123456"
ANN, BOB = "7310482919283746", "7310482919283747"
RECEIVED = datetime(2026, 11, 23, 16, 20, 2, tzinfo=UTC)
SENT = datetime(2026, 11, 23, 16, 20, 1, 123000, tzinfo=UTC)
ENVELOPED = datetime(2026, 11, 23, 16, 20, 1, tzinfo=UTC)


def delivery(*events: dict[str, Any], time: int | None = int(ENVELOPED.timestamp())) -> bytes:
    entry: dict[str, Any] = {"id": PAGE, "messaging": list(events)}
    return json.dumps({"object": "page", "entry": [entry if time is None else {**entry, "time": time}]}).encode()


def message(psid: str, timestamp: int | None) -> dict[str, Any]:
    found = {"sender": {"id": psid}, "recipient": {"id": PAGE}, "message": {"mid": f"m_{psid}", "text": "hello"}}
    return found if timestamp is None else {**found, "timestamp": timestamp}


def arrived(body: bytes) -> tuple[InboxItem, Incoming]:
    """The first event of the body as intake keeps it."""
    parsed = parse_delivery(body)
    incoming = parsed.events[0]
    item = InboxItem(
        page_id=PageId(PAGE),
        event_key=bytes(32),
        person=bytes(32),
        shard=0,
        event_time=RECEIVED,
        received_at=RECEIVED,
        attempts=0,
        arrival=Arrival(
            raw=incoming.raw,
            body=Pii(body) if parsed.holds_one_person else None,
            signature="sha256=" + "0" * 64,
            secret="app-1",
        ),
    )
    return item, incoming


def test_the_three_times_are_kept_apart_each_with_the_unit_it_came_in():
    found = evidence_of(*arrived(delivery(message(ANN, int(SENT.timestamp() * 1000)))))
    assert (found.event_time, found.unit) == (SENT, TimeUnit.MILLISECONDS)
    assert (found.envelope_time, found.envelope_unit) == (ENVELOPED, TimeUnit.SECONDS)
    assert found.received_at == RECEIVED


def test_the_time_of_the_envelope_never_passes_as_the_time_of_the_event():
    found = evidence_of(*arrived(delivery(message(ANN, None))))
    assert (found.event_time, found.unit) == (None, TimeUnit.MISSING)
    assert (found.envelope_time, found.envelope_unit) == (ENVELOPED, TimeUnit.SECONDS)
    assert found.at == ENVELOPED


def test_without_any_time_only_our_clock_says_when():
    found = evidence_of(*arrived(delivery(message(ANN, None), time=None)))
    assert (found.event_time, found.unit, found.envelope_time, found.envelope_unit) == (
        *(None, TimeUnit.MISSING),
        *(None, None),
    )
    assert found.at == RECEIVED


def test_a_delivery_about_one_person_is_kept_whole():
    body = delivery(message(ANN, int(SENT.timestamp() * 1000)))
    raw = evidence_of(*arrived(body)).raw
    assert raw is not None
    assert (raw.content, raw.covers) == (body, RawCovers.BODY)


def test_of_a_delivery_about_several_people_only_the_one_event_is_kept():
    at = int((SENT - timedelta(seconds=1)).timestamp() * 1000)
    raw = evidence_of(*arrived(delivery(message(ANN, at), message(BOB, at)))).raw
    assert raw is not None
    assert raw.covers is RawCovers.EVENT
    assert ANN.encode() in raw.content
    assert BOB.encode() not in raw.content


def test_of_an_echo_nothing_is_kept():
    assert evidence_of(*arrived(delivery(message(ANN, None))), keep_raw=False).raw is None

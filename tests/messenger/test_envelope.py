import json
import time
import tracemalloc
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messenger import event_shapes
from messenger.envelope import UPDATES_MAX, BodyUnreadable, ParsedDelivery, Unreadable, parse_delivery
from messenger.events import MessageReceived
from messenger.strict_json import BODY_MAX_BYTES
from tests.messenger.golden import body_of, names

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, categories=["L", "N", "P", "Cs", "Cc", "So"]), max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    [*event_shapes._READERS, *sorted(event_shapes.IGNORED_MEMBERS), "sender", "recipient", "timestamp", "odd"]
)
SMALL = st.dictionaries(
    st.sampled_from(["id", "mid", "mids", "text", "watermark", "payload", "referral", "is_echo", "user_ref", "type"]),
    JSON,
    max_size=5,
)
ITEMS = st.dictionaries(MEMBERS, SMALL | JSON, max_size=5)
CHANGES = st.fixed_dictionaries({"field": st.sampled_from(["messages", "feed", "standby"]) | JSON, "value": ITEMS})
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("111") | JSON,
        "time": st.integers() | JSON,
        "messaging": st.lists(ITEMS | JSON, max_size=4) | JSON,
        "standby": st.lists(ITEMS, max_size=2) | JSON,
        "changes": st.lists(CHANGES | JSON, max_size=2) | JSON,
    },
)
BODIES = st.fixed_dictionaries({"object": st.just("page"), "entry": st.lists(ENTRIES, max_size=3) | JSON})


def body(*items: dict[str, Any], page: str = "111", when: int = 1_700_000_000_000) -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": page, "time": when, "messaging": items}]}).encode()


def message(mid: str | None = "m_1", *, person: str = "222", when: int = 1_700_000_000_000, **content: Any) -> Any:
    inner = {"text": "hi", **content} | ({} if mid is None else {"mid": mid})
    return {"sender": {"id": person}, "recipient": {"id": "111"}, "timestamp": when, "message": inner}


def key(delivery: bytes) -> bytes:
    (event,) = parse_delivery(delivery).events
    return event.dedupe_material.reveal("test")


def holds_together(parsed: ParsedDelivery) -> None:
    for event in parsed.events:
        raw = event.raw.reveal("test")
        raw.decode("ascii")
        assert parse_delivery(raw).events == (event,)
        repr(event).encode()
    for broken in parsed.broken:
        broken.raw.reveal("test").decode()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_by_name(delivery: bytes) -> None:
    with suppress(BodyUnreadable):
        holds_together(parse_delivery(delivery))


@given(JSON)
def test_any_json_is_read_or_refused_by_name(tree: Any) -> None:
    with suppress(BodyUnreadable):
        holds_together(parse_delivery(json.dumps(tree).encode()))


@settings(max_examples=400)
@given(BODIES)
def test_any_near_delivery_is_read_whole(tree: Any) -> None:
    holds_together(parse_delivery(json.dumps(tree).encode()))


@settings(max_examples=300)
@given(st.sampled_from(names()), st.data())
def test_a_payload_with_bytes_changed_is_read_or_refused_by_name(name: str, data: st.DataObject) -> None:
    delivery = bytearray(body_of(name))
    if delivery:
        for _ in range(data.draw(st.integers(1, 3))):
            delivery[data.draw(st.integers(0, len(delivery) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BodyUnreadable):
        holds_together(parse_delivery(bytes(delivery)))


@given(st.lists(ITEMS | JSON, max_size=4), st.integers(0, 4))
def test_no_neighbour_costs_a_good_event(neighbours: list[Any], place: int) -> None:
    good = message("m_good")
    parsed = parse_delivery(body(*neighbours[:place], good, *neighbours[place:]))
    alone = parse_delivery(body(good)).events[0]
    assert alone in parsed.events


def test_repeated_bytes_have_the_same_key_whatever_stands_around() -> None:
    once = message(None)
    (alone,) = parse_delivery(body(once)).events
    batched = parse_delivery(body(message("m_other"), once, when=1_700_000_009_000)).events[1]
    assert alone.dedupe_material == batched.dedupe_material


def test_the_message_id_decides_whether_two_messages_are_one() -> None:
    assert key(body(message("m_1"))) == key(body(message("m_1", text="again")))
    assert key(body(message("m_1"))) != key(body(message("m_2")))


def test_an_unsent_or_edited_message_is_not_taken_for_its_repetition() -> None:
    edited = {**message(), "message_edit": {"mid": "m_1", "text": "x"}}
    del edited["message"]
    keys = {key(body(message())), key(body(message(is_deleted=True))), key(body(edited))}
    assert len(keys) == 3


@pytest.mark.parametrize(
    "other",
    [
        message(None, person="223"),
        message(None, when=1_700_000_000_001),
        message(None, text="ho"),
        {**message(None), "postback": {"payload": "x"}, "message": None},
    ],
)
def test_without_a_message_id_person_time_kind_and_content_tell_events_apart(other: Any) -> None:
    assert key(body(message(None))) != key(body(other))


@given(st.permutations(["sender", "recipient", "timestamp", "message"]))
def test_the_order_of_members_does_not_change_the_key(order: list[str]) -> None:
    item = message(None)
    assert key(body({name: item[name] for name in order})) == key(body(item))


def test_two_pages_never_share_a_key() -> None:
    assert key(body(message())) != key(body(message(), page="112"))


def test_an_event_is_never_later_than_its_receipt() -> None:
    received_at = datetime(2025, 1, 1, tzinfo=UTC)
    late = int((received_at + timedelta(hours=1)).timestamp() * 1000)
    early = int((received_at - timedelta(hours=1)).timestamp() * 1000)
    (ahead,) = parse_delivery(body(message(when=late))).events
    (behind,) = parse_delivery(body(message(when=early))).events
    assert ahead.at(received_at) == received_at
    assert behind.at(received_at) == received_at - timedelta(hours=1)


def test_a_body_above_the_bound_is_refused_unread() -> None:
    with pytest.raises(BodyUnreadable) as refused:
        parse_delivery(b" " * (BODY_MAX_BYTES + 1))
    assert refused.value.reason is Unreadable.TOO_LARGE


def test_a_body_with_far_too_many_updates_is_refused() -> None:
    tree = {"object": "page", "entry": [{"id": "1", "messaging": [{}] * (UPDATES_MAX + 1)}]}
    with pytest.raises(BodyUnreadable) as refused:
        parse_delivery(json.dumps(tree).encode())
    assert refused.value.reason is Unreadable.TOO_MANY_UPDATES


def test_a_thousand_updates_in_one_body_are_read() -> None:
    parsed = parse_delivery(body(*[message(f"m_{number}") for number in range(1000)]))
    assert len(parsed.events) == 1000
    assert len({event.dedupe_material.reveal("test") for event in parsed.events}) == 1000
    assert parsed.ignored == Counter()


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"object":"page","entry":[' + b"[]," * 1_300_000 + b"1]}",
        b'{"object":"page","entry":[{"id":"1","messaging":[' + b"{}," * 1_300_000 + b"1]}]}",
        b'{"object":"page","entry":[{"id":"1","messaging":[{"message":{"text":"' + b"\\u0000" * 600_000 + b'"}}]}]}',
        b'{"object":"page","n":' + b"9" * 4_000_000 + b"}",
        b'{"object":"page","n":' + b"[" * 2_000_000,
    ],
)
def test_a_hostile_body_costs_bounded_memory_and_time(hostile: bytes) -> None:
    assert len(hostile) <= BODY_MAX_BYTES
    tracemalloc.start()
    started = time.thread_time()
    with suppress(BodyUnreadable):
        parse_delivery(hostile)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * BODY_MAX_BYTES
    assert time.thread_time() - started < 20


def test_fifty_events_are_read_quickly() -> None:
    delivery = body(*[message(f"m_{number}", text="hello " * 5) for number in range(50)])
    best = min(_seconds(delivery) for _ in range(20))
    assert best < 0.01


def _seconds(delivery: bytes) -> float:
    started = time.thread_time()
    assert isinstance(parse_delivery(delivery).events[49].event, MessageReceived)
    return time.thread_time() - started

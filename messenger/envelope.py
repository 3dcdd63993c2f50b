"""Which events does one webhook body hold, for which Pages and people?

The signature is checked before (messenger/signature.py). One body may mix Pages and people; each
event leaves here alone, with the person's ids wrapped, its own bytes and what makes it unique.
An event that cannot be used is set aside with its reason and never costs the others.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain.ids import PageId, Psid
from domain.personal import Pii
from messenger import events, fields
from messenger.event_shapes import ShapeRefused, read_event
from messenger.fields import NO_STAMP, Stamp, TimeUnit
from messenger.strict_json import BodyUnreadable, Unreadable, first_flaw, read_body, write_json

# The platform puts up to 1,000 updates into one body; far more is no delivery of the platform.
UPDATES_MAX: Final = 5000


class TimeSource(StrEnum):
    """Where the time of an event was found."""

    EVENT = "event"
    ENVELOPE = "envelope"
    MISSING = "missing"


class BrokenReason(StrEnum):
    """Why an event was set aside; safe to count and to log."""

    NOT_AN_OBJECT = "not_an_object"
    PAGE_MISSING = "page_missing"
    PERSON_MISSING = "person_missing"
    KIND_MISSING = "kind_missing"
    CONTENT_MISSING = "content_missing"
    NOT_A_NUMBER = "not_a_number"
    REPEATED_KEY = "repeated_key"
    HUGE_INTEGER = "huge_integer"
    TOO_DEEP = "too_deep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One event with who, when and where around it.

    `psid` is the person, also for echoes. `event_time` falls back to the envelope's time; `at`
    answers when both are missing. `raw` is a delivery body that holds this event alone: parsing it
    gives this event again. `dedupe_material` is the same for every repetition of the event, and
    holds ids in clear: hash it under a key before it is stored.
    """

    page_id: PageId
    psid: Pii[Psid] | None
    user_ref: Pii[str] | None
    event_time: datetime | None
    time_unit: TimeUnit
    time_source: TimeSource
    envelope_time: datetime | None
    envelope_unit: TimeUnit
    is_standby: bool
    names_other_page: bool
    dedupe_material: Pii[bytes]
    raw: Pii[bytes]
    event: events.Event

    @property
    def kind(self) -> events.EventKind:
        """The kind of the event, for counters and logs."""
        return self.event.kind

    def at(self, received_at: datetime) -> datetime:
        """When it happened, never later than its receipt, so that no window opens too long."""
        return received_at if self.event_time is None else min(self.event_time, received_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenEvent:
    """An event set aside; `raw` is what stood there, for a person to look at."""

    page_id: PageId | None
    raw: Pii[bytes]
    reason: BrokenReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDelivery:
    """All that one body held, in its order; `ignored` counts by kind what is not served."""

    events: tuple[Incoming, ...]
    ignored: Counter[str]
    broken: tuple[BrokenEvent, ...]

    @property
    def holds_one_person(self) -> bool:
        """Whether the whole body concerns one person and may be kept as their proof."""
        if self.broken or self.ignored or not self.events:
            return False
        first = self.events[0]
        if first.psid is None and first.user_ref is None:
            return False
        return all(
            (one.page_id, one.psid, one.user_ref) == (first.page_id, first.psid, first.user_ref) for one in self.events
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an item stood: what is needed to write it out again alone."""

    page_id: PageId | None
    entry_head: dict[str, Any]
    envelope: Stamp
    container: str
    item: Any

    def alone(self) -> bytes:
        entry = {**self.entry_head, self.container: [self.item]}
        return write_json({"object": "page", "entry": [entry]})


# Fields of changes[] whose value is a messaging item (the dashboard's form, and the documentation's).
_FIELD_MEMBERS: Final[dict[str, str | None]] = {
    "business_integrity": "business_integrity",
    "message_deletions": None,
    "message_deliveries": None,
    "message_echoes": None,
    "message_edits": None,
    "message_reactions": None,
    "message_reads": None,
    "messages": None,
    "messaging_account_linking": None,
    "messaging_handovers": None,
    "messaging_integrity": "messaging_integrity",
    "messaging_optins": None,
    "messaging_optouts": "messaging_optouts",
    "messaging_policy_enforcement": "policy_enforcement",
    "messaging_postbacks": None,
    "messaging_referrals": None,
    "response_feedback": None,
    "standby": None,
}
_CONTAINERS: Final = ("messaging", "standby", "changes")

_WITHOUT_PERSON: Final = (
    events.EchoSeen,
    events.AppRoles,
    events.PolicyEnforced,
    events.IntegrityChanged,
    events.UnsupportedEvent,
)
# Samples name the two sides of these the wrong way round. What the Page sent is never taken for a
# person's act: any other event whose person is the Page has no person.
_EITHER_WAY: Final = (
    events.EchoSeen,
    events.ThreadControlPassed,
    events.ThreadControlTaken,
    events.ThreadControlRequested,
    events.AppRoles,
)
_ONCE_PER_MID: Final = (events.MessageReceived, events.PostbackTapped, events.EchoSeen)


def parse_delivery(body: bytes) -> ParsedDelivery:
    """Every event of a verified body; raises BodyUnreadable when the body as a whole is no delivery."""
    read = read_body(body)
    kind = fields.name(read.tree.get("object"))
    entries = fields.items(read.tree.get("entry"))
    if kind != "page":
        return ParsedDelivery(events=(), ignored=Counter({f"object:{kind or 'other'}": 1}), broken=())
    parser = _Parser(body, flawed=read.flawed)
    for entry in entries:
        parser.take_entry(entry)
    return ParsedDelivery(events=tuple(parser.events), ignored=parser.ignored, broken=tuple(parser.broken))


class _Parser:
    def __init__(self, body: bytes, *, flawed: bool) -> None:
        self._body = body
        self._flawed = flawed
        self._updates = 0
        self.events: list[Incoming] = []
        self.ignored: Counter[str] = Counter()
        self.broken: list[BrokenEvent] = []

    def take_entry(self, entry: Any) -> None:
        if not isinstance(entry, dict):
            self._count_update()
            self._set_aside(None, entry, _flaw_of(entry) or BrokenReason.NOT_AN_OBJECT)
            return
        places = list(_places(entry))
        if not places:
            self._count_update()
            self.ignored["entry:empty"] += 1
        for place in places:
            self._count_update()
            self._take(place)

    def _count_update(self) -> None:
        self._updates += 1
        if self._updates > UPDATES_MAX:
            raise BodyUnreadable(Unreadable.TOO_MANY_UPDATES)

    def _take(self, place: _Place) -> None:
        try:
            self._take_item(place)
        except _SetAside as found:
            self._set_aside(place.page_id, place.item, found.reason)
        except RecursionError:
            self._set_aside(place.page_id, place.item, BrokenReason.TOO_DEEP)

    def _take_item(self, place: _Place) -> None:
        flaw = _flaw_of(place.item) if self._flawed else None
        if flaw is not None:
            raise _SetAside(flaw)
        if place.page_id is None:
            raise _SetAside(BrokenReason.PAGE_MISSING)
        item, is_standby = _messaging_item(place)
        if isinstance(item, str):
            self.ignored[item] += 1
            return
        try:
            event = read_event(item)
        except ShapeRefused as refused:
            raise _SetAside(
                BrokenReason.KIND_MISSING if refused.missing == "kind" else BrokenReason.CONTENT_MISSING
            ) from None
        if isinstance(event, str):
            self.ignored[f"event:{event}"] += 1
            return
        self.events.append(_incoming(place, place.page_id, item, event, is_standby=is_standby))

    def _set_aside(self, page_id: PageId | None, item: Any, reason: BrokenReason) -> None:
        try:
            raw = write_json(item)
        except RecursionError:
            raw = self._body
        self.broken.append(BrokenEvent(page_id=page_id, raw=Pii(raw), reason=reason))


class _SetAside(Exception):
    def __init__(self, reason: BrokenReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _flaw_of(tree: Any) -> BrokenReason | None:
    flaw = first_flaw(tree)
    return None if flaw is None else BrokenReason(flaw.value)


def _places(entry: dict[str, Any]) -> Iterator[_Place]:
    page_id = fields.identifier(entry.get("id"))
    envelope = fields.stamp(entry.get("time"))
    # Copied beside each of the entry's events: a time that cannot be one, however long, is left out.
    kept = ("id", "time") if envelope.at is not None else ("id",)
    head: dict[str, Any] = {key: entry[key] for key in kept if key in entry}
    for container in _CONTAINERS:
        for item in fields.items(entry.get(container)):
            yield _Place(
                page_id=None if page_id is None else PageId(page_id),
                entry_head=head,
                envelope=envelope,
                container=container,
                item=item,
            )


def _messaging_item(place: _Place) -> tuple[dict[str, Any] | str, bool]:
    """The messaging item, or the name under which it is ignored; and whether it stands by."""
    if not isinstance(place.item, dict):
        raise _SetAside(BrokenReason.NOT_AN_OBJECT)
    changed = place.item.get("field")
    if place.container != "changes" and not ("value" in place.item and isinstance(changed, str)):
        return place.item, place.container == "standby"
    if not isinstance(changed, str) or changed not in _FIELD_MEMBERS:
        return f"change:{fields.name(changed) or 'other'}", False
    value = place.item.get("value")
    if not isinstance(value, dict):
        raise _SetAside(BrokenReason.NOT_AN_OBJECT)
    is_standby = changed == "standby" or place.container == "standby"
    return _unfolded(value, _FIELD_MEMBERS[changed]), is_standby


def _unfolded(value: dict[str, Any], member: str | None) -> dict[str, Any]:
    """A value that holds the content itself gets the member around it that messaging[] has."""
    if member is None or member in value or member.replace("_", "-") in value:
        return value
    surroundings: dict[str, Any] = {key: value[key] for key in ("sender", "recipient", "timestamp") if key in value}
    return {**surroundings, member: value}


def _incoming(
    place: _Place, page_id: PageId, item: dict[str, Any], event: events.Event, *, is_standby: bool
) -> Incoming:
    sender, recipient = fields.members(item.get("sender")), fields.members(item.get("recipient"))
    is_echo = isinstance(event, events.EchoSeen)
    person, page_side = (recipient, sender) if is_echo else (sender, recipient)
    psid, other = fields.identifier(person.get("id")), fields.identifier(page_side.get("id"))
    if psid == page_id and isinstance(event, _EITHER_WAY):
        psid, other = other, psid
    user_ref = _user_ref(person, item)
    psid = None if psid == page_id else psid
    if psid is None and user_ref is None and not isinstance(event, _WITHOUT_PERSON):
        raise _SetAside(BrokenReason.PERSON_MISSING)
    stamp = fields.stamp(item.get("timestamp"))
    found, source = (stamp, TimeSource.EVENT) if stamp.at else (place.envelope, TimeSource.ENVELOPE)
    return Incoming(
        page_id=page_id,
        psid=None if psid is None else Pii(Psid(psid)),
        user_ref=None if user_ref is None else Pii(user_ref),
        event_time=found.at,
        time_unit=found.unit,
        time_source=source if found != NO_STAMP else TimeSource.MISSING,
        envelope_time=place.envelope.at,
        envelope_unit=place.envelope.unit,
        is_standby=is_standby,
        names_other_page=other is not None and other != page_id,
        dedupe_material=Pii(_dedupe_material(page_id, psid or user_ref or "", item, event)),
        raw=Pii(place.alone()),
        event=event,
    )


def _user_ref(person: dict[str, Any], item: dict[str, Any]) -> str | None:
    opt_in = fields.members(item.get("optin"))
    return fields.identifier(person.get("user_ref")) or fields.identifier(opt_in.get("user_ref"))


def _dedupe_material(page_id: PageId, person: str, item: dict[str, Any], event: events.Event) -> bytes:
    """A message by its id; anything else by Page, person, kind, its own time and its content."""
    kind = event.kind.value.encode()
    if isinstance(event, _ONCE_PER_MID) and event.mid is not None:
        return _length_prefixed(b"assent/event-mid/v1", page_id.encode(), kind, event.mid.encode())
    content = hashlib.sha256(write_json(item, sort_keys=True)).digest()
    stamp = item.get("timestamp")
    own_time = b"" if stamp is None else write_json(stamp)
    return _length_prefixed(b"assent/event-content/v1", page_id.encode(), person.encode(), kind, own_time, content)


def _length_prefixed(*parts: bytes) -> bytes:
    """Parts joined so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


__all__ = [
    "BodyUnreadable",
    "BrokenEvent",
    "BrokenReason",
    "Incoming",
    "ParsedDelivery",
    "TimeSource",
    "TimeUnit",
    "Unreadable",
    "parse_delivery",
]

"""What is kept about a person, why, for how long, in which form, and how is each kind shown to them and erased?

One entry per category of personal data, its export and its erase side by side. A test walks every table of the
database and fails on a column that neither a category nor NOT_PERSONAL names; another holds docs/data.md against this
page. Words for people are texts named `data.<category>.title`, `.purpose` and `.retention`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from privacy.shown_record import shown_record
from privacy.subject import Remains, Subject

RECEIPT_PURPOSE = "receipt"


class Form(StrEnum):
    """How a category is stored: sealed under the person's key or a day's key, as a keyed hash, or in clear."""

    SEALED = "sealed"
    HASHED = "keyed hash"
    CLEAR = "clear"


Export: TypeAlias = Callable[[Subject], Awaitable[object]]
Cut: TypeAlias = Callable[[Subject, datetime], Awaitable[int]]
Sweep: TypeAlias = Callable[[Remains], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCategory:
    """One kind of personal data. `cut` is its erase in the first transaction, `sweep` what follows; `stays` says what
    outlives an erasure and why."""

    name: str
    basis: str
    source: str
    forms: tuple[Form, ...]
    retention: str
    recipients: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    export: Export
    cut: Cut | None = None
    sweep: Sweep | None = None
    stays: str = ""


# Profile: name, platform id, language, how they came; and the key that everything of the person is sealed under.


async def _export_profile(subject: Subject) -> object:
    profile, reason = subject.lead.profile, "show the person their profile"
    return {
        "psid": profile.psid.reveal(reason),
        "first_name": profile.first_name and profile.first_name.reveal(reason),
        "language": profile.language,
        "entry_ref": profile.entry_ref and profile.entry_ref.reveal(reason),
        "ad_id": profile.ad_id and profile.ad_id.reveal(reason),
        "imported": profile.imported,
        "lead_id": subject.lead.lead_id,
    }


async def _cut_profile(subject: Subject, now: datetime) -> int:
    return await subject.rows.destroy(subject.tx, *subject.names)


# Conversation: when they wrote, until when they can be answered, what they are being asked.


async def _export_conversation(subject: Subject) -> object:
    return await subject.rows.conversation(subject.tx, *subject.names)


async def _sweep_conversation(remains: Remains) -> int:
    return await remains.rows.delete_newest_sent(remains.tx, remains.page_id, remains.lead_id)


# Records: every act with its proof.


async def _export_records(subject: Subject) -> object:
    records = await subject.store.consents.of_lead(subject.tx, subject.key, *subject.names)
    places = await subject.store.log.find_all(subject.tx, [record.record_id for record in records])
    return [shown_record(record, places.get(record.record_id)) for record in records]


async def _sweep_records(remains: Remains) -> int:
    return await remains.store.consents.destroy_openings(remains.tx, remains.page_id, remains.lead_id)


# Notices: which versions their records refer to.


async def _export_notices(subject: Subject) -> object:
    return await subject.rows.notices(subject.tx, *subject.names, subject.languages)


# Answers: the standing yes or no for each topic.


async def _export_topics(subject: Subject) -> object:
    return await subject.rows.topics(subject.tx, *subject.names)


async def _sweep_topics(remains: Remains) -> int:
    return await remains.rows.delete_topics(remains.tx, remains.page_id, remains.lead_id)


# Labels: what an operator's tags and declared fields say of the person. In clear, so they go at once.


async def _export_labels(subject: Subject) -> object:
    return await subject.rows.labels(subject.tx, *subject.names)


async def _cut_labels(subject: Subject, now: datetime) -> int:
    return await subject.rows.delete_labels(subject.tx, *subject.names)


# Campaign messages.


async def _export_deliveries(subject: Subject) -> object:
    return await subject.rows.deliveries(subject.tx, *subject.names)


async def _cut_deliveries(subject: Subject, now: datetime) -> int:
    return await subject.store.deliveries.drop(subject.tx, *subject.names, "erased", now=now)


# Messages: what has arrived and waits, and what the bot answered.


async def _export_messages(subject: Subject) -> object:
    lead = subject.lead
    return {
        "waiting_events": await subject.rows.waiting(subject.tx, lead.page_id, lead.suppression_handle),
        "set_aside_events": [
            event for _, event in await subject.rows.set_aside(subject.tx, lead.page_id, lead.profile.psid)
        ],
        "answers": await subject.rows.answers(subject.tx, *subject.names),
    }


async def _cut_messages(subject: Subject, now: datetime) -> int:
    lead = subject.lead
    dropped = await subject.store.outbox.drop(subject.tx, *subject.names)
    # Only now is it known whom such an event names.
    return dropped + await subject.rows.delete_set_aside(subject.tx, lead.page_id, lead.profile.psid)


async def _sweep_messages(remains: Remains) -> int:
    waiting = await remains.rows.delete_waiting(remains.tx, remains.page_id, remains.person, remains.erased_at)
    answers = await remains.rows.delete_answers(remains.tx, remains.page_id, remains.lead_id, (RECEIPT_PURPOSE,))
    return waiting + answers


# Stop: the standing "never send", and the mark of an erasure.


async def _export_stop(subject: Subject) -> object:
    lead = subject.lead
    return {
        "stop": await subject.rows.suppression(subject.tx, lead.page_id, lead.suppression_handle),
        "erasure_mark": await subject.rows.tombstone(subject.tx, lead.page_id, lead.profile.psid),
    }


async def _cut_stop(subject: Subject, now: datetime) -> int:
    # Events of this moment may carry the platform's clock, a little ahead of ours.
    until = max(now, subject.lead.newest_event)
    await subject.rows.put_tombstone(subject.tx, subject.lead.page_id, subject.lead.profile.psid, until)
    return 0


# Requests: what they asked for, and the copies that wait for them.


async def _export_requests(subject: Subject) -> object:
    requests = await subject.store.requests.of_lead(subject.tx, *subject.names)
    return {
        "requests": [
            {
                "request_id": request.request_id,
                "kind": request.kind.value,
                "source": request.source.value,
                "state": request.state.value,
                "reason": request.reason,
                "received_at": request.received_at,
                "due_at": request.due_at,
                "completed_at": request.completed_at,
            }
            for request in requests
        ],
        "copies": await subject.store.exports.of_lead(subject.tx, *subject.names),
    }


async def _cut_requests(subject: Subject, now: datetime) -> int:
    return await subject.store.exports.delete_of_lead(subject.tx, *subject.names)


async def _sweep_requests(remains: Remains) -> int:
    return await remains.store.exports.delete_of_lead(remains.tx, remains.page_id, remains.lead_id)


META = "Meta Platforms"
CONTRACT, CONSENT, DUTY, INTEREST = "GDPR 6(1)(b)", "GDPR 6(1)(a)", "GDPR 6(1)(c)", "GDPR 6(1)(f)"
FROM_PERSON, OBSERVED = "the person, through Meta", "observed by the bot"
ALSO_IMPORTED = f"{FROM_PERSON}; or an import by the operator"

CATALOG: Sequence[DataCategory] = (
    DataCategory(
        name="profile",
        basis=CONTRACT,
        source=ALSO_IMPORTED,
        forms=(Form.SEALED, Form.HASHED),
        retention="until erasure, at the latest 3 years after the last contact",
        recipients=(META,),
        columns={
            "lead": (
                *("page_id", "lead_id", "index_kid", "psid_index", "suppression_handle", "link_ref"),
                "profile_sealed",
            ),
            "lead_key": ("page_id", "lead_id", "kid", "wrapped", "commitment"),
        },
        export=_export_profile,
        cut=_cut_profile,
    ),
    DataCategory(
        name="conversation",
        basis=CONTRACT,
        source=OBSERVED,
        forms=(Form.CLEAR,),
        retention="until erasure, at the latest 3 years after the last contact",
        recipients=(),
        columns={
            "lead": (
                *("first_seen", "newest_event", "window_until", "human_until", "unreachable_since"),
                *("unreachable_reason", "restricted_since", "erasing_since", "dialog", "dialog_ref"),
                *("time_zone", "entry_point"),
            ),
            "lead_sent": ("page_id", "lead_id", "campaign_id", "sent_at"),
        },
        export=_export_conversation,
        sweep=_sweep_conversation,
    ),
    DataCategory(
        name="records",
        basis=DUTY,
        source=ALSO_IMPORTED,
        forms=(Form.SEALED, Form.CLEAR),
        retention="until erasure, at the latest 3 years after the last contact",
        recipients=(),
        columns={
            "consent_record": (
                *("page_id", "record_id", "lead_id", "kind", "topic", "event_time", "received_at"),
                *("notice_version", "record_sealed", "nonce_sealed", "raw_sealed"),
            ),
        },
        export=_export_records,
        sweep=_sweep_records,
        stays="the log's commitment and the kind and time of each act, which lead to nobody: the log must stay whole",
    ),
    DataCategory(
        name="notices",
        basis=DUTY,
        source=OBSERVED,
        forms=(Form.CLEAR,),
        retention="as long as the records",
        recipients=(),
        columns={},  # named in the records; the notice itself is about nobody
        export=_export_notices,
    ),
    DataCategory(
        name="choices",
        basis=CONSENT,
        source=FROM_PERSON,
        forms=(Form.CLEAR,),
        retention="until erasure, at the latest 3 years after the last contact",
        recipients=(),
        columns={
            "lead_topic": ("page_id", "lead_id", "topic", "state", "event_time", "notice_version", "record_id"),
        },
        export=_export_topics,
        sweep=_sweep_topics,
    ),
    DataCategory(
        name="labels",
        basis=INTEREST,
        source="the operator",
        forms=(Form.CLEAR,),
        retention="until erasure, at the latest 3 years after the last contact",
        recipients=(),
        columns={
            "lead_tag": ("page_id", "name", "lead_id", "since"),
            "lead_field": ("page_id", "name", "lead_id", "value"),
        },
        export=_export_labels,
        cut=_cut_labels,
    ),
    DataCategory(
        name="deliveries",
        basis=CONSENT,
        source=OBSERVED,
        forms=(Form.CLEAR, Form.HASHED),
        retention="13 months",
        recipients=(META,),
        columns={
            "delivery": (
                *("page_id", "campaign_id", "lead_id", "seq", "state", "reason", "rule", "lane_epoch", "attempt_id"),
                *("mid_hash", "error_code", "error_subcode", "planned_at", "not_before", "sending_at", "settled_at"),
                "echoed_at",
            ),
            "delivery_again": (
                *("page_id", "attempt_id", "campaign_id", "lead_id", "asked_at", "arrived_at", "mid_hash"),
            ),
        },
        export=_export_deliveries,
        cut=_cut_deliveries,
        stays="counts of campaigns under a random number that leads to nobody, for 13 months: reports must add up",
    ),
    DataCategory(
        name="messages",
        basis=CONTRACT,
        source=FROM_PERSON,
        forms=(Form.SEALED, Form.HASHED, Form.CLEAR),
        retention="until handled or sent, at the latest 8 days",
        recipients=(META,),
        columns={
            "inbox": (
                *("page_id", "received_on", "event_key", "item_id", "shard", "person", "event_time", "received_at"),
                *("not_before", "attempts", "event_sealed"),
            ),
            "inbox_set_aside": ("page_id", "item_id", "reason", "received_at", "day", "event_sealed"),
            "outbox": (
                *("page_id", "outbox_id", "seq", "lead_id", "purpose", "state", "reason", "created_at", "not_before"),
                *("attempts", "attempt_id", "lane_epoch", "sending_at", "settled_at", "mid_hash", "day"),
                "message_sealed",
            ),
        },
        export=_export_messages,
        cut=_cut_messages,
        sweep=_sweep_messages,
        stays="the receipt of the erasure, until it is sent",
    ),
    DataCategory(
        name="stop",
        basis=INTEREST,
        source=FROM_PERSON,
        forms=(Form.HASHED, Form.CLEAR),
        retention="a stop until a new yes; the mark of an erasure for 8 days",
        recipients=(),
        columns={
            "suppression": ("page_id", "handle", "reason", "since"),
            "tombstone": ("page_id", "handle", "erased_at"),
        },
        export=_export_stop,
        cut=_cut_stop,
        stays="a stop that stands, as a keyed hash, so that it is kept; and the mark against late messages, for 8 days",
    ),
    DataCategory(
        name="requests",
        basis=DUTY,
        source=FROM_PERSON,
        forms=(Form.CLEAR, Form.SEALED, Form.HASHED),
        retention="copies 72 hours; that a request was answered, 3 years",
        recipients=(),
        columns={
            "data_request": (
                *("page_id", "request_id", "lead_id", "kind", "source", "state", "reason", "received_at", "due_at"),
                *("completed_at", "status_hash", "steps"),
            ),
            "export_archive": (
                *("page_id", "request_id", "token_hash", "link_kid", "code_check", "archive_sealed", "tries"),
                *("code_until", "expires_at", "taken_at"),
            ),
        },
        export=_export_requests,
        cut=_cut_requests,
        sweep=_sweep_requests,
        stays="that a request was answered and when, without person or content, for 3 years: the law wants it shown",
    ),
)

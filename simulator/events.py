"""What does a webhook event look like? One builder for each kind, and the field that carries it."""

from __future__ import annotations

import itertools
from asyncio import Future
from dataclasses import dataclass, field
from typing import Any

# The subscription field without which the platform does not send this kind of event.
FIELD_OF_KIND: dict[str, str] = {
    "message": "messages",
    "message_request": "messages",
    "deletion": "messages",
    "echo": "message_echoes",
    "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
    "optin": "messaging_optins",
    "optout": "messaging_optouts",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "edit": "message_edits",
    "feedback": "response_feedback",
    "handover": "messaging_handovers",
    "policy": "messaging_policy_enforcement",
    "integrity": "business_integrity",
    "account_linking": "messaging_account_linking",
    "change": "feed",
}

# The members by which a raw messaging event shows its kind; the first that is present decides.
_KIND_OF_MEMBER: tuple[tuple[str, str], ...] = (
    ("message", "message"),
    ("postback", "postback"),
    ("referral", "referral"),
    ("optin", "optin"),
    ("optout", "optout"),
    ("delivery", "delivery"),
    ("read", "read"),
    ("reaction", "reaction"),
    ("message_edit", "edit"),
    ("response_feedback", "feedback"),
    ("pass_thread_control", "handover"),
    ("take_thread_control", "handover"),
    ("request_thread_control", "handover"),
    ("app_roles", "handover"),
    ("policy_enforcement", "policy"),
    ("policy-enforcement", "policy"),
    ("violations", "integrity"),
    ("restrictions", "integrity"),
    ("account_linking", "account_linking"),
    ("delete", "deletion"),
    ("message_request", "message_request"),
)

_DEFAULT_FIELDS = (
    "messages messaging_postbacks messaging_optins messaging_optouts messaging_referrals message_deliveries "
    "message_reads message_echoes message_edits message_reactions messaging_handovers standby "
    "messaging_policy_enforcement business_integrity messaging_account_linking feed"
)
DEFAULT_FIELDS = frozenset(_DEFAULT_FIELDS.split())

_ALL_FIELDS = (
    "message_context message_mention messaging_integrity messaging_fblogin_account_linking "
    "messaging_customer_information messaging_feedback response_feedback messaging_game_plays "
    "messaging_in_thread_lead_form_submit messaging_appointments messaging_checkout_updates "
    "messaging_payments messaging_pre_checkouts messaging_direct_sends marketing_message_echoes "
    "marketing_message_deliveries marketing_message_delivery_failed marketing_message_reads "
    "marketing_message_clicks marketing_messages_subscriber_upload_status message_template_status_update "
    "inbox_labels send_cart calls call_permission_reply call_settings_update agent_messages agent_questions "
    "leadgen mention"
)
KNOWN_FIELDS = DEFAULT_FIELDS | frozenset(_ALL_FIELDS.split())

_numbers = itertools.count(1)


@dataclass(slots=True, kw_only=True)
class Event:
    """One event on its way; `channel` is messaging, standby or changes, `signature` good, missing or wrong."""

    kind: str
    page: str
    psid: str | None
    body: dict[str, Any]
    time_ms: int
    channel: str = "messaging"
    signature: str = "good"
    seconds: bool = False
    number: int = field(default_factory=lambda: next(_numbers))
    copy: int = 1
    attempts: int = 0
    failing_since: float | None = None
    settled: Future[int | None] | None = None

    @property
    def mid(self) -> str | None:
        """The message id inside, for those kinds that have one."""
        for member in ("message", "postback", "reaction", "message_edit"):
            inner = self.body.get(member)
            if isinstance(inner, dict) and "mid" in inner:
                return str(inner["mid"])
        return None

    def entry(self) -> dict[str, Any]:
        """The webhook entry that carries it."""
        body = self.body
        if self.seconds and isinstance(body.get("timestamp"), int) and body["timestamp"] >= 10**12:
            body = {**body, "timestamp": body["timestamp"] // 1000}
        # Page changes carry seconds where messaging carries milliseconds.
        time = self.time_ms // 1000 if self.channel == "changes" else self.time_ms
        return {"id": self.page, "time": time, self.channel: [body]}


def kind_of(body: dict[str, Any]) -> str:
    """What kind of event a raw messaging event is."""
    for member, kind in _KIND_OF_MEMBER:
        if member in body:
            inner = body[member]
            if kind == "message" and isinstance(inner, dict) and inner.get("is_echo"):
                return "echo"
            return kind
    return "unknown"


def from_person(page: str, psid: str, at_ms: int, content: dict[str, Any]) -> Event:
    """An event whose sender is the person: message, postback, read, reaction and their like."""
    body = {"sender": {"id": psid}, "recipient": {"id": page}, "timestamp": at_ms, **content}
    return Event(kind=kind_of(content), page=page, psid=psid, body=body, time_ms=at_ms)


def from_page(page: str, psid: str, at_ms: int, content: dict[str, Any]) -> Event:
    """An echo: sender and recipient are swapped, the Page is the sender."""
    body = {"sender": {"id": page}, "recipient": {"id": psid}, "timestamp": at_ms, **content}
    return Event(kind=kind_of(content), page=page, psid=psid, body=body, time_ms=at_ms)


def about_page(page: str, at_ms: int, content: dict[str, Any]) -> Event:
    """An event without a sender: policy enforcement, Page integrity, checkbox opt-in."""
    body = {"recipient": {"id": page}, "timestamp": at_ms, **content}
    return Event(kind=kind_of(content), page=page, psid=None, body=body, time_ms=at_ms)


def change(page: str, at_ms: int, name: str, value: Any) -> Event:
    """A `changes[]` event: feed, template status, the dashboard's test."""
    body = {"field": name, "value": value}
    return Event(kind="change", page=page, psid=None, body=body, time_ms=at_ms, channel="changes")

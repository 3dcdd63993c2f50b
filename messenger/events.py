"""What can happen on the platform that concerns us?

`Event` is a closed union: match on it and end with `assert_never`. Each class carries only what its
kind says; who, when and on which Page stands around it in `messenger.envelope.Incoming`.
Words of a person are wrapped in `Pii`; ids of messages and payloads of buttons are kept out of repr.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.ids import Mid
from domain.personal import Pii
from messenger.attachments import Attachment


class EventKind(StrEnum):
    """The kind of an event, as counted and logged; part of its unique key, so values never change."""

    MESSAGE = "message"
    MESSAGE_EDIT = "message_edit"
    MESSAGE_DELETED = "message_deleted"
    MESSAGE_REQUEST = "message_request"
    POSTBACK = "postback"
    REFERRAL = "referral"
    OPTIN = "optin"
    OPTOUT = "optout"
    ECHO = "echo"
    DELIVERY = "delivery"
    READ = "read"
    REACTION = "reaction"
    FEEDBACK = "feedback"
    THREAD_PASSED = "thread_passed"
    THREAD_TAKEN = "thread_taken"
    THREAD_REQUESTED = "thread_requested"
    APP_ROLES = "app_roles"
    POLICY = "policy"
    INTEGRITY = "integrity"
    ACCOUNT_LINKING = "account_linking"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """Where the person came from: a link, a code, an advertisement. Every part may be missing."""

    ref: Pii[str] | None
    source: str | None
    type: str | None
    ad_id: str | None
    product_id: str | None
    is_guest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """The person wrote, sent something or tapped a quick reply (then `text` is its title).

    `is_unsupported`: it holds nothing that we can read; the person must still get an answer.
    """

    kind: ClassVar = EventKind.MESSAGE
    mid: Mid | None = field(repr=False)
    text: Pii[str] | None
    quick_reply_payload: str | None = field(repr=False)
    reply_to_mid: Mid | None = field(repr=False)
    attachments: tuple[Attachment, ...]
    commands: tuple[str, ...] = field(repr=False)
    referral: Referral | None
    prior_user_ref: Pii[str] | None
    is_unsupported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """The person changed the words of an earlier message; `text` is the new whole."""

    kind: ClassVar = EventKind.MESSAGE_EDIT
    mid: Mid | None = field(repr=False)
    text: Pii[str] | None
    edit_number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """The person unsent these messages: stored copies must go."""

    kind: ClassVar = EventKind.MESSAGE_DELETED
    mids: tuple[Mid, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequestAccepted:
    """The person accepted that this Page writes to them."""

    kind: ClassVar = EventKind.MESSAGE_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class PostbackTapped:
    """The person tapped a button or menu item; `payload` is missing when another app made it."""

    kind: ClassVar = EventKind.POSTBACK
    mid: Mid | None = field(repr=False)
    payload: str | None = field(repr=False)
    title: str | None = field(repr=False)
    referral: Referral | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralFollowed:
    """A person who already has a conversation came in again by a link or an advertisement."""

    kind: ClassVar = EventKind.REFERRAL
    referral: Referral


class OptInSource(StrEnum):
    """Through which door of the platform an opt-in came."""

    PLUGIN = "plugin"
    NOTIFICATION_MESSAGES = "notification_messages"
    ONE_TIME = "one_time"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInReceived:
    """The person said yes in a dialog of the platform; `resumed` when they had stopped before."""

    kind: ClassVar = EventKind.OPTIN
    source: OptInSource
    ref: Pii[str] | None
    payload: str | None = field(repr=False)
    title: str | None = field(repr=False)
    token: Pii[str] | None
    frequency: str | None
    time_zone: str | None
    token_expires_at: datetime | None
    token_status: str | None
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutReceived:
    """The person stopped marketing: one topic of notifications, or everything (`all_marketing`)."""

    kind: ClassVar = EventKind.OPTOUT
    all_marketing: bool
    payload: str | None = field(repr=False)
    title: str | None = field(repr=False)
    token: Pii[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoSeen:
    """A message was sent to the person, by us, another app or a human. Never input of the person."""

    kind: ClassVar = EventKind.ECHO
    mid: Mid | None = field(repr=False)
    app_id: str | None
    metadata: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySeen:
    """All sent before `watermark`, and the messages named, reached the person."""

    kind: ClassVar = EventKind.DELIVERY
    watermark: datetime | None
    mids: tuple[Mid, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeen:
    """The person read all that was sent before `watermark`."""

    kind: ClassVar = EventKind.READ
    watermark: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionSeen:
    """The person put a reaction on a message (`is_set`) or took it back."""

    kind: ClassVar = EventKind.REACTION
    is_set: bool
    reaction: str | None = field(repr=False)
    emoji: str | None = field(repr=False)
    mid: Mid | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven:
    """The person judged one of our messages; `is_good` is None for words we do not know."""

    kind: ClassVar = EventKind.FEEDBACK
    is_good: bool | None
    mid: Mid | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadControlPassed:
    """Another app was given this conversation; a missing app id means that nobody held it."""

    kind: ClassVar = EventKind.THREAD_PASSED
    previous_app_id: str | None
    new_app_id: str | None
    metadata: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadControlTaken:
    """An app or a human in the inbox took this conversation."""

    kind: ClassVar = EventKind.THREAD_TAKEN
    previous_app_id: str | None
    new_app_id: str | None
    metadata: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadControlRequested:
    """An app asks for this conversation."""

    kind: ClassVar = EventKind.THREAD_REQUESTED
    requesting_app_id: str | None
    metadata: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRoles:
    """Which app has which role on the Page, as pairs of app id and roles."""

    kind: ClassVar = EventKind.APP_ROLES
    roles: tuple[tuple[str, tuple[str, ...]], ...]


class PolicyAction(StrEnum):
    """What the platform did to the Page; UNKNOWN must be treated as a block."""

    WARNING = "warning"
    BLOCK = "block"
    UNBLOCK = "unblock"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEnforced:
    """The platform warned, blocked or unblocked the Page."""

    kind: ClassVar = EventKind.POLICY
    action: PolicyAction
    reason: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """One feature of the Page that is restricted, and until when."""

    feature: str | None
    status: str | None
    applied_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityChanged:
    """The standing of the Page changed; a restriction of messaging stops its campaigns."""

    kind: ClassVar = EventKind.INTEGRITY
    status: str | None
    restrictions: tuple[Restriction, ...]
    violation_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLinked:
    """The person linked or unlinked an account elsewhere."""

    kind: ClassVar = EventKind.ACCOUNT_LINKING
    is_linked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsupportedEvent:
    """Something happened that this program has no word for; `name` is the platform's, if a plain word."""

    kind: ClassVar = EventKind.UNSUPPORTED
    name: str | None


Event = (
    MessageReceived
    | MessageEdited
    | MessageDeleted
    | MessageRequestAccepted
    | PostbackTapped
    | ReferralFollowed
    | OptInReceived
    | OptOutReceived
    | EchoSeen
    | DeliverySeen
    | ReadSeen
    | ReactionSeen
    | FeedbackGiven
    | ThreadControlPassed
    | ThreadControlTaken
    | ThreadControlRequested
    | AppRoles
    | PolicyEnforced
    | IntegrityChanged
    | AccountLinked
    | UnsupportedEvent
)

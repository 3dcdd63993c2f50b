"""Which member of a messaging item says what happened, and how is it read?

The table `_READERS` is read from top to bottom; the first member that is present decides. Shapes
differ between years, samples and live traffic, so each reader takes what it finds and refuses only
an event that could not be acted on at all.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from messenger import events, fields
from messenger.attachments import read_attachments

Item = dict[str, Any]


class ShapeRefused(Exception):
    """The item names its kind but lacks the one thing the kind needs; `missing` says which."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"event without its {missing}")
        self.missing = missing


# Kinds that this program does not serve: counted under their name, never stored.
IGNORED_MEMBERS: Final = frozenset({
    "appointments", "appointment_booking", "call", "calls", "call_permission_reply", "call_settings_update",
    "checkout_update", "customer_information", "direct_sends", "game_play", "game_plays", "inbox_labels",
    "in_thread_lead_form_submit", "marketing_message_clicks", "marketing_message_deliveries",
    "marketing_message_delivery_failed", "marketing_message_echoes", "marketing_message_reads",
    "message_context", "message_mention", "message_template_status_update", "messaging_appointments",
    "messaging_customer_information", "messaging_direct_sends", "messaging_feedback",
    "messaging_in_thread_lead_form_submit", "order", "payment", "pre_checkout", "send_cart",
})  # fmt: skip

# Members that stand around every event and never say what happened.
SURROUNDINGS: Final = frozenset({"sender", "recipient", "timestamp", "prior_message", "hop_context", "is_standby"})


def read_event(item: Item) -> events.Event | str:
    """The typed event, or the name of an ignored kind; raises ShapeRefused."""
    for member, read in _READERS.items():
        if item.get(member) is not None:
            return read(item[member], item)
    for member in item:
        if member in IGNORED_MEMBERS:
            return member
        if member in _READERS:
            return _READERS[member](None, item)
    if not _INTEGRITY.isdisjoint(item) and "sender" not in item:
        return _integrity(item, item)
    unknown = next((member for member in item if member not in SURROUNDINGS), None)
    if unknown is None:
        raise ShapeRefused("kind")
    return events.UnsupportedEvent(name=fields.name(unknown))


def _message(value: Any, item: Item) -> events.Event:
    message = fields.members(value)
    mid = fields.message_id(message.get("mid"))
    if fields.flag(message.get("is_echo")):
        return events.EchoSeen(
            mid=mid,
            app_id=fields.identifier(message.get("app_id")),
            metadata=fields.text(message.get("metadata")),
        )
    if fields.flag(message.get("is_deleted")):
        return _deleted(message, item)
    if not message:
        raise ShapeRefused("message")
    text = fields.private(message.get("text"))
    quick_reply_payload = fields.text(fields.members(message.get("quick_reply")).get("payload"))
    attachments = read_attachments(message.get("attachments"))
    commands = (fields.text(fields.members(one).get("name")) for one in fields.items(message.get("commands")))
    known_commands = tuple(command for command in commands if command is not None)
    says_nothing = text is None and quick_reply_payload is None and not attachments and not known_commands
    prior = fields.members(item.get("prior_message"))
    return events.MessageReceived(
        mid=mid,
        text=text,
        quick_reply_payload=quick_reply_payload,
        reply_to_mid=fields.message_id(fields.members(message.get("reply_to")).get("mid")),
        attachments=attachments,
        commands=known_commands,
        referral=_referral_of(message, item),
        prior_user_ref=fields.private(prior.get("identifier")),
        is_unsupported=fields.flag(message.get("is_unsupported")) or says_nothing,
    )


def _edited(value: Any, item: Item) -> events.Event:
    edit = fields.members(value)
    return events.MessageEdited(
        mid=fields.message_id(edit.get("mid")),
        text=fields.private(edit.get("text")),
        edit_number=fields.number(edit.get("num_edit")),
    )


def _deleted(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    mids = fields.message_ids(found.get("mids", found.get("mid")))
    if not mids:
        raise ShapeRefused("mids")
    return events.MessageDeleted(mids=mids)


def _message_request(value: Any, item: Item) -> events.Event:
    if fields.text(value) == "accept":
        return events.MessageRequestAccepted()
    return events.UnsupportedEvent(name="message_request")


def _postback(value: Any, item: Item) -> events.Event:
    postback = fields.members(value)
    if not postback:
        raise ShapeRefused("postback")
    return events.PostbackTapped(
        mid=fields.message_id(postback.get("mid")),
        payload=fields.text(postback.get("payload")),
        title=fields.text(postback.get("title")),
        referral=_referral_of(postback, item),
    )


def _referral_of(inner: Mapping[str, Any], item: Item) -> events.Referral | None:
    found = fields.members(inner.get("referral")) or fields.members(item.get("referral"))
    return _read_referral(found) if found else None


def _read_referral(found: Mapping[str, Any]) -> events.Referral:
    product = fields.members(found.get("product")) or fields.members(found.get("ads_context_data"))
    return events.Referral(
        ref=fields.private(found.get("ref")),
        source=fields.name(found.get("source")),
        type=fields.name(found.get("type")),
        ad_id=fields.identifier(found.get("ad_id")),
        product_id=fields.identifier(product.get("id", product.get("product_id"))),
        is_guest=fields.flag(found.get("is_guest_user")),
    )


def _referral(value: Any, item: Item) -> events.Event:
    return events.ReferralFollowed(referral=_read_referral(fields.members(value)))


_OPT_IN_SOURCES: Final = {
    "notification_messages": events.OptInSource.NOTIFICATION_MESSAGES,
    "one_time_notif_req": events.OptInSource.ONE_TIME,
    None: events.OptInSource.PLUGIN,
}


def _opt_in(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    status = found.get("notification_messages_status")
    resumed = isinstance(status, str) and status.strip().upper().startswith("RESUME")
    token = fields.private(found.get("notification_messages_token", found.get("one_time_notif_token")))
    payload, title = fields.text(found.get("payload")), fields.text(found.get("title"))
    if status is not None and not resumed:
        # "STOP NOTIFICATIONS", or a word we do not know: never read as a yes.
        return events.OptOutReceived(all_marketing=False, payload=payload, title=title, token=token)
    return events.OptInReceived(
        source=_OPT_IN_SOURCES.get(fields.text(found.get("type")), events.OptInSource.UNKNOWN),
        ref=fields.private(found.get("ref")),
        payload=payload,
        title=title,
        token=token,
        frequency=fields.name(found.get("notification_messages_frequency")),
        time_zone=fields.text(found.get("notification_messages_timezone")),
        token_expires_at=fields.stamp(found.get("token_expiry_timestamp")).at,
        token_status=fields.name(found.get("user_token_status")),
        resumed=resumed,
    )


def _opt_out(value: Any, item: Item) -> events.Event:
    # The shape is not documented: whatever it holds, all marketing to this person ends.
    found = fields.members(value)
    return events.OptOutReceived(
        all_marketing=True,
        payload=fields.text(found.get("payload")),
        title=fields.text(found.get("title")),
        token=fields.private(found.get("notification_messages_token")),
    )


def _delivery(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    watermark = fields.stamp(found.get("watermark")).at
    mids = fields.message_ids(found.get("mids"))
    if watermark is None and not mids:
        raise ShapeRefused("watermark")
    return events.DeliverySeen(watermark=watermark, mids=mids)


def _read(value: Any, item: Item) -> events.Event:
    watermark = fields.stamp(fields.members(value).get("watermark")).at
    if watermark is None:
        raise ShapeRefused("watermark")
    return events.ReadSeen(watermark=watermark)


def _reaction(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    return events.ReactionSeen(
        is_set=fields.text(found.get("action")) == "react",
        reaction=fields.name(found.get("reaction")),
        emoji=fields.text(found.get("emoji")),
        mid=fields.message_id(found.get("mid")),
    )


_FEEDBACK: Final = {"good response": True, "bad response": False}


def _feedback(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    words = fields.text(found.get("feedback")) or ""
    return events.FeedbackGiven(is_good=_FEEDBACK.get(words.lower()), mid=fields.message_id(found.get("mid")))


def _thread_passed(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    return events.ThreadControlPassed(
        previous_app_id=fields.identifier(found.get("previous_owner_app_id")),
        new_app_id=fields.identifier(found.get("new_owner_app_id")),
        metadata=fields.text(found.get("metadata")),
    )


def _thread_taken(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    return events.ThreadControlTaken(
        previous_app_id=fields.identifier(found.get("previous_owner_app_id")),
        new_app_id=fields.identifier(found.get("new_owner_app_id")),
        metadata=fields.text(found.get("metadata")),
    )


def _thread_requested(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    return events.ThreadControlRequested(
        requesting_app_id=fields.identifier(found.get("requested_owner_app_id")),
        metadata=fields.text(found.get("metadata")),
    )


def _app_roles(value: Any, item: Item) -> events.Event:
    roles = []
    for app_id, given in fields.members(value).items():
        known = fields.identifier(app_id)
        if known is not None:
            names = (fields.name(role) for role in fields.items(given))
            roles.append((known, tuple(role for role in names if role is not None)))
    return events.AppRoles(roles=tuple(roles))


def _policy(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    word = fields.text(found.get("action"))
    return events.PolicyEnforced(
        action=next((one for one in events.PolicyAction if one == word), events.PolicyAction.UNKNOWN),
        reason=fields.text(found.get("reason")),
    )


_INTEGRITY: Final = frozenset({"violations", "restrictions", "action_events"})


def _integrity(value: Any, item: Item) -> events.Event:
    found = fields.members(value)
    types = (fields.name(fields.members(one).get("type")) for one in fields.items(found.get("violations")))
    return events.IntegrityChanged(
        status=fields.name(found.get("status")),
        restrictions=tuple(_restriction(one) for one in fields.items(found.get("restrictions"))),
        violation_types=tuple(one for one in types if one is not None),
    )


def _restriction(value: Any) -> events.Restriction:
    found = fields.members(value)
    return events.Restriction(
        feature=fields.name(found.get("feature")),
        status=fields.name(found.get("status")),
        applied_at=fields.stamp(found.get("applied_time")).at,
        expires_at=fields.stamp(found.get("expiration_time")).at,
    )


def _account_linking(value: Any, item: Item) -> events.Event:
    return events.AccountLinked(is_linked=fields.text(fields.members(value).get("status")) == "linked")


_READERS: Final[dict[str, Callable[[Any, Item], events.Event]]] = {
    "message": _message,
    "postback": _postback,
    "optin": _opt_in,
    "optout": _opt_out,
    "opt_out": _opt_out,
    "messaging_optout": _opt_out,
    "messaging_optouts": _opt_out,
    "delivery": _delivery,
    "read": _read,
    "reaction": _reaction,
    "message_edit": _edited,
    "delete": _deleted,
    "message_request": _message_request,
    "response_feedback": _feedback,
    "pass_thread_control": _thread_passed,
    "take_thread_control": _thread_taken,
    "request_thread_control": _thread_requested,
    "app_roles": _app_roles,
    "policy_enforcement": _policy,
    "policy-enforcement": _policy,
    "business_integrity": _integrity,
    "messaging_integrity": _integrity,
    "account_linking": _account_linking,
    "referral": _referral,
}

"""What does the Send API do with a message? Checks it, puts it into the conversation, sets off its echo."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator import rules
from simulator.calls import Answer, Call
from simulator.errors import GraphError, bad_parameter
from simulator.events import Event, from_page, from_person
from simulator.faults import NOTHING, CallPlan
from simulator.messages import check_message, digest, is_slow
from simulator.stage import Stage
from simulator.world import DAY_MS, Bubble, Follower, Page, new_mid

SENDER_ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})
RECIPIENTS = ("id", "user_ref", "comment_id", "post_id", "notification_messages_token", "one_time_notif_token")
ATTACHMENT_DAYS = 90


@dataclass(slots=True)
class _Addressee:
    """Whom a message goes to: `follower` may be unknown yet, `windowless` needs no open window.

    `spend` is called once the message is accepted: it uses up what allowed it.
    """

    follower: Follower | None
    echoed: bool = True
    windowless: bool = False
    told: bool = True
    spend: Callable[[], None] | None = None


async def send(stage: Stage, call: Call) -> Answer:
    """POST /{page}/messages."""
    page = call.of_page()
    message, action = call.body.get("message"), call.body.get("sender_action")
    _note(call, message, action)
    plan = stage.faults.for_send(page.id) if message is not None else NOTHING
    rules.check_policy(page)
    media = isinstance(message, dict) and is_slow(message)
    page.meter.admit_send(time.monotonic(), message=message is not None, media=media)
    if plan.call is not None and plan.call.name == "error":
        raise GraphError(plan.call.refusal())
    if message is not None and action is not None:
        raise GraphError("message_and_action")
    if message is None and action is None:
        raise bad_parameter("The parameter message is required.")
    rules.check_type(call.body)
    if message is not None:
        check_message(message)
        _check_attachment_id(page, message, stage.clock.now_ms())
    elif action not in SENDER_ACTIONS:
        raise bad_parameter(f"Param sender_action must be one of {sorted(SENDER_ACTIONS)}")
    addressee = _addressee(stage, call, page)
    if message is None:
        return _act(stage, call, addressee.follower, str(action))
    if plan.call is not None and plan.call.name in ("refused_and_cut", "hang_refused"):
        return Answer(body=None, fault=plan.call)
    return _accept(stage, call, page, addressee, message, plan)


def _note(call: Call, message: Any, action: Any) -> None:
    recipient = call.body.get("recipient")
    if isinstance(recipient, dict) and recipient.get("id") is not None:
        call.notes["psid"] = str(recipient["id"])
    if action is not None:
        call.notes["action"] = str(action)
    if isinstance(message, dict):
        call.notes["digest"] = digest(message)
        call.notes["metadata"] = message.get("metadata")
    call.notes["messaging_type"] = call.body.get("messaging_type")


def _check_attachment_id(page: Page, message: dict[str, Any], now_ms: int) -> None:
    attachment = message.get("attachment")
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if isinstance(payload, dict) and payload.get("attachment_id") is not None:
        made = page.attachments.get(str(payload["attachment_id"]))
        if made is None or now_ms > made + ATTACHMENT_DAYS * DAY_MS:
            raise GraphError("attachment")


def _addressee(stage: Stage, call: Call, page: Page) -> _Addressee:
    recipient = call.body.get("recipient")
    keys = [key for key in RECIPIENTS if isinstance(recipient, dict) and recipient.get(key) is not None]
    if len(keys) != 1 or not isinstance(recipient, dict):
        raise bad_parameter("Param recipient must hold exactly one kind of recipient.")
    key, value = keys[0], str(recipient[keys[0]])
    now_ms = stage.clock.now_ms()
    if key == "id":
        found = _Addressee(page.followers.get(value))
        if found.follower is None:
            raise GraphError("no_user")
    elif key == "user_ref":
        if value not in page.user_refs:
            raise GraphError("no_user")
        return _Addressee(page.followers.get(page.user_refs[value] or ""), echoed=False, told=False)
    elif key in ("comment_id", "post_id"):
        found = _commenter(page, value, now_ms)
    elif key == "notification_messages_token":
        found = _subscriber(page, value, now_ms)
    else:
        raise bad_parameter("The one-time notification token is invalid or was used")
    assert found.follower is not None
    rules.check_standing(found.follower)
    rules.check_control(page, found.follower, stage.config.app_id, now_ms)
    if not found.windowless:
        rules.check_window(page, found.follower, call.body, now_ms)
    return found


def _commenter(page: Page, comment_id: str, now_ms: int) -> _Addressee:
    comment = page.comments.get(comment_id)
    if comment is None or now_ms > comment.at_ms + rules.PRIVATE_REPLY_DAYS * DAY_MS:
        raise GraphError("comment_impossible")
    if comment.answered:
        raise GraphError("comment_done")

    def spend() -> None:
        comment.answered = True

    return _Addressee(page.followers[comment.psid], windowless=True, spend=spend)


def _subscriber(page: Page, token: str, now_ms: int) -> _Addressee:
    subscription = page.subscriptions.get(token)
    if not page.recurring:
        raise GraphError("permission", "(#10) Recurring notifications are not available to this app")
    if subscription is None:
        raise bad_parameter("The notification messages token is invalid or expired")
    if subscription.stopped:
        raise GraphError("stopped")
    if now_ms < subscription.next_ms:
        raise GraphError("too_soon")

    def spend() -> None:
        subscription.next_ms = now_ms + rules.RECURRING_GAP_DAYS * DAY_MS

    return _Addressee(page.followers[subscription.psid], windowless=True, spend=spend)


def _act(stage: Stage, call: Call, follower: Follower | None, action: str) -> Answer:
    if follower is None:
        raise GraphError("no_user")
    if action == "mark_seen":
        follower.page_saw_ms = stage.clock.now_ms()
    elif action in ("react", "unreact"):
        payload = call.body.get("payload")
        bubble = follower.find(str(payload.get("message_id"))) if isinstance(payload, dict) else None
        if bubble is None:
            raise bad_parameter("Param payload[message_id] must name a message of this thread")
        bubble.reaction = str(payload.get("reaction")) if payload and action == "react" else None
    else:
        follower.typing = action == "typing_on"
    call.notes["accepted"] = True
    stage.world.changed("thread", page=call.of_page().id, psid=follower.psid)
    return Answer(body={"recipient_id": follower.psid})


def _accept(
    stage: Stage, call: Call, page: Page, addressee: _Addressee, message: dict[str, Any], plan: CallPlan
) -> Answer:
    now_ms = stage.clock.now_ms()
    mid = new_mid()
    call.notes.update(accepted=True, mid=mid)
    answer = Answer(body={"message_id": mid}, fault=plan.call)
    if addressee.spend is not None:
        addressee.spend()
    follower = addressee.follower
    if follower is not None:
        if addressee.told:
            answer.body = {"recipient_id": follower.psid, "message_id": mid}
        bubble = put_message(stage, page, follower, message, mid=mid, app_id=stage.config.app_id)
        if addressee.echoed:
            _plan_events(stage, page, follower, bubble, plan, answer)
    payload = (message.get("attachment") or {}).get("payload") or {}
    if payload.get("is_reusable"):
        answer.body["attachment_id"] = new_attachment(page, now_ms)
    _spoil(answer)
    return answer


def put_message(
    stage: Stage, page: Page, follower: Follower, message: dict[str, Any], *, mid: str, app_id: str
) -> Bubble:
    """Shows a message of the Page's side in the conversation; the writing app holds an idle thread."""
    now_ms = stage.clock.now_ms()
    bubble = follower.add(Bubble(mid=mid, app_id=app_id, at_ms=now_ms, content=message))
    follower.typing = False
    if page.default_app is not None:
        follower.hold(follower.holder(now_ms) or app_id, now_ms)
    for onlooker in stage.onlookers:
        onlooker(page, follower, bubble)
    stage.world.changed("thread", page=page.id, psid=follower.psid)
    return bubble


def new_attachment(page: Page, now_ms: int) -> str:
    """The id of a reusable attachment; it expires after 90 days."""
    attachment_id = str(10**15 + len(page.attachments) + 1)
    page.attachments[attachment_id] = now_ms
    return attachment_id


def echo_of(stage: Stage, page: Page, follower: Follower, bubble: Bubble) -> Event:
    """The echo of a message; under standby when our app does not hold the thread."""
    message: dict[str, Any] = {"mid": bubble.mid, "is_echo": True, "app_id": int(bubble.app_id or 0)}
    content = bubble.content
    for key in ("text", "metadata", "attachments", "reply_to"):
        if content.get(key) is not None:
            message[key] = content[key]
    if content.get("attachment") is not None:
        message["attachments"] = [content["attachment"]]
    event = from_page(page.id, follower.psid, bubble.at_ms, {"message": message})
    holder = follower.holder(stage.clock.now_ms())
    if page.default_app is not None and holder not in (None, stage.config.app_id):
        event.channel = "standby"
    return event


def delivery_of(page: Page, follower: Follower, bubble: Bubble, now_ms: int) -> Event:
    """The phone's word that everything up to this message has arrived."""
    follower.delivered_ms = max(follower.delivered_ms, bubble.at_ms)
    watermark = {"mids": [bubble.mid], "watermark": bubble.at_ms}
    return from_person(page.id, follower.psid, now_ms, {"delivery": watermark})


def _plan_events(stage: Stage, page: Page, follower: Follower, bubble: Bubble, plan: CallPlan, answer: Answer) -> None:
    if plan.echo_fault("echo_lost") is not None:
        return
    late = plan.echo_fault("echo_late")
    delay = late.wait if late is not None else 0.0
    echo = echo_of(stage, page, follower, bubble)
    if plan.echo_fault("echo_before_answer") is not None:
        answer.early.append(echo)
    else:
        answer.later.append((delay, echo))
    if plan.echo_fault("echo_doubled") is not None:
        answer.later.append((delay, echo_of(stage, page, follower, bubble)))
    if stage.deliveries:
        answer.later.append((delay, delivery_of(page, follower, bubble, stage.clock.now_ms())))


def _spoil(answer: Answer) -> None:
    fault = answer.fault
    if fault is None or fault.name not in ("accepted_but_error", "error_under_200"):
        return
    error = GraphError(fault.refusal())
    answer.body = error.body()
    answer.status = 200 if fault.name == "error_under_200" else error.refusal.status

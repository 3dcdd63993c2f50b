"""What happens seldom? Edits, unsent messages, opt-ins, comments, and what the platform says about a Page."""

from __future__ import annotations

import itertools
from typing import Any

from simulator.bodies import SayBody
from simulator.events import Event, about_page, change, from_person
from simulator.world import Comment, Follower, Page, Subscription

_tokens = itertools.count(1)


def by_person(act: SayBody, page: Page, person: Follower, at_ms: int) -> list[Event]:
    """The events of the seldom acts in this body."""
    contents = _of_messages(act, person)
    if act.delivered is not False:
        contents.append({"delivery": {"watermark": at_ms if act.delivered is True else act.delivered}})
    if act.message_request:
        contents.append({"message_request": "accept"})
    for name, value in (
        ("optout", act.optout),
        ("response_feedback", act.feedback),
        ("account_linking", act.account_linking),
    ):
        if value is not None:
            contents.append({name: value})
    events = [from_person(page.id, person.psid, at_ms, content) for content in contents]
    if act.optin is not None:
        events.append(_opt_in(page, person, at_ms, act.optin))
    if act.comment is not None:
        events.append(_comment(page, person, at_ms, act.comment))
    return events


def _of_messages(act: SayBody, person: Follower) -> list[dict[str, Any]]:
    contents: list[dict[str, Any]] = []
    if act.edit is not None:
        contents.append({"message_edit": _edit(person, act.edit)})
    if act.unsend is not None:
        _remove(person, act.unsend)
        contents.append({"message": {"mid": act.unsend, "is_deleted": True}})
    if act.delete is not None:
        for mid in act.delete:
            _remove(person, mid)
        contents.append({"delete": {"mids": act.delete}})
    return contents


def _edit(person: Follower, edit: dict[str, Any]) -> dict[str, Any]:
    bubble = person.find(str(edit.get("mid")))
    number = 1
    if bubble is not None:
        bubble.content = {**bubble.content, "text": edit.get("text", "")}
        bubble.edits += 1
        number = bubble.edits
    return {"num_edit": number, **edit}


def _remove(person: Follower, mid: str) -> None:
    bubble = person.find(mid)
    if bubble is not None:
        bubble.deleted = True


def _opt_in(page: Page, person: Follower, at_ms: int, optin: dict[str, Any]) -> Event:
    if "user_ref" in optin:
        page.user_refs[str(optin["user_ref"])] = person.psid
        return about_page(page.id, at_ms, {"optin": optin})
    if optin.get("type") == "notification_messages":
        token = str(optin.get("notification_messages_token") or f"token-{person.psid}-{next(_tokens)}")
        stopped = optin.get("notification_messages_status") == "STOP NOTIFICATIONS"
        page.subscriptions[token] = Subscription(psid=person.psid, stopped=stopped)
        optin = {"user_token_status": "REFRESHED", **optin, "notification_messages_token": token}
    return from_person(page.id, person.psid, at_ms, {"optin": optin})


def _comment(page: Page, person: Follower, at_ms: int, comment: dict[str, Any]) -> Event:
    comment_id = str(comment.get("comment_id") or f"{page.id}_{at_ms}")
    page.comments[comment_id] = Comment(psid=person.psid, at_ms=at_ms)
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": comment_id,
        "post_id": f"{page.id}_1",
        "created_time": at_ms // 1000,
        "message": "",
        "from": {"id": person.psid, "name": person.name},
        **comment,
    }
    return change(page.id, at_ms, "feed", value)


def about(act: SayBody, page: Page, at_ms: int) -> list[Event]:
    """Events without a sender: enforcement, integrity, checkbox opt-in, changes, raw ones."""
    events: list[Event] = []
    if act.policy_enforcement is not None:
        events.append(about_page(page.id, at_ms, {"policy_enforcement": act.policy_enforcement}))
    if act.business_integrity is not None:
        content = {"status": "restricted", "violations": [], "restrictions": [], **act.business_integrity}
        # Page integrity counts in seconds where everything else counts in milliseconds.
        event = about_page(page.id, at_ms // 1000, content)
        event.time_ms = at_ms
        events.append(event)
    if act.optin is not None and "user_ref" in act.optin and act.psid is None:
        page.user_refs[str(act.optin["user_ref"])] = None
        events.append(about_page(page.id, at_ms, {"optin": act.optin}))
    if act.change is not None:
        events.append(change(page.id, at_ms, str(act.change.get("field")), act.change.get("value")))
    if act.event is not None and act.psid is None:
        events.append(about_page(page.id, at_ms, act.event))
    return events

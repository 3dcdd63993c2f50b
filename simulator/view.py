"""What does the follower see? The conversation as a screen shows it, with everything that can be tapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simulator.stage import Stage
from simulator.world import INBOX_APP_ID, Bubble, Follower, Page

_LINK = re.compile(r"https?://[^\s<>\"']+")
_TRAILING = ".,;:!?)]}…"


def links_in(text: str) -> list[str]:
    """Addresses that a client would make clickable."""
    return [found.rstrip(_TRAILING) for found in _LINK.findall(text)]


def templates_of(content: dict[str, Any]) -> dict[str, Any] | None:
    """The template in a message, if it holds one."""
    attachment = content.get("attachment")
    if isinstance(attachment, dict) and attachment.get("type") == "template":
        payload: dict[str, Any] = attachment["payload"]
        return payload
    return None


def buttons_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """All buttons of a message, in the order in which they stand on the screen."""
    template = templates_of(content) or {}
    buttons = list(template.get("buttons") or ())
    for element in template.get("elements") or ():
        if isinstance(element, dict):
            buttons += element.get("buttons") or ()
    return buttons


def offered_replies(person: Follower) -> list[dict[str, Any]]:
    """Quick replies that can be tapped now: only those of the very last message."""
    if not person.bubbles:
        return []
    last = person.bubbles[-1]
    return list(last.content.get("quick_replies") or ()) if last.from_page else []


def choices(person: Follower) -> list[dict[str, Any]]:
    """What a person may tap now: the quick replies, else the buttons of the newest message that has some."""
    replies = [reply for reply in offered_replies(person) if reply.get("content_type") == "text"]
    if replies:
        return [_choice("quick_reply", reply) for reply in replies]
    for bubble in reversed(person.bubbles or ()):
        if not bubble.from_page:
            return []
        buttons = [button for button in buttons_of(bubble.content) if button.get("type") == "postback"]
        if buttons:
            return [_choice("postback", button) for button in buttons]
    return []


def _choice(kind: str, offered: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "title": str(offered.get("title", "")), "payload": str(offered.get("payload", ""))}


def links_of(content: dict[str, Any]) -> Iterator[str]:
    """Every address in a message that a crawler would fetch."""
    yield from links_in(str(content.get("text") or ""))
    template = templates_of(content) or {}
    yield from links_in(str(template.get("text") or ""))
    for button in buttons_of(content):
        if button.get("url"):
            yield str(button["url"])
    for element in template.get("elements") or ():
        if isinstance(element, dict) and isinstance(element.get("default_action"), dict):
            yield str(element["default_action"].get("url", ""))


def screen(stage: Stage, page: Page, person: Follower) -> dict[str, Any]:
    """The whole conversation as the follower sees it, and what surrounds it."""
    now_ms = stage.clock.now_ms()
    until = person.window_until_ms()
    started = page.profile.get("get_started")
    return {
        "page": page.id,
        "page_name": page.name,
        "psid": person.psid,
        "name": person.name,
        "locale": person.locale,
        "standing": person.standing,
        "started": person.started,
        "now_ms": now_ms,
        "window_open": until is not None and now_ms < until,
        "window_until_ms": until,
        "owner": _owner(stage, person.holder(now_ms)),
        "typing": person.typing,
        "page_saw_ms": person.page_saw_ms,
        "read_ms": person.read_ms,
        "delivered_ms": person.delivered_ms,
        "get_started": None if person.started or not started else started.get("payload"),
        "greeting": _greeting(page, person),
        "menu": _menu(page),
        "quick_replies": offered_replies(person),
        "bubbles": [_bubble(stage, bubble) for bubble in person.bubbles or ()],
        "links": [link for bubble in person.bubbles or () for link in links_of(bubble.content)],
        "refusals": list(person.refusals or ()),
    }


def _owner(stage: Stage, holder: str | None) -> str | None:
    if holder == stage.config.app_id:
        return "app"
    return "inbox" if holder == INBOX_APP_ID else holder


def _bubble(stage: Stage, bubble: Bubble) -> dict[str, Any]:
    content = {} if bubble.deleted else bubble.content
    sender = "follower" if bubble.app_id is None else _owner(stage, bubble.app_id)
    return {
        "mid": bubble.mid,
        "from": sender,
        "at_ms": bubble.at_ms,
        "text": content.get("text"),
        "attachments": content.get("attachments") or _attached(content),
        "template": templates_of(content),
        "buttons": buttons_of(content),
        "quick_reply": (content.get("quick_reply") or {}).get("payload"),
        "tapped": bool(content.get("tapped") or content.get("quick_reply")),
        "metadata": content.get("metadata"),
        "deleted": bubble.deleted,
        "edited": bubble.edits > 0,
        "reaction": bubble.reaction,
    }


def _attached(content: dict[str, Any]) -> list[dict[str, Any]]:
    attachment = content.get("attachment")
    return [attachment] if isinstance(attachment, dict) and attachment.get("type") != "template" else []


def _greeting(page: Page, person: Follower) -> str | None:
    greetings = {greeting.get("locale"): greeting.get("text") for greeting in page.profile.get("greeting") or ()}
    text = greetings.get(person.locale) or greetings.get("default")
    if text is None:
        return None
    for placeholder, value in (
        ("{{user_first_name}}", person.first_name),
        ("{{user_last_name}}", person.last_name),
        ("{{user_full_name}}", person.name),
    ):
        text = text.replace(placeholder, value)
    return str(text)


def _menu(page: Page) -> list[dict[str, Any]]:
    for menu in page.profile.get("persistent_menu") or ():
        if menu.get("locale") == "default":
            return list(menu.get("call_to_actions") or ())
    return []

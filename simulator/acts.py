"""What happens when a follower does something? The conversation and window change, and an event arises."""

from __future__ import annotations

from typing import Any

from simulator import rare
from simulator.bodies import SayBody
from simulator.events import Event, from_person, kind_of
from simulator.sending import echo_of, put_message
from simulator.stage import Stage
from simulator.world import INBOX_APP_ID, Bubble, Follower, Page, new_mid

LIKE_STICKER_ID = 369239263222822
DEFAULT_GET_STARTED = "GET_STARTED"
_REACTIONS = {"love": "❤", "like": "👍", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠", "dislike": "👎"}


class UnknownFollowerError(Exception):
    """The act names a Page or person that is not here."""


class Acts:
    """Does what followers do."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def page(self, page_id: str | None) -> Page:
        """The Page named, or the only one there is."""
        pages = self._stage.world.pages
        if page_id is None and pages:
            return next(iter(pages.values()))
        if page_id not in pages:
            raise UnknownFollowerError("no such Page here: make it with POST /control/followers first")
        return pages[page_id]

    def follower(self, page: Page, psid: str | None) -> Follower:
        """The person named; raises UnknownFollowerError."""
        found = page.followers.get(psid) if psid is not None else None
        if found is None:
            raise UnknownFollowerError("no such follower of this Page: make one with POST /control/followers")
        return found

    def perform(self, act: SayBody) -> list[Event]:
        """The events that an act sets off, not yet on their way; several acts in one body happen in order."""
        page = self.page(act.page)
        at_ms = act.timestamp if act.timestamp is not None else self._stage.clock.now_ms()
        events = rare.about(act, page, at_ms)
        if act.psid is not None:
            events += self._by_person(act, page, self.follower(page, act.psid), at_ms)
        if not events:
            raise ValueError("nothing to do: name a psid and an act such as text, postback or get_started")
        for event in events:
            self._shape(act, page, event)
        if act.psid is not None:
            self._stage.world.changed("thread", page=page.id, psid=act.psid)
        return events

    def _shape(self, act: SayBody, page: Page, event: Event) -> None:
        event.seconds = act.seconds_timestamp
        if act.unsigned or act.wrong_secret:
            event.signature = "missing" if act.unsigned else "wrong"
        if act.extra:
            event.body = {**event.body, **act.extra}
        self.route(page, event, standby=act.standby)

    def route(self, page: Page, event: Event, *, standby: bool | None = None) -> None:
        """Moves an event to standby when another app holds the thread; there, postbacks lose their payload."""
        if standby is None and event.psid is not None and event.kind not in ("handover", "optin"):
            holder = page.followers[event.psid].holder(self._stage.clock.now_ms())
            standby = page.default_app is not None and holder not in (None, self._stage.config.app_id)
        if not standby or event.channel != "messaging":
            return
        event.channel = "standby"
        if event.kind == "postback":
            inner = {key: value for key, value in event.body["postback"].items() if key != "payload"}
            event.body = {**event.body, "postback": inner}

    def _by_person(self, act: SayBody, page: Page, person: Follower, at_ms: int) -> list[Event]:
        events: list[Event] = []
        if act.get_started:
            referral = act.get_started.get("referral") if isinstance(act.get_started, dict) else None
            events.append(self.get_started(page, person, at_ms, referral or act.referral))
        elif act.referral is not None:
            events.append(self.referral(page, person, at_ms, act.referral))
        if _is_message(act):
            events.append(self._message_of(act, page, person, at_ms))
        if act.postback is not None:
            given = act.postback if isinstance(act.postback, dict) else {"payload": act.postback}
            title = given.get("title") or given.get("payload", "")
            events.append(self.postback(page, person, at_ms, str(title), given.get("payload"), given))
        if act.reaction is not None:
            events.append(self._reaction_of(act.reaction, page, person, at_ms))
        if act.read is not False:
            events.append(self.read(page, person, at_ms, None if act.read is True else act.read))
        events += rare.by_person(act, page, person, at_ms)
        if act.event is not None:
            body = {"sender": {"id": person.psid}, "recipient": {"id": page.id}, "timestamp": at_ms, **act.event}
            events.append(Event(kind=kind_of(body), page=page.id, psid=person.psid, body=body, time_ms=at_ms))
        return events

    def _message_of(self, act: SayBody, page: Page, person: Follower, at_ms: int) -> Event:
        content: dict[str, Any] = {}
        if act.text is not None:
            content["text"] = act.text
        attachments = list(act.attachments or ())
        if act.attachment is not None:
            attachments.append(_attachment(act.attachment))
        if act.sticker:
            attachments.append(_sticker(act.sticker))
        if attachments:
            content["attachments"] = attachments
        if act.quick_reply is not None:
            title, payload = self._tapped(person, act.quick_reply)
            content |= {"text": act.text or title, "quick_reply": {"payload": payload}}
        if act.reply_to is not None:
            content["reply_to"] = {"mid": act.reply_to}
        return self.message(page, person, at_ms, content)

    def _tapped(self, person: Follower, reply: str | dict[str, Any]) -> tuple[str, str]:
        if isinstance(reply, dict):
            payload = str(reply.get("payload", ""))
            return str(reply.get("title") or payload), payload
        for bubble in reversed(person.bubbles or ()):
            for offered in bubble.content.get("quick_replies") or ():
                if reply in (offered.get("payload"), offered.get("title")):
                    return str(offered.get("title", "")), str(offered.get("payload", ""))
        return reply, reply

    def message(self, page: Page, person: Follower, at_ms: int, content: dict[str, Any]) -> Event:
        """The person sends a message."""
        mid = new_mid()
        self._wrote(page, person, at_ms)
        person.wrote_at_ms = max(person.wrote_at_ms or 0, at_ms)
        person.add(Bubble(mid=mid, app_id=None, at_ms=at_ms, content=content))
        return from_person(page.id, person.psid, at_ms, {"message": {"mid": mid, **content}})

    def postback(
        self,
        page: Page,
        person: Follower,
        at_ms: int,
        title: str,
        payload: Any,
        more: dict[str, Any] | None = None,
    ) -> Event:
        """The person taps a button, a menu item or Get Started."""
        mid = new_mid()
        self._wrote(page, person, at_ms)
        person.add(Bubble(mid=mid, app_id=None, at_ms=at_ms, content={"text": title, "tapped": True}))
        tapped = {**(more or {}), "mid": mid, "title": title, "payload": payload}
        return from_person(page.id, person.psid, at_ms, {"postback": tapped})

    def get_started(self, page: Page, person: Follower, at_ms: int, referral: dict[str, Any] | None = None) -> Event:
        """The person opens a new conversation with the Get Started button."""
        setting = page.profile.get("get_started")
        payload = setting["payload"] if isinstance(setting, dict) else DEFAULT_GET_STARTED
        more = {"referral": _referral(referral)} if referral is not None else None
        return self.postback(page, person, at_ms, "Get Started", payload, more)

    def referral(self, page: Page, person: Follower, at_ms: int, referral: dict[str, Any]) -> Event:
        """The person comes by an m.me link or ad into a conversation that exists already."""
        self._wrote(page, person, at_ms)
        return from_person(page.id, person.psid, at_ms, {"referral": _referral(referral)})

    def read(self, page: Page, person: Follower, at_ms: int, watermark: int | None = None) -> Event:
        """The person's phone reports reading."""
        seen = watermark if watermark is not None else at_ms
        person.read_ms = max(person.read_ms, seen)
        return from_person(page.id, person.psid, at_ms, {"read": {"watermark": seen}})

    def react(
        self, page: Page, person: Follower, at_ms: int, mid: str, reaction: str | None, emoji: str | None
    ) -> Event:
        """The person reacts to a message (None takes the reaction back); this opens the window too."""
        self._wrote(page, person, at_ms)
        bubble = person.find(mid)
        if bubble is not None:
            bubble.reaction = reaction
        told: dict[str, Any] = {"action": "react" if reaction else "unreact", "mid": mid}
        if reaction:
            told |= {"reaction": reaction, "emoji": emoji or _REACTIONS.get(reaction, "🙂")}
        return from_person(page.id, person.psid, at_ms, {"reaction": told})

    def _wrote(self, page: Page, person: Follower, at_ms: int) -> None:
        self._stage.world.started(page, person)
        person.open_window(at_ms)
        if person.standing in ("blocked", "unavailable", "muted", "silent_block"):
            # Whoever writes can be answered again.
            person.standing = "reachable"
        now_ms = self._stage.clock.now_ms()
        if page.default_app is not None:
            person.hold(person.holder(now_ms) or page.default_app, now_ms)

    def _reaction_of(self, reaction: str | dict[str, Any], page: Page, person: Follower, at_ms: int) -> Event:
        given = reaction if isinstance(reaction, dict) else {"reaction": reaction}
        newest = next((bubble.mid for bubble in reversed(person.bubbles or ()) if bubble.from_page), "")
        name = None if given.get("action") == "unreact" else str(given.get("reaction", "love"))
        return self.react(page, person, at_ms, str(given.get("mid") or newest), name, given.get("emoji"))

    def inbox_reply(self, page: Page, person: Follower, text: str, metadata: str | None) -> Event:
        """A member of staff answers in the Page inbox; its echo carries the inbox's app id."""
        content = {"text": text} if metadata is None else {"text": text, "metadata": metadata}
        bubble = put_message(self._stage, page, person, content, mid=new_mid(), app_id=INBOX_APP_ID)
        return echo_of(self._stage, page, person, bubble)

    def hand_over(self, page: Page, person: Follower, kind: str, new: str | None) -> Event:
        """The thread changes hands: `take` or `pass`."""
        now_ms = self._stage.clock.now_ms()
        holder = person.holder(now_ms)
        person.hold(new, now_ms)
        hands = {
            "previous_owner_app_id": int(holder) if holder else None,
            "new_owner_app_id": int(new) if new else None,
            "metadata": "Page inbox",
        }
        return from_person(page.id, person.psid, now_ms, {f"{kind}_thread_control": hands})


def _is_message(act: SayBody) -> bool:
    said = (act.text, act.quick_reply, act.attachment, act.attachments)
    return bool(act.sticker) or any(part is not None for part in said)


def _attachment(given: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(given, dict):
        if "payload" in given:
            return given
        kind = given.get("type", "image")
        return {"type": kind, "payload": {key: value for key, value in given.items() if key != "type"}}
    if given == "location":
        return {"type": "location", "payload": {"coordinates": {"lat": 52.52, "long": 13.405}}}
    return {"type": given, "payload": {"url": f"https://cdn.example/{given}?expires=1"}}


def _sticker(given: bool | int) -> dict[str, Any]:
    number = LIKE_STICKER_ID if given is True else int(given)
    return {"type": "sticker", "payload": {"url": f"https://cdn.example/sticker/{number}", "sticker_id": number}}


def _referral(given: dict[str, Any]) -> dict[str, Any]:
    return {"source": "ADS" if "ad_id" in given else "SHORTLINK", "type": "OPEN_THREAD", **given}

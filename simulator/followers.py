"""Who shall be there? Makes and changes Pages and followers on request."""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.acts import Acts
from simulator.bodies import FollowerBody, FollowersBody, PageBody
from simulator.events import DEFAULT_FIELDS
from simulator.rules import STANDINGS
from simulator.stage import Stage
from simulator.world import DAY_MS, INBOX_APP_ID, Follower, Page

# Beyond this many made in one call, the answer holds them only when asked to.
LISTED = 1000
_CLOSED_MS = DAY_MS + 3_600_000


def follower_line(person: Follower) -> dict[str, Any]:
    """A follower as lists show them."""
    last = person.bubbles[-1] if person.bubbles else None
    return {
        "psid": person.psid,
        "name": person.name,
        "first_name": person.first_name,
        "locale": person.locale,
        "standing": person.standing,
        "started": person.started,
        "window_until_ms": person.window_until_ms(),
        "last_at_ms": last.at_ms if last is not None else None,
        "last_text": _preview(last.content) if last is not None and not last.deleted else None,
        "last_from_page": last.from_page if last is not None else None,
    }


def _preview(content: dict[str, Any]) -> str:
    attachment = content.get("attachment") or next(iter(content.get("attachments") or ()), None) or {}
    text = content.get("text") or (attachment.get("payload") or {}).get("text") or attachment.get("type") or ""
    return str(text)[:80]


def make_followers(stage: Stage, acts: Acts, body: FollowersBody) -> dict[str, Any]:
    """Does what POST /control/followers asks and lists whom it touched."""
    pages = [_page(stage, given) for given in body.pages]
    page = acts.page(body.page) if body.page is not None or not pages else pages[0]
    touched = [_follower(stage, page, given) for given in body.followers]
    touched += stage.world.add_followers(page, body.count)
    if body.window != "none":
        at_ms = stage.clock.now_ms() - (_CLOSED_MS if body.window == "closed" else 0)
        for person in touched:
            stage.world.started(page, person)
            person.open_window(at_ms)
            person.wrote_at_ms = at_ms
    listed = len(touched) <= LISTED if body.listed is None else body.listed
    for changed in {page.id: page, **{made.id: made for made in pages}}.values():
        stage.world.changed("page", page=changed.id)
    lines = [follower_line(person) for person in touched] if listed else []
    told = [{"id": made.id, "name": made.name, "token": made.token} for made in pages]
    return {"page": page.id, "pages": told, "made": len(touched), "followers": lines}


def _page(stage: Stage, given: PageBody) -> Page:
    known = stage.world.pages.get(given.id)
    name = given.name or (known.name if known else f"Page {given.id}")
    token = given.token or (known.token if known else "EAA" + hashlib.sha256(given.id.encode()).hexdigest()[:40])
    page = stage.world.add_page(given.id, name, token, region=given.region or (known.region if known else "eu"))
    if given.subscribed_fields is not None:
        page.fields = set(given.subscribed_fields)
    elif given.subscribed or (known is None and given.subscribed is None and stage.config.subscribed):
        page.fields = set(DEFAULT_FIELDS)
    elif given.subscribed is False:
        page.fields = None
    if given.utility is not None:
        page.utility = given.utility
    if given.recurring is not None:
        page.recurring = given.recurring
    if given.scopes is not None:
        page.scopes = set(given.scopes)
    if given.default_app is not None:
        apps = {"ours": stage.config.app_id, "inbox": INBOX_APP_ID, "none": None}
        page.default_app = apps[given.default_app]
    return page


def _follower(stage: Stage, page: Page, given: FollowerBody) -> Follower:
    if given.standing is not None and given.standing not in STANDINGS:
        raise ValueError(f"standing must be one of {', '.join(sorted(STANDINGS))}")
    person = page.followers.get(given.psid) if given.psid is not None else None
    if person is None:
        person = stage.world.add_followers(page, 1)[0]
        if given.psid is not None:
            del page.followers[person.psid]
            person.psid = given.psid
            page.followers[person.psid] = person
    for name, value in given.model_dump(exclude_none=True, exclude={"psid"}).items():
        setattr(person, name, value)
    return person

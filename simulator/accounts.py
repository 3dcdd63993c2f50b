"""Who is who? Tokens, the Page itself, people's profiles and the app's own webhook subscription."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simulator.calls import SUCCESS, Answer, Call, Handler
from simulator.errors import GraphError, bad_parameter
from simulator.rules import check_credential
from simulator.stage import Stage
from simulator.world import Bubble, Follower, Page

NEWEST_MESSAGES = 20
LONG_LIVED_SECONDS = 60 * 86_400
# Profile fields, and the permission that each needs beyond the general one.
_PROFILE_FIELDS = {
    "id": None,
    "name": None,
    "first_name": None,
    "last_name": None,
    "profile_pic": None,
    "locale": "pages_user_locale",
    "timezone": "pages_user_timezone",
    "gender": "pages_user_gender",
}


async def exchange(stage: Stage, call: Call) -> Answer:
    """GET /oauth/access_token: a long-lived user token, or the app token."""
    config = stage.config
    if (call.param("client_id"), call.param("client_secret")) != (config.app_id, config.app_secret):
        raise GraphError("parameter", "Error validating client secret.")
    if call.param("grant_type") == "client_credentials":
        return Answer(body={"access_token": stage.app_token, "token_type": "bearer"})
    if call.param("grant_type") != "fb_exchange_token" or not call.param("fb_exchange_token"):
        raise bad_parameter("Param grant_type must be fb_exchange_token or client_credentials")
    token = {"access_token": stage.user_token, "token_type": "bearer", "expires_in": LONG_LIVED_SECONDS}
    return Answer(body=token)


async def debug_token(stage: Stage, call: Call) -> Answer:
    """GET /debug_token?input_token=...&access_token={app token}."""
    if call.token not in (stage.app_token, stage.user_token):
        raise GraphError("permission" if call.token else "no_token")
    token = str(call.param("input_token") or "")
    page = stage.world.page_of_token(token)
    now = int(stage.clock.now())
    told: dict[str, Any] = {"app_id": stage.config.app_id, "application": "Simulated app", "is_valid": True}
    if page is not None:
        told.update(type="PAGE", profile_id=page.id, user_id="1000000000000002", expires_at=0)
        told.update(issued_at=now - 86_400, data_access_expires_at=now + 90 * 86_400)
        told["scopes"] = sorted(page.scopes)
        told["granular_scopes"] = [{"scope": scope, "target_ids": [page.id]} for scope in sorted(page.scopes)]
    elif token in (stage.app_token, stage.user_token):
        told.update(type="APP" if token == stage.app_token else "USER", scopes=[], expires_at=0)
    else:
        told = {"is_valid": False, "scopes": [], "error": _token_error(GraphError("token"))}
    if page is not None and page.credential != "alive":
        told.update(is_valid=False, error=_token_error(_dead(page)))
    return Answer(body={"data": told})


def _dead(page: Page) -> GraphError:
    try:
        check_credential(page)
    except GraphError as dead:
        return dead
    raise AssertionError("asked for the error of a living token")


def _token_error(error: GraphError) -> dict[str, Any]:
    told: dict[str, Any] = {"code": error.refusal.code, "message": error.message}
    if error.refusal.subcode is not None:
        told["subcode"] = error.refusal.subcode
    return told


async def read_node(stage: Stage, call: Call) -> Answer:
    """GET /me, /{page} or /{psid}."""
    if call.method != "GET":
        raise GraphError("no_path")
    node = call.segments[0]
    if call.by_app and node in ("app", stage.config.app_id):
        return Answer(body={"id": stage.config.app_id, "name": "Simulated app"})
    if call.by_user:
        if node == "me":
            return Answer(body={"id": "1000000000000002", "name": "Page administrator"})
        call.page = stage.world.pages.get(node)
    if call.page is None:
        raise GraphError("missing_object")
    if node in ("me", call.page.id):
        return Answer(body=_page_fields(call.page, call.listed("fields"), with_token=call.by_user))
    return Answer(body=_person_fields(stage, call, call.page, node))


def _page_fields(page: Page, fields: list[str], *, with_token: bool) -> dict[str, Any]:
    known: dict[str, Any] = {"id": page.id, "name": page.name, "category": "Café"}
    if page.default_app is not None:
        known["messaging_feature_status"] = {"msgr_multi_app": True}
    if with_token:
        known["access_token"] = page.token
    wanted = fields or ["id", "name"]
    return {name: known[name] for name in (*wanted, "id") if name in known}


def _person_fields(stage: Stage, call: Call, page: Page, psid: str) -> dict[str, Any]:
    call.notes["psid"] = psid
    follower = page.followers.get(psid)
    if follower is None or follower.standing == "deleted" or not follower.started:
        raise GraphError("missing_object")
    if follower.profile == "phone":
        raise GraphError("phone_account")
    if follower.profile == "empty":
        return {}
    fields = call.listed("fields") or ["first_name", "last_name", "profile_pic"]
    for name in fields:
        if name not in _PROFILE_FIELDS:
            raise bad_parameter(f"Tried accessing nonexisting field ({name})")
        permission = _PROFILE_FIELDS[name]
        if permission is not None and permission not in page.scopes:
            raise GraphError("profile_field")
    known = {
        "id": follower.psid,
        "name": follower.name,
        "first_name": follower.first_name,
        "last_name": follower.last_name,
        "profile_pic": f"https://platform-lookaside.example/psid={follower.psid}&expires={int(stage.clock.now())}",
        "locale": follower.locale,
        "timezone": follower.timezone,
        "gender": follower.gender,
    }
    return {name: known[name] for name in (*fields, "id")}


async def list_pages(stage: Stage, call: Call) -> Answer:
    """GET /me/accounts with the administrator's token."""
    if not call.by_user:
        raise GraphError("permission", "(#10) A user access token is required for this call")
    fields = ["access_token", "name", "id"]
    pages = [_page_fields(page, fields, with_token=True) for page in stage.world.pages.values()]
    return Answer(body={"data": pages})


async def set_webhook(stage: Stage, call: Call) -> Answer:
    """POST /{app}/subscriptions: takes the callback only when it passes the verification."""
    if not call.by_app or call.segments[0] != stage.config.app_id:
        raise GraphError("permission", "(#10) The app access token is required for this call")
    if call.param("object") != "page" or not call.param("callback_url"):
        raise bad_parameter("A subscription needs object=page, callback_url, verify_token and fields")
    pusher = stage.pusher
    before = pusher.callback_url, pusher.verify_token
    pusher.callback_url = str(call.param("callback_url"))
    pusher.verify_token = str(call.param("verify_token") or "")
    if not (await pusher.verify())["verified"]:
        pusher.callback_url, pusher.verify_token = before
        raise GraphError("parameter", "(#2200) Callback verification failed")
    return Answer(body=SUCCESS)


async def read_webhook(stage: Stage, call: Call) -> Answer:
    """GET /{app}/subscriptions."""
    if not call.by_app:
        raise GraphError("permission", "(#10) The app access token is required for this call")
    url = stage.pusher.callback_url
    active = {"object": "page", "callback_url": url, "active": True, "fields": []}
    return Answer(body={"data": [active] if url else []})


async def conversations(_: Stage, call: Call) -> Answer:
    """GET /{page}/conversations?user_id=...: ids of threads."""
    page = call.of_page()
    wanted = call.param("user_id")
    people = [page.followers.get(str(wanted))] if wanted else list(page.followers.values())
    started = [person for person in people if person is not None and person.started]
    return Answer(body={"data": [{"id": f"t_{person.psid}"} for person in started[:25]]})


def _message(page: Page, follower: Follower, bubble: Bubble) -> dict[str, Any]:
    side = {"id": page.id, "name": page.name}
    person = {"id": follower.psid, "name": follower.name}
    sender, receiver = (side, person) if bubble.from_page else (person, side)
    created = datetime.fromtimestamp(bubble.at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    text = "" if bubble.deleted else bubble.content.get("text", "")
    return {"id": bubble.mid, "created_time": created, "from": sender, "to": {"data": [receiver]}, "message": text}


async def read_messages(_: Stage, call: Call) -> Answer:
    """GET /{conversation}/messages: the twenty newest."""
    page = call.page
    follower = page.followers.get(call.segments[0].removeprefix("t_")) if page is not None else None
    if page is None or follower is None:
        raise GraphError("missing_object")
    newest = list(follower.bubbles or ())[-NEWEST_MESSAGES:]
    return Answer(body={"data": [_message(page, follower, bubble) for bubble in reversed(newest)]})


EDGES: dict[tuple[str, str], Handler] = {
    ("GET", "accounts"): list_pages,
    ("POST", "subscriptions"): set_webhook,
    ("GET", "subscriptions"): read_webhook,
    ("GET", "conversations"): conversations,
    ("GET", "messages"): read_messages,
}
OPEN: dict[tuple[str, str], Handler] = {
    ("GET", "oauth/access_token"): exchange,
    ("GET", "debug_token"): debug_token,
}

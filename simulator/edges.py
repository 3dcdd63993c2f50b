"""What can an app set up for its Page? Subscription, profile, thread control, templates, attachments."""

from __future__ import annotations

from typing import Any

from simulator import rules
from simulator.calls import SUCCESS, Answer, Call, Handler
from simulator.errors import GraphError, bad_parameter
from simulator.events import KNOWN_FIELDS, from_person
from simulator.messages import PAYLOAD_LENGTH, check_buttons
from simulator.sending import new_attachment
from simulator.stage import Stage
from simulator.world import Follower, Page

MENU_ITEMS = 20
MENU_TITLE_LENGTH = 30
ICE_BREAKERS = 4
GREETING_LENGTH = 160
PROFILE_PROPERTIES = (
    "get_started",
    "greeting",
    "persistent_menu",
    "ice_breakers",
    "commands",
    "whitelisted_domains",
    "account_linking_url",
)


async def subscribe(_: Stage, call: Call) -> Answer:
    """POST /{page}/subscribed_apps: one unknown field refuses the whole call."""
    page = call.of_page()
    if "pages_manage_metadata" not in page.scopes:
        raise GraphError("not_reviewed", "(#200) Requires pages_manage_metadata permission")
    fields = call.listed("subscribed_fields")
    if not fields:
        raise bad_parameter("The parameter subscribed_fields is required.")
    for number, field in enumerate(fields):
        if field not in KNOWN_FIELDS:
            raise bad_parameter(f"Param subscribed_fields[{number}] must be one of {sorted(KNOWN_FIELDS)}")
    page.fields = set(fields)
    return Answer(body=SUCCESS)


async def subscriptions(stage: Stage, call: Call) -> Answer:
    """GET /{page}/subscribed_apps."""
    page = call.of_page()
    if page.fields is None:
        return Answer(body={"data": []})
    app = {"category": "Business", "name": "Simulated app", "id": stage.config.app_id}
    return Answer(body={"data": [{**app, "subscribed_fields": sorted(page.fields)}]})


async def unsubscribe(_: Stage, call: Call) -> Answer:
    """DELETE /{page}/subscribed_apps."""
    call.of_page().fields = None
    return Answer(body=SUCCESS)


async def read_profile(stage: Stage, call: Call) -> Answer:
    """GET /me/messenger_profile?fields=..."""
    page = _profile_page(stage, call)
    wanted = call.listed("fields")
    known = {**page.profile, "subject_to_new_eu_privacy_rules": page.region == "eu"}
    found = {name: known[name] for name in wanted if name in known}
    return Answer(body={"data": [found] if found else []})


async def write_profile(stage: Stage, call: Call) -> Answer:
    """POST /me/messenger_profile."""
    page = _profile_page(stage, call)
    given = {name: call.body[name] for name in PROFILE_PROPERTIES if name in call.body}
    if not given:
        raise bad_parameter("Requires one of the params: " + ", ".join(PROFILE_PROPERTIES))
    _check_get_started(given.get("get_started"))
    if "persistent_menu" in given:
        if "get_started" not in {**page.profile, **given}:
            raise GraphError("get_started")
        _check_menu(given["persistent_menu"])
    _check_greeting(given.get("greeting"))
    _check_ice_breakers(given.get("ice_breakers"))
    page.profile.update(given)
    stage.world.changed("page", page=page.id)
    return Answer(body={"result": "success"})


async def delete_profile(stage: Stage, call: Call) -> Answer:
    """DELETE /me/messenger_profile with `fields`."""
    page = _profile_page(stage, call)
    for name in call.listed("fields"):
        page.profile.pop(name, None)
    if "persistent_menu" in page.profile and "get_started" not in page.profile:
        raise GraphError("get_started")
    return Answer(body={"result": "success"})


def _profile_page(stage: Stage, call: Call) -> Page:
    page = call.of_page()
    if page.policy == "unpermitted":
        rules.check_policy(page)
    page.meter.admit_profile_call(stage.clock.now())
    return page


def _check_get_started(value: Any) -> None:
    payload = value.get("payload") if isinstance(value, dict) else None
    if value is not None and (not isinstance(payload, str) or not 0 < len(payload) <= PAYLOAD_LENGTH):
        raise bad_parameter("Param get_started must have a payload of at most 1000 characters")


def _check_menu(menus: Any) -> None:
    if not isinstance(menus, list) or not any(menu.get("locale") == "default" for menu in menus):
        raise bad_parameter("Param persistent_menu must hold a menu for the default locale")
    for menu in menus:
        items = menu.get("call_to_actions") or []
        if len(items) > MENU_ITEMS:
            raise bad_parameter(f"Param persistent_menu may have at most {MENU_ITEMS} items")
        for item in items:
            if item.get("type") not in ("postback", "web_url"):
                raise bad_parameter("Param call_to_actions[type] must be one of {postback, web_url}")
            if not 0 < len(item.get("title") or "") <= MENU_TITLE_LENGTH:
                raise bad_parameter(f"Param call_to_actions[title] may have {MENU_TITLE_LENGTH} characters")
            check_buttons([{**item, "title": "x"}], "call_to_actions")


def _check_greeting(greetings: Any) -> None:
    for greeting in greetings or []:
        if len(greeting.get("text") or "") > GREETING_LENGTH:
            raise bad_parameter(f"Param greeting[text] may have at most {GREETING_LENGTH} characters")
    if greetings and not any(greeting.get("locale") == "default" for greeting in greetings):
        raise bad_parameter("Param greeting must hold a text for the default locale")


def _check_ice_breakers(breakers: Any) -> None:
    for breaker in breakers or []:
        questions = breaker.get("call_to_actions", [breaker]) if isinstance(breaker, dict) else []
        if len(questions) > ICE_BREAKERS:
            raise bad_parameter(f"Param ice_breakers may have at most {ICE_BREAKERS} questions")


def _handed(stage: Stage, page: Page, follower: Follower, kind: str, new: str | None, note: Any) -> None:
    now_ms = stage.clock.now_ms()
    holder = follower.holder(now_ms)
    follower.hold(new, now_ms)
    change = {
        "previous_owner_app_id": int(holder) if holder else None,
        "new_owner_app_id": int(new) if new else None,
    }
    if note is not None:
        change["metadata"] = note
    stage.pusher.offer(from_person(page.id, follower.psid, now_ms, {f"{kind}_thread_control": change}))
    stage.world.changed("thread", page=page.id, psid=follower.psid)


async def pass_control(stage: Stage, call: Call) -> Answer:
    """POST /{page}/pass_thread_control."""
    page, follower = call.of_page(), call.recipient()
    rules.check_control(page, follower, stage.config.app_id, stage.clock.now_ms())
    target = str(call.param("target_app_id") or "")
    if not target.isdigit():
        raise bad_parameter("The parameter target_app_id is required.")
    _handed(stage, page, follower, "pass", target, call.param("metadata"))
    return Answer(body=SUCCESS)


async def take_control(stage: Stage, call: Call) -> Answer:
    """POST /{page}/take_thread_control: only where a default application is set."""
    page, follower = call.of_page(), call.recipient()
    if page.default_app != stage.config.app_id:
        raise GraphError("permission", "(#10) Only the default application may take thread control")
    _handed(stage, page, follower, "take", stage.config.app_id, call.param("metadata"))
    return Answer(body=SUCCESS)


async def release_control(stage: Stage, call: Call) -> Answer:
    """POST /{page}/release_thread_control: the thread becomes idle."""
    page, follower = call.of_page(), call.recipient()
    rules.check_control(page, follower, stage.config.app_id, stage.clock.now_ms())
    _handed(stage, page, follower, "pass", None, call.param("metadata"))
    return Answer(body=SUCCESS)


async def request_control(stage: Stage, call: Call) -> Answer:
    """POST /{page}/request_thread_control: asks the holder, who is free to ignore it."""
    page, follower = call.of_page(), call.recipient()
    asked = {"requested_owner_app_id": int(stage.config.app_id), "metadata": call.param("metadata")}
    event = from_person(page.id, follower.psid, stage.clock.now_ms(), {"request_thread_control": asked})
    stage.pusher.offer(event)
    return Answer(body=SUCCESS)


async def extend_control(stage: Stage, call: Call) -> Answer:
    """POST /{page}/extend_thread_control: up to seven days."""
    page, follower = call.of_page(), call.recipient()
    now_ms = stage.clock.now_ms()
    rules.check_control(page, follower, stage.config.app_id, now_ms)
    try:
        seconds = int(call.param("duration") or 0)
    except (TypeError, ValueError):
        seconds = 0
    if not 0 < seconds <= 7 * 86_400:
        raise bad_parameter("Param duration must be between 1 second and 7 days")
    follower.hold(stage.config.app_id, now_ms)
    follower.owner_until_ms = now_ms + seconds * 1000
    return Answer(body=SUCCESS)


async def thread_owner(stage: Stage, call: Call) -> Answer:
    """GET /{page}/thread_owner?recipient=..."""
    call.of_page()
    follower = call.recipient()
    now_ms = stage.clock.now_ms()
    holder = follower.holder(now_ms)
    if holder is None:
        return Answer(body={"data": []})
    owner = {"app_id": holder, "expiration": (follower.owner_until_ms - now_ms) // 1000}
    return Answer(body={"data": [{"thread_owner": owner}]})


async def personal_menu(stage: Stage, call: Call) -> Answer:
    """/me/custom_user_settings: refused for people under European rules."""
    page = call.of_page()
    follower = page.followers.get(str(call.param("psid")))
    call.notes["psid"] = str(call.param("psid"))
    if follower is None:
        raise GraphError("no_user")
    if page.region == "eu":
        raise GraphError("european")
    return Answer(body={"data": []} if call.method == "GET" else {"result": "success"})


async def add_template(_: Stage, call: Call) -> Answer:
    """POST /{page}/message_templates: a utility template is approved at once."""
    page = call.of_page()
    name, language, category = (str(call.param(key) or "") for key in ("name", "language", "category"))
    if category != "UTILITY" or not name or not language:
        raise bad_parameter("A template needs name, language and the category UTILITY")
    template = {"name": name, "language": language, "category": category, "status": "APPROVED"}
    page.templates[name] = {"id": str(7 * 10**14 + len(page.templates)), **template}
    return Answer(body={key: page.templates[name][key] for key in ("id", "status", "category")})


async def list_templates(_: Stage, call: Call) -> Answer:
    """GET /{page}/message_templates."""
    return Answer(body={"data": list(call.of_page().templates.values())})


async def delete_template(_: Stage, call: Call) -> Answer:
    """DELETE /{page}/message_templates?name=..."""
    if call.of_page().templates.pop(str(call.param("name")), None) is None:
        raise GraphError("missing_object")
    return Answer(body=SUCCESS)


async def upload(stage: Stage, call: Call) -> Answer:
    """POST /{page}/message_attachments."""
    page = call.of_page()
    if not isinstance(call.param("message"), dict):
        raise bad_parameter("The parameter message is required.")
    return Answer(body={"attachment_id": new_attachment(page, stage.clock.now_ms())})


EDGES: dict[tuple[str, str], Handler] = {
    ("POST", "subscribed_apps"): subscribe,
    ("GET", "subscribed_apps"): subscriptions,
    ("DELETE", "subscribed_apps"): unsubscribe,
    ("POST", "messenger_profile"): write_profile,
    ("GET", "messenger_profile"): read_profile,
    ("DELETE", "messenger_profile"): delete_profile,
    ("POST", "pass_thread_control"): pass_control,
    ("POST", "take_thread_control"): take_control,
    ("POST", "release_thread_control"): release_control,
    ("POST", "request_thread_control"): request_control,
    ("POST", "extend_thread_control"): extend_control,
    ("GET", "thread_owner"): thread_owner,
    ("GET", "custom_user_settings"): personal_menu,
    ("POST", "custom_user_settings"): personal_menu,
    ("DELETE", "custom_user_settings"): personal_menu,
    ("POST", "message_templates"): add_template,
    ("GET", "message_templates"): list_templates,
    ("DELETE", "message_templates"): delete_template,
    ("POST", "message_attachments"): upload,
}

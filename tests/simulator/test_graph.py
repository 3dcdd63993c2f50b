"""Do the other Graph calls answer as the platform does?"""

from __future__ import annotations

import pytest

from tests.simulator.stand import PAGE, PERSON, SECRET, TOKEN, Platform

APP_TOKEN = f"555|{SECRET}"


async def test_profile_has_only_permitted_fields_and_needs_an_act(platform: Platform) -> None:
    path = f"/v25.0/{PERSON}"
    assert (await platform.graph("GET", path, fields="first_name"))[1]["error"]["error_subcode"] == 33
    await platform.say(get_started=True)
    status, told = await platform.graph("GET", path, fields="first_name,last_name")
    assert (status, set(told)) == (200, {"first_name", "last_name", "id"})
    assert (await platform.graph("GET", path, fields="locale"))[1]["error"]["code"] == 2018247


@pytest.mark.parametrize(("profile", "expected"), [("empty", {}), ("phone", None)])
async def test_profile_may_be_empty_or_refused(platform: Platform, profile: str, expected: object) -> None:
    await platform.control("followers", {"followers": [{"psid": PERSON, "profile": profile}]})
    await platform.say(text="hi")
    _, told = await platform.graph("GET", f"/{PERSON}", fields="first_name")
    assert told == expected if expected is not None else told["error"]["code"] == 2018218


async def test_messenger_profile_is_kept_checked_and_deleted(platform: Platform) -> None:
    menu = [{"locale": "default", "call_to_actions": [{"type": "postback", "title": "Data", "payload": "D"}]}]
    path = "/me/messenger_profile"
    _, told = await platform.graph("POST", path, {"persistent_menu": menu})
    assert told["error"]["error_subcode"] == 2018145
    await platform.graph("POST", path, {"get_started": {"payload": "START"}, "persistent_menu": menu})
    _, told = await platform.graph("GET", path, fields="get_started,persistent_menu,subject_to_new_eu_privacy_rules")
    assert told["data"][0]["get_started"] == {"payload": "START"}
    assert told["data"][0]["subject_to_new_eu_privacy_rules"] is True
    await platform.graph("DELETE", path, {"fields": ["persistent_menu"]})
    assert (await platform.graph("GET", path, fields="persistent_menu"))[1] == {"data": []}
    await platform.say(get_started=True, wait=True)
    assert platform.sink.of("postback")[0]["postback"]["payload"] == "START"


async def test_page_names_itself_and_its_administrator_lists_it(platform: Platform) -> None:
    assert (await platform.graph("GET", "/me", fields="id,name"))[1] == {"id": PAGE, "name": "Café Aurora"}
    query = {"grant_type": "fb_exchange_token", "client_id": "555", "fb_exchange_token": "short"}
    _, told = await platform.graph("GET", "/oauth/access_token", token=None, client_secret=SECRET, **query)
    _, pages = await platform.graph("GET", "/me/accounts", token=told["access_token"])
    assert pages["data"] == [{"access_token": TOKEN, "name": "Café Aurora", "id": PAGE}]
    _, refused = await platform.graph("GET", "/oauth/access_token", token=None, client_secret="no", **query)
    assert refused["error"]["code"] == 100


async def test_debug_token_tells_scopes_and_life(platform: Platform) -> None:
    _, told = await platform.graph("GET", "/debug_token", token=APP_TOKEN, input_token=TOKEN)
    data = told["data"]
    assert (data["is_valid"], data["type"], data["app_id"], data["expires_at"]) == (True, "PAGE", "555", 0)
    assert "pages_messaging" in data["scopes"]
    _, told = await platform.graph("GET", "/debug_token", token=APP_TOKEN, input_token="nobody's")
    assert told["data"]["error"]["code"] == 190


async def test_thread_control_is_passed_requested_taken_and_released(talking: Platform) -> None:
    person = {"recipient": {"id": PERSON}}
    for edge, more in (
        ("pass_thread_control", {"target_app_id": "263902037430900", "metadata": "please"}),
        ("request_thread_control", {}),
        ("take_thread_control", {}),
        ("extend_thread_control", {"duration": 3600}),
        ("release_thread_control", {}),
    ):
        assert await talking.graph("POST", f"/{PAGE}/{edge}", {**person, **more}) == (200, {"success": True})
    await talking.sink.until(lambda: len(talking.sink.of("pass_thread_control")) == 2)
    passed, released = talking.sink.of("pass_thread_control")
    assert passed["pass_thread_control"]["metadata"] == "please"
    assert released["pass_thread_control"]["new_owner_app_id"] is None
    _, owner = await talking.graph("GET", "/me/thread_owner", recipient=PERSON)
    assert owner == {"data": []}


async def test_conversation_gives_its_twenty_newest_messages(talking: Platform) -> None:
    for number in range(25):
        await talking.send(str(number))
    _, threads = await talking.graph("GET", "/me/conversations", user_id=PERSON)
    _, told = await talking.graph("GET", f"/{threads['data'][0]['id']}/messages")
    assert [message["message"] for message in told["data"]] == [str(number) for number in range(24, 4, -1)]


async def test_user_level_menu_is_refused_under_european_rules(talking: Platform) -> None:
    _, told = await talking.graph("POST", "/me/custom_user_settings", {"psid": PERSON})
    assert (told["error"]["code"], told["error"]["error_subcode"]) == (10, 2018336)


async def test_uploaded_attachment_lives_for_ninety_days(talking: Platform) -> None:
    image = {"type": "image", "payload": {"url": "https://a.example/b.png", "is_reusable": True}}
    _, told = await talking.graph("POST", "/me/message_attachments", {"message": {"attachment": image}})
    stored = {"attachment": {"type": "image", "payload": {"attachment_id": told["attachment_id"]}}}
    body = {"recipient": {"id": PERSON}, "message": stored}
    assert (await talking.graph("POST", "/me/messages", body))[0] == 200
    await talking.control("clock", {"advance_seconds": 91 * 86_400})
    await talking.say(text="again")
    assert await talking.refused(body) == (100, 2018074)


@pytest.mark.parametrize("path", ["/v19.0/me", "/v25.0/me/invented", "/v25.0/a/b/c"])
async def test_unknown_paths_and_dead_versions_are_refused(platform: Platform, path: str) -> None:
    assert (await platform.graph("GET", path))[1]["error"]["code"] == 2500


async def test_other_pages_are_out_of_reach_of_a_token(platform: Platform) -> None:
    await platform.control("followers", {"pages": [{"id": "333"}]})
    status, told = await platform.graph("POST", "/333/messages", {"recipient": {"id": "1"}})
    assert (status, told["error"]["error_subcode"]) == (400, 33)

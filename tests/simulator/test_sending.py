"""Does the Send API take what the platform takes, and refuse the rest with the platform's codes?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.signing import appsecret_proof
from tests.simulator.stand import PAGE, PERSON, SECRET, TOKEN, Platform

DAY = 86_400


def _body(message: Any, **more: Any) -> dict[str, Any]:
    return {"recipient": {"id": PERSON}, "messaging_type": "RESPONSE", "message": message, **more}


def _button(**more: Any) -> dict[str, Any]:
    return {"type": "postback", "title": "Yes", "payload": "Y", **more}


def _template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def _reply(title: str = "Yes", payload: str = "Y") -> dict[str, Any]:
    return {"content_type": "text", "title": title, "payload": payload}


async def test_accepted_message_is_answered_with_its_id_and_shown(talking: Platform) -> None:
    status, told = await talking.send("welcome", message={"metadata": "meta-1"})
    assert status == 200
    assert told["recipient_id"] == PERSON
    assert told["message_id"].startswith("m_")
    assert len(told["message_id"]) == 90
    thread = await talking.control(f"thread?psid={PERSON}", method="GET")
    assert [bubble["text"] for bubble in thread["bubbles"]] == ["hello", "welcome"]


@pytest.mark.parametrize("path", ["/v25.0/me/messages", "/v26.0/111/messages", "/me/messages"])
async def test_each_living_version_and_none_reach_the_send_api(talking: Platform, path: str) -> None:
    status, _ = await talking.graph("POST", path, _body({"text": "x"}))
    assert status == 200


async def test_form_body_with_json_members_is_understood(talking: Platform) -> None:
    form = {"recipient": f'{{"id":"{PERSON}"}}', "message": '{"text":"5"}', "access_token": TOKEN}
    async with talking.http.post(talking.server.make_url("/v25.0/me/messages"), data=form) as answer:
        assert answer.status == 200


async def test_message_at_each_limit_is_taken(talking: Platform) -> None:
    replies = [_reply("t" * 20, "p" * 1000)] * 13
    for message in (
        {"text": "x" * 1999, "metadata": "m" * 999},
        {"text": "pick", "quick_replies": replies},
        _template(template_type="button", text="x" * 640, buttons=[_button(title="t" * 20)] * 3),
        _template(template_type="generic", elements=[{"title": "t" * 80, "buttons": [_button()] * 3}] * 10),
    ):
        status, told = await talking.graph("POST", "/me/messages", _body(message))
        assert status == 200, told


@pytest.mark.parametrize(
    "message",
    [
        {"text": "x" * 2000},
        {"text": "😀" * 1000},
        {"text": "x", "metadata": "m" * 1000},
        {"text": "x", "quick_replies": [_reply()] * 14},
        {"text": "x", "quick_replies": [_reply("t" * 21)]},
        {"text": "x", "quick_replies": [_reply("t", "p" * 1001)]},
        {"text": "x", "attachment": {"type": "image", "payload": {"url": "https://a.example/b.png"}}},
        {"attachment": {"type": "image", "payload": {"url": "not a url"}}},
        {"attachment": {"type": "airline", "payload": {}}},
        _template(template_type="list", elements=[]),
        _template(template_type="button", text="x" * 641, buttons=[_button()]),
        _template(template_type="button", text="x", buttons=[_button()] * 4),
        _template(template_type="button", text="x", buttons=[]),
        _template(template_type="button", text="x", buttons=[_button(title="t" * 21)]),
        _template(template_type="button", text="x", buttons=[{"type": "web_url", "title": "t", "url": "javascript:1"}]),
        _template(template_type="generic", elements=[{"title": "t"}] * 11),
        _template(template_type="generic", elements=[{"title": "t" * 81}]),
        _template(template_type="media", elements=[{"media_type": "song"}]),
    ],
)
async def test_message_over_a_limit_is_refused_with_100(talking: Platform, message: dict[str, Any]) -> None:
    assert await talking.refused(_body(message)) == (100, None)


async def test_empty_message_and_message_with_action_have_their_subcodes(talking: Platform) -> None:
    assert await talking.refused(_body({})) == (100, 2018034)
    assert await talking.refused(_body({"text": " "})) == (100, 2018034)
    assert await talking.refused(_body({"text": "x"}, sender_action="typing_on")) == (100, 2018014)
    unknown = _body({"attachment": {"type": "image", "payload": {"attachment_id": "1"}}})
    assert await talking.refused(unknown) == (100, 2018074)


@pytest.mark.parametrize("tag", ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE", "INVENTED"])
async def test_dead_and_unknown_tags_are_refused_with_100(talking: Platform, tag: str) -> None:
    body = _body({"text": "x"}, messaging_type="MESSAGE_TAG", tag=tag)
    assert await talking.refused(body) == (100, None)


async def test_window_closes_after_24_hours_and_the_human_agent_tag_after_7_days(talking: Platform) -> None:
    tagged = _body({"text": "x"}, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    await talking.control("clock", {"advance_seconds": DAY - 60})
    assert (await talking.send())[0] == 200
    await talking.control("clock", {"advance_seconds": 120})
    assert await talking.refused(_body({"text": "x"})) == (10, 2018278)
    assert (await talking.graph("POST", "/me/messages", tagged))[0] == 200
    await talking.control("clock", {"advance_seconds": 6 * DAY})
    assert await talking.refused(tagged) == (10, 2018278)


async def test_person_who_never_wrote_has_no_window(platform: Platform) -> None:
    assert await platform.refused(_body({"text": "x"})) == (10, 2018278)


@pytest.mark.parametrize(
    ("act", "opens"),
    [
        ({"text": "hi"}, True),
        ({"get_started": True}, True),
        ({"postback": "P"}, True),
        ({"referral": {"ref": "r"}}, True),
        ({"reaction": {"mid": "m_x", "reaction": "love"}}, True),
        ({"sticker": True}, True),
        ({"read": True}, False),
        ({"delivered": True}, False),
        ({"optin": {"type": "notification_messages", "title": "t", "payload": "p"}}, False),
        ({"account_linking": {"status": "linked"}}, False),
    ],
)
async def test_only_qualifying_acts_open_the_window(platform: Platform, act: dict[str, Any], opens: bool) -> None:
    await platform.say(**act)
    assert ((await platform.send())[0] == 200) is opens


async def test_window_counts_from_the_timestamp_of_the_act(platform: Platform) -> None:
    now_ms = (await platform.control("clock", method="GET"))["now_ms"]
    await platform.say(text="old", timestamp=now_ms - 25 * 3_600_000)
    assert await platform.refused(_body({"text": "x"})) == (10, 2018278)


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        ("blocked", (551, 1545041)),
        ("unavailable", (200, 1545041)),
        ("muted", (10, 2018108)),
        ("silent_block", (2, None)),
        ("deleted", (100, 2018001)),
    ],
)
async def test_person_who_cannot_be_reached_has_a_code(
    talking: Platform, state: str, codes: tuple[int, int | None]
) -> None:
    await talking.control("block", {"psid": PERSON, "state": state})
    assert await talking.refused(_body({"text": "x"})) == codes


async def test_blocked_person_who_writes_can_be_answered_again(talking: Platform) -> None:
    await talking.control("block", {"psid": PERSON})
    await talking.say(text="back again")
    assert (await talking.send())[0] == 200


async def test_unknown_person_has_a_code(talking: Platform) -> None:
    body = {"recipient": {"id": "9999999999999999"}, "message": {"text": "x"}}
    assert await talking.refused(body) == (100, 2018001)


@pytest.mark.parametrize("recipient", [{}, {"id": PERSON, "user_ref": "u"}, {"phone_number": "+49"}, None])
async def test_recipient_must_be_exactly_one(talking: Platform, recipient: Any) -> None:
    assert await talking.refused({"recipient": recipient, "message": {"text": "x"}}) == (100, None)


@pytest.mark.parametrize(
    ("state", "codes"),
    [("blocked", (368, None)), ("restricted", (10, 1893063)), ("commerce", (2022, None)), ("unpermitted", (230, None))],
)
async def test_restricted_page_may_not_send(talking: Platform, state: str, codes: tuple[int, int | None]) -> None:
    await talking.control("policy", {"state": state})
    await talking.sink.until(lambda: talking.sink.of("policy_enforcement"))
    assert await talking.refused(_body({"text": "x"})) == codes
    await talking.control("policy", {"state": "free"})
    assert (await talking.send())[0] == 200


@pytest.mark.parametrize(
    ("state", "subcode"), [("expired", 463), ("removed", 458), ("password", 460), ("invalid", 467), ("role", 492)]
)
async def test_dead_token_is_refused_with_190(talking: Platform, state: str, subcode: int) -> None:
    await talking.control("token", {"state": state})
    assert await talking.refused(_body({"text": "x"})) == (190, subcode)
    app_token = f"555|{SECRET}"
    _, told = await talking.graph("GET", "/debug_token", token=app_token, input_token=TOKEN)
    assert told["data"]["is_valid"] is False
    assert told["data"]["error"]["subcode"] == subcode


async def test_missing_and_foreign_tokens_are_refused(talking: Platform) -> None:
    _, missing = await talking.graph("POST", "/me/messages", _body({"text": "x"}), token=None)
    _, foreign = await talking.graph("POST", "/me/messages", _body({"text": "x"}), token="nobody's")
    assert (missing["error"]["code"], foreign["error"]["code"]) == (2500, 190)


async def test_proof_is_checked_when_it_is_given(talking: Platform) -> None:
    good = appsecret_proof(SECRET, TOKEN)
    assert (await talking.graph("POST", "/me/messages", _body({"text": "x"}), appsecret_proof=good))[0] == 200
    _, told = await talking.graph("POST", "/me/messages", _body({"text": "x"}), appsecret_proof=good[::-1])
    assert told["error"]["code"] == 100


async def test_sender_actions_make_no_message_and_no_echo(talking: Platform) -> None:
    body = {"recipient": {"id": PERSON}, "sender_action": "typing_on"}
    assert await talking.graph("POST", "/me/messages", body) == (200, {"recipient_id": PERSON})
    assert (await talking.control(f"thread?psid={PERSON}", method="GET"))["typing"] is True
    await talking.send("done typing")
    await talking.sink.until(lambda: talking.sink.of("echo"))
    assert (await talking.control(f"thread?psid={PERSON}", method="GET"))["typing"] is False
    assert await talking.refused({**body, "sender_action": "dance"}) == (100, None)


async def test_private_reply_goes_once_to_a_comment_of_the_last_seven_days(platform: Platform) -> None:
    await platform.say(comment={"comment_id": "c1", "message": "nice"})
    body = {"recipient": {"comment_id": "c1"}, "message": {"text": "thanks"}}
    assert (await platform.graph("POST", "/me/messages", body))[1]["recipient_id"] == PERSON
    assert await platform.refused(body) == (10900, None)
    await platform.say(comment={"comment_id": "c2"})
    await platform.control("clock", {"advance_seconds": 8 * DAY})
    assert await platform.refused({**body, "recipient": {"comment_id": "c2"}}) == (10903, None)


async def test_checkbox_recipient_gets_no_echo(platform: Platform) -> None:
    await platform.say(optin={"user_ref": "ref-1", "ref": "shop"})
    status, told = await platform.graph(
        "POST", "/me/messages", {"recipient": {"user_ref": "ref-1"}, "message": {"text": "x"}}
    )
    assert (status, set(told)) == (200, {"message_id"})
    await platform.say(text="now I write", wait=True)
    assert platform.sink.of("echo") == []


async def test_utility_template_needs_capability_and_approval_but_no_window(platform: Platform) -> None:
    template = {"name": "order", "language": {"code": "de"}}
    body = _body({"template": template}, messaging_type="UTILITY")
    assert (await platform.refused(body))[0] == 200
    await platform.control("followers", {"pages": [{"id": PAGE, "token": TOKEN, "utility": True}]})
    assert await platform.refused(body) == (100, None)
    made = {"name": "order", "language": "de", "category": "UTILITY"}
    assert (await platform.graph("POST", "/me/message_templates", made))[1]["status"] == "APPROVED"
    assert (await platform.graph("POST", "/me/messages", body))[0] == 200


async def test_marketing_token_is_spent_for_two_days_and_stops_when_told(
    start: Callable[..., Awaitable[Platform]],
) -> None:
    platform = await start()
    await platform.control("followers", {"pages": [{"id": PAGE, "token": TOKEN, "recurring": True}]})
    optin = {"type": "notification_messages", "title": "News", "notification_messages_token": "tok"}
    await platform.say(optin=optin)
    body = {"recipient": {"notification_messages_token": "tok"}, "message": {"text": "news"}}
    assert (await platform.graph("POST", "/me/messages", body))[0] == 200
    assert await platform.refused(body) == (4, 2018354)
    await platform.say(optin={**optin, "notification_messages_status": "STOP NOTIFICATIONS"})
    assert await platform.refused(body) == (10, 1893015)
    assert await platform.refused({**body, "recipient": {"notification_messages_token": "no"}}) == (100, None)

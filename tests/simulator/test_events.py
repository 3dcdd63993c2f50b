"""Does every kind of event arrive in the platform's shape, only when subscribed, and again until it is taken?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.world import INBOX_APP_ID
from tests.simulator.stand import PAGE, PERSON, TOKEN, Platform

Start = Callable[..., Awaitable[Platform]]
PSID = {"id": PERSON}


@pytest.mark.parametrize(
    ("act", "member", "shape"),
    [
        ({"text": "hä?"}, "message", {"text": "hä?"}),
        (
            {"quick_reply": {"title": "Yes", "payload": "Y"}},
            "message",
            {"text": "Yes", "quick_reply": {"payload": "Y"}},
        ),
        ({"attachment": "image"}, "message", {}),
        ({"text": "r", "reply_to": "m_1"}, "message", {"reply_to": {"mid": "m_1"}}),
        ({"unsend": "m_1"}, "message", {"mid": "m_1", "is_deleted": True}),
        ({"postback": {"title": "Go", "payload": "GO"}}, "postback", {"title": "Go", "payload": "GO"}),
        ({"get_started": True}, "postback", {"title": "Get Started", "payload": "GET_STARTED"}),
        ({"referral": {"ref": "r1"}}, "referral", {"ref": "r1", "source": "SHORTLINK", "type": "OPEN_THREAD"}),
        ({"referral": {"ad_id": "6"}}, "referral", {"source": "ADS"}),
        ({"optin": {"type": "notification_messages"}}, "optin", {"user_token_status": "REFRESHED"}),
        ({"optout": {"x": 1}}, "optout", {"x": 1}),
        ({"read": 1700000000000}, "read", {"watermark": 1700000000000}),
        ({"delivered": 1700000000000}, "delivery", {"watermark": 1700000000000}),
        ({"reaction": {"mid": "m_1", "reaction": "love"}}, "reaction", {"action": "react", "emoji": "❤"}),
        ({"reaction": {"mid": "m_1", "action": "unreact"}}, "reaction", {"action": "unreact", "mid": "m_1"}),
        ({"edit": {"mid": "m_1", "text": "new"}}, "message_edit", {"mid": "m_1", "text": "new", "num_edit": 1}),
        ({"account_linking": {"status": "linked"}}, "account_linking", {"status": "linked"}),
        ({"delete": ["m_1"]}, "delete", {"mids": ["m_1"]}),
        ({"event": {"app_roles": {"555": ["primary_receiver"]}}}, "app_roles", {"555": ["primary_receiver"]}),
    ],
)
async def test_acts_of_a_person_arrive_in_their_shape(
    platform: Platform, act: dict[str, Any], member: str, shape: dict[str, Any]
) -> None:
    await platform.say(**act, wait=True)
    event = platform.sink.of(member)[0]
    assert (event["sender"], event["recipient"], event["page"]) == (PSID, {"id": PAGE}, PAGE)
    assert event["timestamp"] > 1_600_000_000_000
    assert shape.items() <= event[member].items()


@pytest.mark.parametrize(
    ("act", "member"),
    [
        ({"policy_enforcement": {"action": "warning", "reason": "r"}}, "policy_enforcement"),
        ({"business_integrity": {"violations": [{"type": "spam"}]}}, "violations"),
        ({"optin": {"user_ref": "u1", "ref": "shop"}}, "optin"),
    ],
)
async def test_events_about_a_page_have_no_sender(platform: Platform, act: dict[str, Any], member: str) -> None:
    await platform.control("say", {**act, "wait": True})
    assert "sender" not in platform.sink.of(member)[0]


async def test_comment_arrives_as_a_change_in_seconds(platform: Platform) -> None:
    await platform.say(comment={"comment_id": "c1", "message": "hi"}, wait=True)
    event = platform.sink.of("field")[0]
    assert (event["channel"], event["field"]) == ("changes", "feed")
    assert event["value"]["created_time"] < 10_000_000_000


async def test_sticker_carries_its_number_and_accept_is_a_plain_word(platform: Platform) -> None:
    await platform.say(sticker=True, wait=True)
    attachment = platform.sink.of("message")[0]["message"]["attachments"][0]
    assert (attachment["type"], attachment["payload"]["sticker_id"]) == ("sticker", 369239263222822)
    await platform.say(message_request=True, wait=True)
    assert platform.sink.events[-1]["message_request"] == "accept"


async def test_timestamps_can_be_chosen_and_shrunk_to_seconds(platform: Platform) -> None:
    await platform.say(text="x", timestamp=1_700_000_000_000, seconds_timestamp=True, wait=True)
    assert platform.sink.events[0]["timestamp"] == 1_700_000_000


async def test_echo_swaps_the_ids_and_returns_mid_metadata_and_app(talking: Platform) -> None:
    _, told = await talking.send("echo me", message={"metadata": "corr-1"})
    await talking.sink.until(lambda: talking.sink.of("delivery"))
    echo = talking.sink.of("echo")[0]
    assert (echo["sender"], echo["recipient"]) == ({"id": PAGE}, PSID)
    assert echo["message"] == {
        "mid": told["message_id"],
        "is_echo": True,
        "app_id": 555,
        "text": "echo me",
        "metadata": "corr-1",
    }
    delivery = talking.sink.of("delivery")[0]["delivery"]
    assert delivery == {"mids": [told["message_id"]], "watermark": echo["timestamp"]}


async def test_human_in_the_inbox_takes_the_thread_and_the_bot_is_on_standby(talking: Platform) -> None:
    await talking.control("thread", {"psid": PERSON, "action": "reply", "text": "I take over"})
    await talking.sink.until(lambda: talking.sink.of("echo"))
    taken = talking.sink.of("take_thread_control")[0]["take_thread_control"]
    assert (taken["previous_owner_app_id"], taken["new_owner_app_id"]) == (555, int(INBOX_APP_ID))
    echo = talking.sink.of("echo")[0]
    assert (echo["channel"], echo["message"]["app_id"]) == ("standby", 263902037430900)
    await talking.say(postback={"title": "Stop", "payload": "STOP"}, wait=True)
    postback = talking.sink.of("postback")[0]
    assert (postback["channel"], "payload" in postback["postback"]) == ("standby", False)
    assert await talking.refused({"recipient": PSID, "message": {"text": "x"}}) == (2018300, None)
    _, owner = await talking.graph("GET", f"/{PAGE}/thread_owner", recipient=PERSON)
    assert owner["data"][0]["thread_owner"]["app_id"] == INBOX_APP_ID
    await talking.control("thread", {"psid": PERSON, "action": "pass"})
    assert (await talking.send("back"))[0] == 200


async def test_thread_is_idle_again_after_24_hours(talking: Platform) -> None:
    await talking.control("thread", {"psid": PERSON, "action": "take"})
    await talking.control("clock", {"advance_seconds": 86_401})
    await talking.say(text="anyone?", wait=True)
    assert (await talking.send())[0] == 200


async def test_without_a_default_app_a_human_answer_takes_nothing(talking: Platform) -> None:
    await talking.control("followers", {"pages": [{"id": PAGE, "token": TOKEN, "default_app": "none"}]})
    await talking.control("thread", {"psid": PERSON, "action": "reply"})
    await talking.sink.until(lambda: talking.sink.of("echo"))
    assert talking.sink.of("echo")[0]["channel"] == "messaging"
    assert (await talking.send())[0] == 200


async def test_only_subscribed_fields_are_sent_and_unknown_ones_refuse_the_call(platform: Platform) -> None:
    status, told = await platform.graph("POST", f"/{PAGE}/subscribed_apps", subscribed_fields="messages,invented")
    assert (status, told["error"]["code"]) == (400, 100)
    await platform.graph("POST", f"/{PAGE}/subscribed_apps", subscribed_fields="messages")
    assert (await platform.say(read=True))["events"][0]["offered"] is False
    await platform.say(text="heard", wait=True)
    assert len(platform.sink.events) == 1
    _, listed = await platform.graph("GET", f"/{PAGE}/subscribed_apps")
    assert listed["data"][0]["subscribed_fields"] == ["messages"]
    await platform.graph("DELETE", f"/{PAGE}/subscribed_apps")
    assert (await platform.say(text="unheard"))["events"][0]["offered"] is False


async def test_refused_event_is_offered_again_until_200(platform: Platform) -> None:
    platform.sink.statuses = [500, 503, 302, 200]
    await platform.say(text="insist", wait=True)
    lines = await platform.ledger("event")
    assert [line["status"] for line in lines] == [500, 503, 302, 200]
    assert [line["attempt"] for line in lines] == [1, 2, 3, 4]
    assert platform.sink.refused == [platform.sink.bodies[0]] * 3


async def test_slow_answer_counts_as_none(start: Start) -> None:
    platform = await start(answer_seconds=0.05)
    platform.sink.delay = 30.0
    await platform.say(text="slow")
    await platform.sink.until(lambda: platform.sink.arrivals)
    platform.sink.delay = 0.0
    await platform.sink.until(lambda: platform.sink.bodies)
    await platform.say(text="second", wait=True)
    attempts = [(line["attempt"], line["error"], line["delivered"]) for line in await platform.ledger("event")]
    assert attempts[:2] == [(1, "timeout", False), (2, None, True)]


async def test_events_survive_a_callback_that_is_down_for_a_while(platform: Platform, unused_tcp_port: int) -> None:
    up = platform.sink.url
    await platform.control("callback", {"url": f"http://127.0.0.1:{unused_tcp_port}/x", "verify": False})
    for number in range(5):
        await platform.say(text=str(number))
    assert (await platform.control("state", method="GET"))["events"]["delivered"] == 0
    await platform.control("callback", {"url": up})
    await platform.sink.until(lambda: len(platform.sink.events) == 5)
    assert [event["message"]["text"] for event in platform.sink.events] == ["0", "1", "2", "3", "4"]


async def test_page_is_unsubscribed_after_an_hour_of_failing(start: Start, unused_tcp_port: int) -> None:
    platform = await start(hour_seconds=0.2, longest_retry_gap_seconds=0.05, verify_on_start=False)
    await platform.control("callback", {"url": f"http://127.0.0.1:{unused_tcp_port}/x", "verify": False})
    await platform.say(text="lost", wait=True)
    state = await platform.control("state", method="GET")
    assert state["pages"][PAGE]["subscribed"] is False
    assert state["events"]["dropped"] == 1
    assert len(await platform.ledger("unsubscribed")) == 1


async def test_events_of_a_thread_keep_their_order_and_share_bodies_under_load(platform: Platform) -> None:
    platform.sink.delay = 0.02
    for number in range(60):
        await platform.say(text=str(number))
    await platform.sink.until(lambda: len(platform.sink.events) == 60)
    assert [event["message"]["text"] for event in platform.sink.events] == [str(number) for number in range(60)]
    assert len(platform.sink.bodies) < 60


async def test_callback_is_verified_at_the_start_and_on_command(start: Start) -> None:
    platform = await start()
    assert await platform.control("verify") == {"verified": True, "status": 200}
    told = await platform.control("callback", {"url": platform.sink.url, "verify_token": "wrong"})
    assert told == {"verified": False, "status": 403}
    assert (await platform.ledger("verification"))[-1]["verified"] is False


async def test_app_subscription_is_taken_only_when_the_callback_answers(platform: Platform) -> None:
    token = f"555|{platform.config.app_secret}"
    body = {"object": "page", "callback_url": platform.sink.url, "verify_token": "wrong", "fields": "messages"}
    status, _ = await platform.graph("POST", "/555/subscriptions", body, token=token)
    assert status == 400
    status, _ = await platform.graph("POST", "/555/subscriptions", {**body, "verify_token": "verify-me"}, token=token)
    assert status == 200


async def test_crawlers_fetch_each_link_twice_in_every_way(talking: Platform) -> None:
    own = talking.sink.url.rsplit("/webhooks", 1)[0]
    await talking.send(f"stop here: {own}/u/abc. Or outside: https://example.org/x")
    report = await talking.control("crawl", {})
    assert [link["url"] for link in report["fetched"]] == [f"{own}/u/abc"]
    assert report["outside"] == ["https://example.org/x"]
    seen = talking.sink.fetched
    assert len(seen) == 12
    assert {method for method, *_ in seen} == {"GET", "HEAD"}
    assert {agent for _, _, agent, _ in seen} == {"facebookexternalhit", "meta-externalagent"}
    assert any(ranged for *_, ranged in seen)


async def test_many_pages_share_one_body_without_mixing(platform: Platform) -> None:
    await platform.control(
        "followers", {"pages": [{"id": "333", "name": "Zwei"}], "page": "333", "followers": [{"psid": "44"}]}
    )
    acts = [{"page": PAGE, "psid": PERSON, "text": "a"}, {"page": "333", "psid": "44", "text": "b"}]
    await platform.control("push", {"acts": acts})
    assert [event["page"] for event in platform.sink.events] == [PAGE, "333"]
    assert len(platform.sink.bodies) == 1


async def test_stop_of_the_simulator_does_not_wait_for_open_streams(start: Start) -> None:
    platform = await start()
    stream = await platform.http.get(platform.server.make_url("/control/stream"))
    await platform.say(text="seen")
    assert b"data:" in await stream.content.readany()
    async with asyncio.timeout(5):
        await platform.server.close()
    stream.close()

"""Does each fault do what it says, to the call and to the truth in the ledger?"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.simulator.stand import PAGE, PERSON, Platform

MESSAGE = {"recipient": {"id": PERSON}, "messaging_type": "RESPONSE", "message": {"text": "x", "metadata": "c1"}}


async def _last_call(platform: Platform) -> dict[str, Any]:
    return (await platform.ledger("call"))[-1]


async def _shown(platform: Platform) -> int:
    thread = await platform.control(f"thread?psid={PERSON}", method="GET")
    return sum(bubble["from"] == "app" for bubble in thread["bubbles"])


async def _fail(platform: Platform, *steps: Any) -> None:
    await platform.control("faults", {"page": PAGE, "next": list(steps)})


async def test_script_is_used_up_step_by_step(talking: Platform) -> None:
    await _fail(talking, "ok", "error:613", {"fault": "error", "code": 10, "subcode": 2018278}, "ok")
    answers = [(await talking.send())[1].get("error", {}).get("code") for _ in range(5)]
    assert answers == [None, 613, 10, None, None]
    assert await _shown(talking) == 3


@pytest.mark.parametrize(
    ("code", "subcode"), [(1, 99), (1, 1357046), (2, None), (4, None), (80006, None), (1200, None), (777, 8)]
)
async def test_any_code_can_be_answered(talking: Platform, code: int, subcode: int | None) -> None:
    await _fail(talking, {"fault": "error", "code": code, "subcode": subcode})
    assert await talking.refused(MESSAGE) == (code, subcode)
    line = await _last_call(talking)
    assert (line["accepted"], line["code"], line["subcode"]) == (False, code, subcode)
    assert (line["answered"], line.get("mid")) == ("delivered", None)


async def test_message_is_sent_though_the_answer_is_an_error(talking: Platform) -> None:
    await _fail(talking, {"fault": "accepted_but_error", "code": 1, "subcode": 1357046})
    assert await talking.refused(MESSAGE) == (1, 1357046)
    await talking.sink.until(lambda: talking.sink.of("echo"))
    line = await _last_call(talking)
    assert (line["accepted"], line["answered"], line["metadata"]) == (True, "wrong", "c1")
    assert talking.sink.of("echo")[0]["message"]["mid"] == line["mid"]


@pytest.mark.parametrize(
    ("fault", "accepted", "answered"),
    [
        ("accepted_and_cut", True, "cut"),
        ("refused_and_cut", False, "cut"),
        ({"fault": "hang", "seconds": 0.05}, True, "hung"),
        ({"fault": "hang_refused", "seconds": 0.05}, False, "hung"),
    ],
)
async def test_cut_and_hanging_answers_reach_nobody(
    talking: Platform, fault: Any, accepted: bool, answered: str
) -> None:
    await _fail(talking, fault)
    with pytest.raises(aiohttp.ClientError):
        await talking.send()
    line = await _last_call(talking)
    assert (line["accepted"], line["answered"]) == (accepted, answered)
    assert await _shown(talking) == int(accepted)


async def test_slow_answer_comes_late_and_its_echo_does_not(talking: Platform) -> None:
    await _fail(talking, {"fault": "slow", "seconds": 0.3})
    sending = asyncio.ensure_future(talking.send())
    await talking.sink.until(lambda: talking.sink.of("echo"))
    assert not sending.done()
    assert (await sending)[0] == 200
    assert (await _last_call(talking))["answered"] == "delayed"


async def test_garbage_and_errors_under_200_can_be_answered(talking: Platform) -> None:
    await _fail(talking, "error_under_200:190/463", "garbage")
    status, told = await talking.send()
    assert (status, told["error"]["error_subcode"]) == (200, 463)
    async with talking.http.post(
        talking.server.make_url("/me/messages"), json=MESSAGE, params={"access_token": talking.config.page_token}
    ) as answer:
        assert answer.status == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(await answer.text())
    assert await _shown(talking) == 2


async def test_echo_can_come_before_the_answer(talking: Platform) -> None:
    await _fail(talking, "echo_early")
    _, told = await talking.send()
    echoes = [event["message"]["mid"] for event in talking.sink.of("echo")]
    assert echoes == [told["message_id"]]


async def test_echo_can_be_lost_late_or_doubled(talking: Platform) -> None:
    await _fail(talking, "echo_lost", {"fault": "echo_late", "seconds": 0.2}, "echo_doubled")
    lost, late, doubled = [(await talking.send(str(number)))[1]["message_id"] for number in range(3)]
    await talking.sink.until(lambda: len(talking.sink.of("echo")) == 3)
    assert [event["message"]["mid"] for event in talking.sink.of("echo")] == [doubled, doubled, late]
    assert lost not in json.dumps(talking.sink.events)


async def test_faults_combine_in_one_step(talking: Platform) -> None:
    await _fail(talking, ["accepted_and_cut", "echo_lost"])
    with pytest.raises(aiohttp.ClientError):
        await talking.send()
    await talking.say(text="next", wait=True)
    assert talking.sink.of("echo") == []
    assert await _shown(talking) == 1


async def test_events_are_doubled_delayed_and_spoilt_by_rule(platform: Platform) -> None:
    await platform.control("faults", {"rates": {"duplicate": 1.0}})
    await platform.say(text="twice", wait=True)
    await platform.sink.until(lambda: len(platform.sink.events) == 2)
    assert platform.sink.events[0] == platform.sink.events[1]
    await platform.control("faults", method="DELETE")
    await platform.control(
        "faults", {"rules": [{"fault": "seconds", "kind": "message"}, {"fault": "lost", "kind": "read"}]}
    )
    await platform.say(text="seconds", read=True, wait=True)
    assert platform.sink.events[-1]["timestamp"] < 10_000_000_000
    assert platform.sink.of("read") == []
    assert len(await platform.ledger("lost")) == 1


async def test_reordered_event_is_overtaken_by_the_next_of_its_thread(platform: Platform) -> None:
    await platform.control("faults", {"rules": [{"fault": "reorder", "times": 1}]})
    await platform.say(text="first")
    await platform.say(text="second")
    await platform.sink.until(lambda: len(platform.sink.events) == 2)
    assert [event["message"]["text"] for event in platform.sink.events] == ["second", "first"]


async def test_unsigned_rule_spoils_a_delivery_once(platform: Platform) -> None:
    await platform.control("faults", {"rules": [{"fault": "unsigned", "times": 1}]})
    platform.sink.statuses = [403]
    await platform.say(text="x", wait=True)
    await platform.say(text="y", wait=True)
    assert [line["signature"] for line in await platform.ledger("event")] == ["missing", "good"]


async def test_rate_of_a_seeded_run_is_met_roughly_and_for_one_page_only(talking: Platform) -> None:
    await talking.control("faults", {"page": PAGE, "rates": {"error:2": 0.5}, "limits": {"enforced": False}})
    answers = [(await talking.send())[0] for _ in range(100)]
    assert 30 <= sum(status != 200 for status in answers) <= 70
    await talking.control(f"faults?page={PAGE}", method="DELETE")
    assert (await talking.send())[0] == 200


async def test_other_calls_fail_by_their_edge(platform: Platform) -> None:
    await platform.control("faults", {"rules": [{"fault": "error", "code": 4, "edge": "subscribed_apps"}]})
    status, told = await platform.graph("GET", "/me/subscribed_apps")
    assert (status, told["error"]["code"]) == (403, 4)
    assert (await platform.graph("GET", "/me"))[0] == 200


async def test_unknown_fault_is_refused_with_the_known_names(platform: Platform) -> None:
    told = await platform.control("faults", {"next": ["explode"]}, status=400)
    assert "accepted_and_cut" in told["error"]

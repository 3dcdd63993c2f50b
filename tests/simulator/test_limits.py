"""Are the platform's limits kept, and do the usage headers tell of them?"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import GraphError
from simulator.limits import Limits, PageMeter
from tests.simulator.stand import PERSON, TOKEN, Platform

MESSAGE = {"recipient": {"id": PERSON}, "messaging_type": "RESPONSE", "message": {"text": "x"}}


@given(st.lists(st.floats(min_value=0, max_value=0.2), min_size=1, max_size=300))
def test_no_second_ever_holds_more_than_the_freezing_rate(gaps: list[float]) -> None:
    meter = PageMeter(Limits(freeze_above=10, freeze_seconds=0.0))
    moment, accepted = 100.0, []
    for gap in gaps:
        moment += gap
        try:
            meter.admit_send(moment, message=True, media=False)
        except GraphError:
            continue
        accepted.append(moment)
    for first in accepted:
        assert sum(first <= other < first + 1.0 for other in accepted) <= 10


def test_forty_messages_a_second_pass_and_the_next_freezes_the_page() -> None:
    meter = PageMeter(Limits())
    for number in range(40):
        meter.admit_send(100.0 + number / 1000, message=True, media=False)
    with pytest.raises(GraphError) as frozen:
        meter.admit_send(100.5, message=True, media=False)
    assert frozen.value.refusal.code == 80006
    with pytest.raises(GraphError):
        meter.admit_send(109.0, message=True, media=False)
    with pytest.raises(GraphError):
        meter.admit_send(118.0, message=True, media=False)
    meter.admit_send(128.5, message=True, media=False)


def test_actions_are_limited_to_300_and_media_to_10_a_second() -> None:
    meter = PageMeter(Limits())
    for _ in range(300):
        meter.admit_send(5.0, message=False, media=False)
    with pytest.raises(GraphError) as limited:
        meter.admit_send(5.9, message=False, media=False)
    assert limited.value.refusal.code == 613
    media = PageMeter(Limits())
    for _ in range(10):
        media.admit_send(5.0, message=True, media=True)
    with pytest.raises(GraphError):
        media.admit_send(5.5, message=True, media=True)
    media.admit_send(6.0, message=True, media=True)


def test_day_allows_200_calls_for_each_engaged_person_and_rolls() -> None:
    meter = PageMeter(Limits())
    for _ in range(200):
        meter.count_call(0.0, engaged=1)
    with pytest.raises(GraphError) as used_up:
        meter.count_call(60.0, engaged=1)
    assert used_up.value.refusal.code == 80006
    meter.count_call(60.0, engaged=2)
    meter.count_call(86_400.0, engaged=1)


async def test_burst_over_http_is_frozen_and_the_header_says_so(talking: Platform) -> None:
    codes = [(await talking.send())[1].get("error", {}).get("code") for _ in range(45)]
    assert 80006 in codes
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with talking.http.get(talking.server.make_url("/me"), headers=headers) as answer:
        usage = json.loads(answer.headers["X-Business-Use-Case-Usage"])["111"][0]
    assert usage["type"] == "messenger"
    assert usage["call_count"] == 100
    assert usage["estimated_time_to_regain_access"] == 1


async def test_usage_can_be_set_and_limits_switched_off(talking: Platform) -> None:
    await talking.control("faults", {"limits": {"usage_percent": 92, "enforced": False}})
    codes = {(await talking.send())[0] for _ in range(60)}
    assert codes == {200}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with talking.http.get(talking.server.make_url("/v25.0/me"), headers=headers) as answer:
        usage = json.loads(answer.headers["X-Business-Use-Case-Usage"])["111"][0]
        assert answer.headers["facebook-api-version"] == "v25.0"
    assert usage["call_count"] == 92


async def test_profile_api_takes_ten_calls_in_ten_minutes(start: Callable[..., Awaitable[Platform]]) -> None:
    platform = await start()
    setting = {"get_started": {"payload": "START"}}
    for _ in range(10):
        assert (await platform.graph("POST", "/me/messenger_profile", setting))[0] == 200
    _, told = await platform.graph("POST", "/me/messenger_profile", setting)
    assert told["error"]["code"] == 613
    await platform.control("clock", {"advance_seconds": 601})
    assert (await platform.graph("POST", "/me/messenger_profile", setting))[0] == 200

"""Do scripted followers act like people, the same ones each time, and only on what they see?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.people import temperament_of
from simulator.world import World
from tests.simulator.stand import PAGE, Platform

Start = Callable[..., Awaitable[Platform]]
OFFER = {
    "text": "News?",
    "quick_replies": [{"content_type": "text", "title": title, "payload": title} for title in ("Ja", "Nein")],
}


def _people(seed: int) -> list[tuple[str, str]]:
    config = SimulatorConfig(seed=seed, page_id=PAGE)
    world = World(config, Clock())
    page = world.add_page(PAGE, "P", "token")
    return [(person.psid, person.name) for person in world.add_followers(page, 300)]


def test_seed_decides_who_follows() -> None:
    assert _people(1) == _people(1)
    assert _people(1) != _people(2)


def test_people_have_long_ids_and_names_beyond_ascii() -> None:
    people = _people(1)
    assert len({psid for psid, _ in people}) == 300
    assert {len(psid) for psid, _ in people} <= {16, 17}
    assert sum(not name.isascii() for _, name in people) > 100


def test_most_tap_the_first_choice_and_a_few_quit_later() -> None:
    moods = [temperament_of(7, str(number)) for number in range(3000)]
    chosen = Counter(mood.choice for mood in moods)
    assert 0.55 < chosen["first"] / 3000 < 0.65
    assert 0.16 < chosen["second"] / 3000 < 0.24
    assert 0.03 < sum(mood.quits_after is not None for mood in moods) / 3000 < 0.09
    assert Counter(mood.entry for mood in moods).most_common(1)[0][0] == "get_started"


async def test_crowd_arrives_by_button_link_ad_and_message(start: Start) -> None:
    platform = await start(followers=60)
    await platform.graph("POST", "/me/messenger_profile", {"get_started": {"payload": "START"}})
    told = await platform.control("start", {"n": 50, "per_second": 2000})
    assert told == {"coming": 50}
    await platform.sink.until(lambda: len(platform.sink.events) == 50)
    postbacks = [event["postback"] for event in platform.sink.of("postback")]
    assert {postback["payload"] for postback in postbacks} == {"START"}
    assert {postback.get("referral", {}).get("source") for postback in postbacks} == {None, "SHORTLINK", "ADS"}
    assert platform.sink.of("message")


async def test_crowd_taps_what_it_is_offered_and_nothing_else(start: Start) -> None:
    platform = await start(followers=40)
    await platform.graph("POST", "/me/messenger_profile", {"get_started": {"payload": "START"}})
    await platform.control("faults", {"limits": {"enforced": False}})
    await platform.control("start", {"n": 30, "per_second": 2000, "think_seconds": 0.01})
    await platform.sink.until(lambda: len(platform.sink.events) >= 30)
    for psid in {event["sender"]["id"] for event in platform.sink.events}:
        await platform.graph("POST", "/me/messages", {"recipient": {"id": psid}, "message": OFFER})
    await platform.sink.until(lambda: _taps(platform).total() >= 20)
    taps = _taps(platform)
    assert set(taps) <= {"Ja", "Nein"}
    assert taps["Ja"] > taps["Nein"]


def _taps(platform: Platform) -> Counter[str]:
    messages = [event["message"] for event in platform.sink.of("message")]
    return Counter(message["quick_reply"]["payload"] for message in messages if "quick_reply" in message)

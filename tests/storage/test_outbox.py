"""Does every answer reach its person once and in order, whoever dies on the way?"""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.delivery import Accepted, Declined, NotSent, Unsure
from domain.ids import LeadId, Mid, PageId, Psid
from domain.personal import Pii
from storage.outbox import OutboxMessage
from tests.broadcast.people import NOW, PAGE, World, open_world

ANN, BOB = LeadId(uuid4()), LeadId(uuid4())


@pytest.fixture
async def world(database_dsn):
    async with open_world(database_dsn) as world:
        yield world


async def say(world: World, lead_id: LeadId, text: str, **more) -> None:
    async with world.database.transaction() as tx:
        message = OutboxMessage(
            page_id=PAGE,
            lead_id=lead_id,
            psid=Pii(Psid("7310482919283746")),
            message={"text": text},
            purpose=more.pop("purpose", "answer"),
            **more,
        )
        await world.outbox.add(tx, message, now=NOW)


def texts(answers) -> list[str]:
    return [answer.message["text"] for answer in answers]


async def test_answers_leave_in_order_one_at_a_time_per_person(world):
    lease = await world.lane()
    for lead_id, text in ((ANN, "a1"), (ANN, "a2"), (BOB, "b1"), (ANN, "a3")):
        await say(world, lead_id, text)
    first = await world.outbox.claim(lease, limit=10, now=NOW)
    assert texts(first) == ["a1", "b1"]
    assert await world.outbox.claim(lease, limit=10, now=NOW) == []
    await world.outbox.finish(PAGE, [(first[0].attempt_id, Accepted(Mid("m")))], now=NOW)
    assert texts(await world.outbox.claim(lease, limit=10, now=NOW)) == ["a2"]


async def test_an_answer_comes_back_as_it_was_written_and_stands_nowhere_in_clear(world):
    lease = await world.lane()
    await say(world, ANN, "Grüße 🎁")
    stored = await world.value("select message_sealed from outbox")
    assert "Grüße".encode() not in stored
    assert b"7310482919283746" not in stored
    [answer] = await world.outbox.claim(lease, limit=1, now=NOW)
    assert answer.message == {"text": "Grüße 🎁"}
    assert answer.psid.reveal("test") == "7310482919283746"
    await world.outbox.finish(PAGE, [(answer.attempt_id, Accepted(Mid("m")))], now=NOW)
    [row] = await world.fetch("select * from outbox")
    assert row["message_sealed"] is None
    assert row["mid_hash"] == world.keys.index.message(PAGE, "m")


async def test_a_message_is_not_sent_before_its_time_nor_while_it_is_held(world):
    lease = await world.lane()
    await say(world, ANN, "later", not_before=NOW + timedelta(seconds=5))
    await say(world, BOB, "held", state="held")
    assert await world.outbox.claim(lease, limit=10, now=NOW) == []
    async with world.database.transaction() as tx:
        assert await world.outbox.release(tx, PAGE, BOB) == 1
    assert texts(await world.outbox.claim(lease, limit=10, now=NOW)) == ["held"]
    assert texts(await world.outbox.claim(lease, limit=10, now=NOW + timedelta(seconds=5))) == ["later"]


async def test_an_owner_that_lost_its_lane_claims_nothing(world):
    stale = await world.lane()
    await world.lane()
    await say(world, ANN, "a")
    assert await world.outbox.claim(stale, limit=10, now=NOW) == []


async def test_a_refused_call_is_made_again_and_costs_no_attempt(world):
    lease = await world.lane()
    await say(world, ANN, "a")
    for _ in range(4):
        [answer] = await world.outbox.claim(lease, limit=1, now=NOW)
        await world.outbox.finish(PAGE, [(answer.attempt_id, NotSent("limited", NOW))], now=NOW)
    assert await world.value("select attempts from outbox") == 0


async def test_a_declined_answer_is_over_and_the_next_one_goes(world):
    lease = await world.lane()
    await say(world, ANN, "a1")
    await say(world, ANN, "a2")
    [answer] = await world.outbox.claim(lease, limit=5, now=NOW)
    await world.outbox.finish(PAGE, [(answer.attempt_id, Declined("window_closed"))], now=NOW)
    assert texts(await world.outbox.claim(lease, limit=5, now=NOW)) == ["a2"]
    assert await world.value("select message_sealed is null from outbox where state = 'refused'")


async def test_an_unknown_answer_waits_for_its_echo_goes_once_more_and_then_stays_unknown(world):
    lease = await world.lane()
    await say(world, ANN, "a1")
    await say(world, ANN, "a2")
    [first] = await world.outbox.claim(lease, limit=5, now=NOW)
    await world.outbox.finish(PAGE, [(first.attempt_id, Unsure("timeout"))], now=NOW)
    assert await world.outbox.recover(lease, now=NOW) == 0
    assert await world.outbox.claim(lease, limit=5, now=NOW) == [], "the order of the person is kept"
    await world.age_attempts(61)
    assert await world.outbox.recover(lease, now=NOW) == 1
    [second] = await world.outbox.claim(lease, limit=5, now=NOW)
    assert second.message == first.message
    assert second.attempt_id != first.attempt_id
    await world.outbox.finish(PAGE, [(second.attempt_id, Unsure("timeout"))], now=NOW)
    await world.age_attempts(61)
    assert await world.outbox.recover(lease, now=NOW) == 0
    assert texts(await world.outbox.claim(lease, limit=5, now=NOW)) == ["a2"]
    assert await world.value("select count(*) from outbox where state = 'unknown'") == 1


@pytest.mark.parametrize("belief", [None, Unsure("timeout"), NotSent("limited", NOW), Declined("policy")])
async def test_an_echo_settles_an_answer_in_either_order(world, belief):
    lease = await world.lane()
    await say(world, ANN, "a1")
    [answer] = await world.outbox.claim(lease, limit=5, now=NOW)
    if belief is not None:
        await world.outbox.finish(PAGE, [(answer.attempt_id, belief)], now=NOW)
    async with world.database.transaction() as tx:
        assert await world.outbox.settle(tx, PAGE, answer.attempt_id, Mid("m"), now=NOW)
        assert not await world.outbox.settle(tx, PAGE, uuid4(), Mid("m"), now=NOW)
    await world.outbox.finish(PAGE, [(answer.attempt_id, Unsure("timeout"))], now=NOW)
    await world.age_attempts(61)
    assert await world.outbox.recover(lease, now=NOW) == 0
    assert await world.outbox.claim(lease, limit=5, now=NOW) == []
    assert await world.value("select state from outbox") == "sent"


async def test_what_a_dead_owner_left_on_its_way_goes_again_once_its_echo_is_overdue(world):
    await say(world, ANN, "a1")
    await world.outbox.claim(await world.lane(), limit=5, now=NOW)
    heir = await world.lane()
    assert await world.outbox.recover(heir, now=NOW) == 0
    assert await world.value("select state from outbox") == "unknown"
    await world.age_attempts(61)
    assert await world.outbox.recover(heir, now=NOW) == 1
    assert len(await world.outbox.claim(heir, limit=5, now=NOW)) == 1


async def test_an_erased_person_gets_only_what_is_kept_on_purpose(world):
    lease = await world.lane()
    await say(world, ANN, "unknown")
    [answer] = await world.outbox.claim(lease, limit=5, now=NOW)
    await world.outbox.finish(PAGE, [(answer.attempt_id, Unsure("timeout"))], now=NOW)
    await say(world, ANN, "greeting")
    await say(world, ANN, "receipt", purpose="receipt", state="held")
    await say(world, BOB, "b1")
    async with world.database.transaction() as tx:
        assert await world.outbox.drop(tx, PAGE, ANN, keep={"receipt"}) == 2
        await world.outbox.release(tx, PAGE, ANN)
    await world.age_attempts(61)
    assert await world.outbox.recover(lease, now=NOW) == 0
    assert sorted(texts(await world.outbox.claim(lease, limit=5, now=NOW))) == ["b1", "receipt"]
    assert await world.value("select count(*) from outbox where message_sealed is null") == 2


async def test_an_answer_on_its_way_during_an_erasure_is_not_sent_again(world):
    lease = await world.lane()
    await say(world, ANN, "a")
    [answer] = await world.outbox.claim(lease, limit=5, now=NOW)
    async with world.database.transaction() as tx:
        await world.outbox.drop(tx, PAGE, ANN)
    await world.outbox.finish(PAGE, [(answer.attempt_id, NotSent("limited", NOW))], now=NOW)
    assert await world.value("select state from outbox") == "dropped"


async def test_a_sealed_answer_that_was_altered_is_refused_and_holds_up_nobody(world):
    lease = await world.lane()
    await say(world, ANN, "a")
    await world.execute("update outbox set message_sealed = message_sealed || '\\x00'")
    await say(world, BOB, "b")
    assert texts(await world.outbox.claim(lease, limit=5, now=NOW)) == ["b"]
    assert await world.value("select reason from outbox where state = 'refused'") == "unreadable"


async def test_rows_die_with_the_key_of_their_day(world):
    await say(world, ANN, "a")
    assert await world.outbox.purge(now=NOW + timedelta(days=8)) == 0
    assert await world.outbox.purge(now=NOW + timedelta(days=9)) == 1


async def test_other_pages_have_lanes_of_their_own(world):
    lease = await world.lane(PageId("2"))
    await say(world, ANN, "a")
    assert await world.outbox.claim(lease, limit=5, now=NOW) == []

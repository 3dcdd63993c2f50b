"""Is everything that has an end gone after it, and not before?"""

from datetime import timedelta
from typing import Any

import pytest

from domain.data_request import RequestKind, RequestState
from domain.ids import Psid
from domain.personal import Pii
from domain.proof.record_json import decode
from domain.proof.record_sections import RecordKind
from privacy.exports import CODE_LIFE
from tests.privacy.people import CANARIES, NOW, PAGE, World

DAY = timedelta(days=1)


async def swept(world: World, after: timedelta) -> dict[str, int]:
    world.now = NOW + after
    return {name: count for name, count in (await world.retention.sweep(world.now)).items() if count}


async def count(world: World, table: str) -> int:
    found: int = await world.value(f"select count(*) from {table}")
    return found


async def test_nothing_is_deleted_while_all_is_in_time(world: World) -> None:
    await world.canary()
    assert await swept(world, 7 * DAY) == {}


async def test_event_keys_tombstones_and_events_set_aside_go_after_eight_days(world: World) -> None:
    lead = await world.lead()
    await world.begun(lead.lead_id)
    await world.canary()
    await world.execute("insert into event_key values ($1, $2, $3)", PAGE, bytes(32), NOW.date())
    async with world.database.transaction() as tx:
        assert await world.erasure.is_late(tx, PAGE, Pii(Psid(lead.profile.psid.reveal("test"))), NOW)
    before = await swept(world, 8 * DAY)
    assert {"event_keys", "tombstones"} & before.keys() == set()
    after = await swept(world, 9 * DAY)
    assert (after["event_keys"], after["tombstones"]) == (2, 1)
    assert [await count(world, table) for table in ("event_key", "inbox_set_aside", "tombstone")] == [0, 0, 0]


async def test_a_days_key_goes_when_nothing_waits_under_it_any_more(world: World) -> None:
    await world.canary()
    await swept(world, 9 * DAY)
    assert await world.value("select count(*) from day_key where day = $1", NOW.date()) == 1  # an event still waits
    await world.execute("delete from inbox")
    assert (await swept(world, 9 * DAY))["day_keys"] == 1
    assert await world.value("select count(*) from day_key where day = $1", NOW.date()) == 0


async def test_answers_go_after_eight_days(world: World) -> None:
    await world.canary()
    assert (await swept(world, 9 * DAY))["answers"] == 1
    assert await count(world, "outbox") == 0


async def test_a_copy_is_emptied_after_72_hours_and_forgotten_after_90_days(world: World) -> None:
    opened = await world.asked(await world.canary(), RequestKind.ACCESS)
    await world.exports.build(str(opened.request_id))
    assert "export_contents" not in await swept(world, timedelta(hours=72) - CODE_LIFE)
    assert (await swept(world, timedelta(hours=72)))["export_contents"] == 1
    assert await world.value("select archive_sealed from export_archive") is None
    assert (await swept(world, 94 * DAY))["exports"] == 1
    assert await count(world, "data_request") == 1


async def test_deliveries_go_after_thirteen_months(world: World) -> None:
    await world.canary()
    assert "deliveries" not in await swept(world, 390 * DAY)
    assert (await swept(world, 397 * DAY))["deliveries"] == 1


async def test_an_erasure_that_nobody_confirmed_is_closed_after_a_week(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ERASURE)
    await world.execute('update data_request set steps = steps || \'{"asked": "2026-11-23T12:00:00+00:00"}\'')
    assert (await swept(world, 7 * DAY + timedelta(seconds=1)))["unconfirmed_requests"] == 1
    request = await world.requests.show(opened.request_id)
    assert (request.state, request.reason) == (RequestState.CANCELLED, "not_confirmed")


async def test_whoever_was_silent_for_three_years_is_erased_without_a_message(world: World) -> None:
    await world.canary()
    assert "silent_leads" not in await swept(world, 3 * 365 * DAY)
    await world.execute("delete from inbox")
    assert (await swept(world, (3 * 365 + 2) * DAY))["silent_leads"] == 1
    assert (await swept(world, (3 * 365 + 2) * DAY))["unfinished_erasures"] == 1
    assert await count(world, "lead") == await count(world, "lead_key") == 0
    assert await world.messages("receipt") == []
    dump = await world.dump()
    assert [place for place, canary in CANARIES.items() if canary in dump] == []
    [request] = await world.requests.list(open_only=False)
    assert (request.source.value, request.state) == ("retention", RequestState.COMPLETED)
    [ended] = await world.fetch("select kind, record from log_record")
    said = decode(ended["record"])
    assert ended["kind"] == said.kind == RecordKind.RECORD_EXPIRED
    assert (len(said.waiting), said.destroyed, said.entry_point) == (2, (), None)
    assert said.counts == {"messages": 0, "records": 2, "deliveries": 0, "files": 0}
    assert (await swept(world, (6 * 365 + 4) * DAY))["requests"] == 1
    assert await count(world, "data_request") == 0


@pytest.mark.parametrize("kind", list(RequestKind))
async def test_what_was_begun_and_left_is_ended(world: World, kind: RequestKind) -> None:
    lead = await world.canary()
    if kind is RequestKind.ACCESS:
        await world.asked(lead, kind)
    else:
        await world.begun(lead.lead_id)
    await swept(world, timedelta(minutes=10))
    [request] = await world.requests.list(open_only=False)
    assert request.state is RequestState.COMPLETED


@pytest.mark.parametrize("after", [9 * DAY, 400 * DAY, 4 * 365 * DAY])
async def test_a_second_sweep_deletes_nothing_more(world: World, after: timedelta) -> None:
    await world.canary()
    await world.execute("delete from inbox")
    await swept(world, after)
    await swept(world, after)
    assert await swept(world, after) == {}


async def test_old_partitions_of_the_inbox_go_when_they_are_empty(world: World) -> None:
    names: Any = "select count(*) from pg_inherits where inhparent = 'inbox'::regclass"
    await world.store.inbox.ensure_partitions(NOW)
    made = await world.value(names)
    await swept(world, 9 * DAY)
    assert await world.value(names) < made

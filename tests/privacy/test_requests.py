"""Does a request tell nobody anything, keep its time, and end in one of the ways it can?"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.data_request import ExtensionReason, RefusalReason, RequestKind, RequestSource, RequestState
from domain.personal import Pii
from privacy.requests import NO_PAGE, RequestRefused
from tests.privacy.people import NOW, PAGE, TEXTS, World

ISSUED = datetime(2026, 11, 23, 11, 59, tzinfo=UTC)


async def test_asking_twice_is_one_request_with_one_code(world: World) -> None:
    lead = await world.lead()
    first = await world.asked(lead, RequestKind.ERASURE)
    world.now = NOW + timedelta(days=2)
    assert await world.asked(lead, RequestKind.ERASURE) == first
    other = await world.asked(lead, RequestKind.ACCESS)
    assert other.request_id != first.request_id


async def test_the_clock_runs_from_the_receipt_by_the_pages_time(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ERASURE)
    assert opened.due_at == datetime(2026, 12, 23, 22, 59, 59, tzinfo=UTC)


async def test_the_database_holds_no_status_code(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ERASURE)
    dump = await world.dump()
    assert opened.status_code not in dump
    assert opened.status_code.replace("-", "") not in dump


@pytest.mark.parametrize("code", ["", "ABCD", "0" * 32, "x" * 4000, "\x00", "ＡＢＣＤ"])
async def test_a_code_that_was_never_given_out_shows_nothing(world: World, code: str) -> None:
    await world.asked(await world.lead(), RequestKind.ERASURE)
    assert await world.requests.status_of(code) is None


async def test_a_code_works_on_after_the_link_key_was_changed(world: World) -> None:
    lead = await world.lead()
    opened = await world.asked(lead, RequestKind.ERASURE)
    await world.store.keys.holder.change(lambda ring: ring.rotate_link_key(lambda size: b"x" * size, NOW))
    assert await world.asked(lead, RequestKind.ERASURE) == opened
    assert await world.requests.status_of(opened.status_code) is not None


async def test_the_platforms_callback_gives_one_code_however_often_it_comes(world: World) -> None:
    codes = {await world.requests.open_platform_request(Pii("9876543210987"), ISSUED) for _ in range(3)}
    [code] = codes
    assert code.isalnum()
    assert await world.requests.open_platform_request(Pii("9876543210987"), ISSUED + timedelta(seconds=1)) != code
    status = await world.requests.status_of(code)
    assert status is not None
    assert (status.state, status.reason, status.page_id) == (RequestState.PENDING, "not_matched", None)
    [request, _] = await world.requests.list(NO_PAGE)
    assert (request.page_id, request.lead_id) == (NO_PAGE, None)
    assert "9876543210987" not in await world.dump()


async def test_a_callback_cannot_be_approved_for_it_belongs_to_nobody(world: World) -> None:
    await world.requests.open_platform_request(Pii("9876543210987"), ISSUED)
    [request] = await world.requests.list()
    with pytest.raises(RequestRefused, match="confirms it in the chat"):
        await world.requests.approve(request.request_id, world.erasure, TEXTS)
    refused = await world.requests.refuse(request.request_id, RefusalReason.NOT_MATCHED, TEXTS)
    assert refused.state is RequestState.REFUSED


async def test_an_approved_copy_is_made(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ACCESS, RequestSource.CONSOLE)
    approved = await world.requests.approve(opened.request_id, world.erasure, TEXTS)
    assert approved.state is RequestState.IN_PROGRESS
    assert await world.value("select count(*) from pgqueuer where entrypoint = 'export.build'") == 1
    await world.exports.build(f"{PAGE}/{opened.request_id}")
    assert len(await world.messages("export")) == 1


async def test_an_approved_erasure_begins_at_once(world: World) -> None:
    lead = await world.lead()
    opened = await world.asked(lead, RequestKind.ERASURE, RequestSource.CONSOLE)
    await world.requests.approve(opened.request_id, world.erasure, TEXTS)
    assert await world.value("select count(*) from lead_key") == 0
    assert await world.value("select count(*) from pgqueuer where entrypoint = 'erasure.sweep'") == 1
    with pytest.raises(RequestRefused, match="decided already"):
        await world.requests.approve(opened.request_id, world.erasure, TEXTS)


async def test_a_refusal_says_why_and_where_to_complain(world: World) -> None:
    opened = await world.asked(await world.lead(language="de"), RequestKind.ERASURE, RequestSource.CONSOLE)
    refused = await world.requests.refuse(opened.request_id, RefusalReason.EXCESSIVE, TEXTS)
    assert (refused.state, refused.reason, refused.completed_at) == (RequestState.REFUSED, "excessive", NOW)
    [text] = await world.messages("request")
    assert "oft dasselbe" in text
    assert "Datenschutzbehörde" in text
    assert await world.value("select count(*) from lead_key") == 1


async def test_more_time_is_taken_once_and_the_person_is_told(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ERASURE, RequestSource.CONSOLE)
    extended = await world.requests.extend(opened.request_id, ExtensionReason.COMPLEXITY, TEXTS)
    assert extended.due_at == datetime(2027, 2, 23, 22, 59, 59, tzinfo=UTC)
    assert extended.steps["extended"]["reason"] == "complexity"
    [text] = await world.messages("request")
    assert "February 23, 2027" in text
    with pytest.raises(RequestRefused, match="possible once"):
        await world.requests.extend(opened.request_id, ExtensionReason.COMPLEXITY, TEXTS)


async def test_after_the_month_it_is_too_late_for_more_time(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ERASURE, RequestSource.CONSOLE)
    world.now = opened.due_at + timedelta(seconds=1)
    with pytest.raises(RequestRefused, match="not yet due"):
        await world.requests.extend(opened.request_id, ExtensionReason.COMPLEXITY, TEXTS)


async def test_a_request_taken_back_is_over_and_cannot_be_confirmed(world: World) -> None:
    lead = await world.lead()
    opened = await world.asked(lead, RequestKind.ERASURE)
    async with world.database.transaction() as tx:
        assert await world.store.requests.cancel(tx, PAGE, opened.request_id, now=NOW)
        assert not await world.store.requests.cancel(tx, PAGE, opened.request_id, now=NOW)
        assert await world.store.requests.find_open(tx, PAGE, lead.lead_id, opened.request_id) is None


async def test_nobody_confirms_somebody_elses_request(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ERASURE)
    other = await world.lead(psid="73104829190000000")
    async with world.database.transaction() as tx:
        assert await world.store.requests.find_open(tx, PAGE, other.lead_id, opened.request_id) is None


async def test_an_unknown_request_is_refused_with_what_to_do(world: World) -> None:
    with pytest.raises(RequestRefused, match="assent requests list"):
        await world.requests.show(UUID(int=7))

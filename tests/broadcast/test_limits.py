"""Does the platform's limit of a Page outlast the process that learnt of it?"""

import asyncio
from datetime import timedelta

from aiohttp import web

from broadcast.pacer import Pacer
from domain.holds import LimitCause, PageLimit
from domain.pacing import Standing
from tests.broadcast.people import PAGE
from tests.broadcast.running import eventually, sending

USAGE = '{"1":[{"type":"messenger","call_count":%d,"total_cputime":1,"total_time":1}]}'


async def audience(world, people):
    await world.page()
    for _ in range(people):
        await world.lead()


def limited(code, **headers):
    async def reply(request, arrival):
        error = {"message": "no", "type": "OAuthException", "code": code}
        return web.json_response({"error": error}, status=400, headers=headers)

    return reply


async def test_the_next_holder_keeps_still_tries_one_message_and_frees_the_page(world, sink):
    await audience(world, 25)
    await world.campaign()
    sink.reply = limited(613, **{"Retry-After": "3"})
    async with sending(world, sink, make_pacer=Pacer):
        kept = await eventually(lambda: world.store.limits.get(PAGE))
        assert (kept.limit.standing, kept.limit.cause, kept.limit.code) == (Standing.NOTHING, LimitCause.RATE, 613)
        held_from = asyncio.get_running_loop().time()
    calls, sink.reply = len(sink.arrivals), None
    async with sending(world, sink, make_pacer=Pacer):
        await eventually(lambda: len(sink.arrivals) > calls)
        assert len(sink.arrivals) == calls + 1, "one message goes alone"
        assert sink.arrivals[calls].at - held_from >= 2.5
        await eventually(lambda: world.value("select bool_and(state = 'finished') from campaign"))
        assert (await world.store.limits.get(PAGE)).limit.coming_back
    assert len(sink.reached) == 25
    assert sink.twice == {}


async def test_a_holder_who_lost_the_lane_neither_writes_nor_clears_a_limit(world):
    await world.page()
    old, new = await world.lane(), await world.lane()
    limit = PageLimit(standing=Standing.NOTHING, cause=LimitCause.RATE, lasts=timedelta(minutes=1), code=613)
    await world.store.limits.put(old, limit)
    assert await world.store.limits.get(PAGE) is None
    await world.store.limits.put(new, limit)
    await world.store.limits.clear(old)
    kept = (await world.store.limits.all())[PAGE]
    assert timedelta(seconds=50) < kept.limit.lasts <= timedelta(minutes=1)
    await world.store.limits.clear(new)
    assert await world.store.limits.all() == {}


async def test_an_allowance_that_is_nearly_used_up_is_told_and_leaves_the_rest_to_answers(world, sink):
    await audience(world, 30)
    await world.campaign()

    async def nearly(request, arrival):
        answer = await sink.accept(request, arrival)
        answer.headers["X-Business-Use-Case-Usage"] = USAGE % 92
        return answer

    sink.reply = nearly
    async with sending(world, sink, make_pacer=Pacer):
        kept = await eventually(lambda: world.store.limits.get(PAGE))
        assert (kept.limit.standing, kept.limit.cause) == (Standing.ANSWERS_ONLY, LimitCause.USAGE)
        calls = len(sink.arrivals)
        await asyncio.sleep(0.5)
        assert len(sink.arrivals) <= calls + 4
    async with sending(world, sink, make_pacer=Pacer):
        await asyncio.sleep(1.5)
        assert len(sink.arrivals) <= calls + 4, "the next holder leaves the rest to answers too"

"""What do the guarantees of a campaign cost over a client that only posts, and does each Page keep its pace?

The baseline is a bare aiohttp client loop with one JSON body a message; the product claims, opens, renders, signs the
link, posts and marks. Both post to the same sink in another process, with as many calls in flight, in turns.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import aiohttp

from broadcast.pacer import Pacer
from broadcast.page_lane import PageLane
from domain.ids import CampaignId, PageId
from tests.bench.crowd import sealed_people
from tests.bench.rows import Row, ratio
from tests.broadcast.people import PAGE, World, open_world
from tests.broadcast.running import Unpaced, make_runner

ROUNDS = 5
PEOPLE = 8_000
IN_FLIGHT = 100
OPEN_LIMIT = 400
PAGES = 200
PACE = 20
PACED_SECONDS = 4


async def measure(dsn: str) -> list[Row]:
    """Messages a second over the bare client; the busiest second of any of many Pages over its pace."""
    # As a long-running process does: what is there at the start lives as long as it.
    gc.collect()
    gc.freeze()
    async with _sink() as url, open_world(dsn) as world:
        await world.page()
        await sealed_people(world, PAGE, PEOPLE)
        await _bare(url)
        await _product(world, url)
        baseline, product = [], []
        for _ in range(ROUNDS):
            baseline.append(await _bare(url))
            product.append(await _product(world, url))
        await world.execute("update campaign set state = 'cancelled' where state = 'running'")
        exact = await _many_pages(world, url)
    return [
        ratio("campaign sends over a bare client loop", "messages/s", baseline, product, at_least=0.50),
        exact,
    ]


async def _bare(url: str) -> float:
    """Messages a second of a client that posts each person their JSON, reads the message id and knows nothing else."""
    text = "Hello Zoë, the winter sale begins.\n\nStop: https://assent.example/u/" + "x" * 80 + " or write STOP"
    button = {"type": "postback", "title": "Stop messages", "payload": "assent:stop:1"}
    template = {"template_type": "button", "text": text, "buttons": [button]}
    headers = {"Authorization": "Bearer page-token"}
    left = iter(range(PEOPLE))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post() -> None:
            for number in left:
                body = {
                    "recipient": {"id": f"{7_310_482_919_000_000 + number}"},
                    "messaging_type": "UPDATE",
                    "message": {
                        "attachment": {"type": "template", "payload": template},
                        "metadata": f"bare.{number:032}",
                    },
                }
                async with session.post(f"{url}/v25.0/{PAGE}/messages", json=body, headers=headers) as answer:
                    if not (await answer.json())["message_id"]:
                        raise RuntimeError("the sink gave no message id")

        began = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(IN_FLIGHT)))
        return PEOPLE / (time.perf_counter() - began)


async def _product(world: World, url: str) -> float:
    """Messages a second of one lane with every guarantee, its pace lifted."""
    campaign_id = await world.campaign()
    lease = await world.lane()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        runner = make_runner(world, session, url, in_flight=IN_FLIGHT, open_limit=OPEN_LIMIT)
        lane = PageLane(lease=lease, sending=runner.sending, pacer=Unpaced())
        began = time.perf_counter()
        task = asyncio.create_task(lane.run())
        await _finished(world, campaign_id)
        took = time.perf_counter() - began
        await lane.stop()
        await task
    await world.lanes.release(lease)
    sent = await world.value("select count(*) from delivery where campaign_id = $1 and state = 'sent'", campaign_id)
    if sent != PEOPLE:
        raise RuntimeError(f"only {sent} of {PEOPLE} messages were sent")
    return PEOPLE / took


async def _finished(world: World, campaign_id: CampaignId, page_id: PageId = PAGE) -> None:
    while await world.value(  # noqa: ASYNC110 - the database is what changes
        "select state from campaign where page_id = $1 and campaign_id = $2", page_id, campaign_id
    ) not in ("finished", "cancelled"):
        await asyncio.sleep(0.02)


async def _many_pages(world: World, url: str) -> Row:
    """Two hundred Pages at once in one process, each at its own pace."""
    pages = [PageId(f"2000000{number:03}") for number in range(PAGES)]
    for page_id in pages:
        await world.page(page_id, pace=PACE)
        await sealed_people(world, page_id, PACE * PACED_SECONDS)
        await world.campaign(page_id)
    await _report(url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        runner = make_runner(world, session, url, make_pacer=lambda: Pacer(PACE))
        task = asyncio.create_task(runner.run())
        for page_id in pages:
            await _finished(world, CampaignId(1), page_id)
        runner.stop()
        await task
    told = await _report(url)
    if told["messages"] != PAGES * PACE * PACED_SECONDS:
        raise RuntimeError(f"{told['messages']} messages arrived")
    busiest = [most / PACE for most in told["busiest_second"].values()]
    return Row(
        measure=f"busiest second of any of {PAGES} Pages over its pace (median Page {median(busiest):.2f})",
        unit="of its pace",
        product=busiest,
        result=max(busiest),
        at_most=1.05,
    )


async def _report(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/report") as answer:
        found: dict[str, Any] = await answer.json()
        return found


@asynccontextmanager
async def _sink() -> AsyncIterator[str]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sink", stdout=asyncio.subprocess.PIPE
    )
    assert program.stdout is not None
    port = int(await program.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        await program.wait()

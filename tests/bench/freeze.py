"""What does deciding for everybody cost when an audience is frozen, over writing the same rows without a question?

The rows of one freeze are written again by a plain INSERT .. SELECT into the same table, in turns.
"""

import time

from domain.ids import CampaignId
from tests.bench.crowd import many_people
from tests.bench.rows import Row, ratio
from tests.broadcast.people import NOW, PAGE, World, open_world

ROUNDS = 5
PEOPLE = 1_000_000

_COPY = """
insert into delivery (page_id, campaign_id, lead_id, state, reason, rule, planned_at, settled_at)
select page_id, $2, lead_id, state, reason, rule, planned_at, settled_at from source
"""


async def measure(dsn: str) -> list[Row]:
    """People a second."""
    async with open_world(dsn) as world:
        await world.page()
        await many_people(world, PAGE, PEOPLE)
        await _freeze(world)
        await _keep_as_source(world)
        baseline, product = [], []
        for _ in range(ROUNDS):
            baseline.append(await _copy(world))
            product.append(await _freeze(world))
    measure = f"audience of {PEOPLE:,} frozen over the same rows copied"
    return [ratio(measure, "people/s", baseline, product, at_least=0.50)]


async def _freeze(world: World) -> float:
    campaign_id = await world.campaign(start=False)
    async with world.database.transaction() as tx:
        began = time.perf_counter()
        people = await world.deliveries.freeze(tx, PAGE, campaign_id, now=NOW)
    took = time.perf_counter() - began
    if people != PEOPLE:
        raise RuntimeError(f"{people} people were frozen")
    return PEOPLE / took


async def _copy(world: World) -> float:
    campaign_id: CampaignId = await world.campaign(start=False)
    await _empty(world)
    async with world.database.transaction() as tx:
        began = time.perf_counter()
        await tx.execute(_COPY.replace("$2", str(int(campaign_id))), timeout=600)
    took = time.perf_counter() - began
    await _empty(world)
    return PEOPLE / took


async def _keep_as_source(world: World) -> None:
    async with world.database.connection() as connection:
        await connection.execute("create table source as select * from delivery", timeout=600)
        await connection.execute("vacuum analyze source", timeout=600)
    await _empty(world)


async def _empty(world: World) -> None:
    """Every round finds the table as the one before did."""
    async with world.database.connection() as connection:
        await connection.execute("truncate delivery", timeout=600)

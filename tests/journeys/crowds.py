"""People who said yes, on both sides, and what the platform's book says they got."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from app.connect import connect_page
from app.demo import CONTROLLER
from domain.consent import ConsentAct, TopicConsent
from domain.ids import PageId, Psid, Topic
from domain.lead import LeadProfile
from domain.personal import Pii
from tests.journeys.world import World


async def another_page(world: World, page_id: str) -> World:
    """The same installation, seen from one more Page, which is connected."""
    token = f"token-of-{page_id}"
    await world.control("POST", "followers", pages=[{"id": page_id, "name": "Shop", "token": token}])
    await connect_page(world.runtime, PageId(page_id), Pii(token), CONTROLLER, region="EU", language="en")
    return replace(world, page_id=page_id)


async def crowd(world: World, people: int) -> None:
    """So many people of the Page whose window is open and who want offers."""
    psids = [f"{8_310_482_919_280_000 + number}" for number in range(people)]
    followers = [{"psid": psid, "first_name": "Zoë"} for psid in psids]
    await world.control("POST", "followers", page=world.page_id, followers=followers, window="open")
    now, store, page = world.clock(), world.runtime.store, PageId(world.page_id)
    async with store.database.transaction() as tx:
        for psid in psids:
            profile = LeadProfile(psid=Pii(Psid(psid)), first_name=Pii("Zoë"))
            lead, _ = await store.leads.add(tx, page, profile, now=now)
            await store.leads.seen(tx, lead, event_time=now, window_until=now + timedelta(hours=24), writes=True)
            yes = TopicConsent(topic=Topic("offers"), act=ConsentAct.GIVEN, event_time=now)
            await store.consents.put_topic(tx, page, lead.lead_id, yes, notice_version=1, record_id=uuid4())


async def sends(world: World) -> list[dict]:
    """The calls of the Send API that the platform got for the Page."""
    return [call for call in await world.ledger(kind="call") if call["path"].endswith("/messages")]


async def got(world: World) -> Counter[str]:
    """Who got a message of the Page, how often."""
    return Counter(call["psid"] for call in await sends(world) if call["accepted"])

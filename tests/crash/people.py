"""Who is written to? Pages and their people, on the platform and in the product, and the campaigns that reach them.

Each person gets one campaign, so that one message to them is right and two are not.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.connect import Controller, connect_page
from app.runtime import Runtime
from broadcast.campaigns import Campaigns
from domain.campaign import NewCampaign
from domain.ids import CampaignId, LeadId, PageId, Psid, Topic
from domain.lead import LeadProfile
from domain.personal import Pii
from storage.labels import Label
from tests.crash.platform_side import Platform

OFFERS = Topic("offers")
CONTROLLER = Controller(name="Aurora Coffee GmbH", contact="privacy@aurora.example")
TEXT = "Hi {{first_name|there}}, a coffee is on us."
AT_ONCE, LATER = "early", "late"
"""The two campaigns of each Page: one begins by hand, the other one by itself a little later."""
LATER_BY = timedelta(seconds=3)
_LEAD = (
    "page_id", "lead_id", "index_kid", "psid_index", "suppression_handle", "link_ref", "first_seen", "newest_event",
    "window_until", "profile_sealed",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Everybody there is: their ids on both sides, and who belongs to which campaign."""

    pages: list[str] = field(default_factory=list)
    psids: dict[UUID, str] = field(default_factory=dict)
    audiences: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)


async def gather(runtime: Runtime, platform: Platform, *, pages: int, people: int) -> Crowd:
    """So many Pages with so many people each, all of whom may be written to."""
    crowd = Crowd()
    for number in range(1, pages + 1):
        page = f"{200_000_000_000_000 + number}"
        token = f"EAASimulatedPageToken{number}"
        await platform.control("POST", "followers", pages=[{"id": page, "name": f"Page {number}", "token": token}])
        await connect_page(runtime, PageId(page), Pii(token), CONTROLLER, region="US", language="en")
        psids = [f"{7_000_000_000_000_000 + number * 1_000_000 + place}" for place in range(people)]
        known = [{"psid": psid} for psid in psids]
        await platform.control("POST", "followers", page=page, followers=known, window="open", listed=False)
        crowd.psids |= await _put(runtime, PageId(page), psids)
        crowd.pages.append(page)
    return crowd


async def _put(runtime: Runtime, page_id: PageId, psids: list[str]) -> dict[UUID, str]:
    """Rows as the product keeps them, all of one Page at once."""
    now, keys, store = runtime.clock(), runtime.store.keys, runtime.store
    leads: list[Any] = []
    others: dict[str, list[Any]] = {"lead_key": [], "lead_topic": [], "lead_tag": []}
    made: dict[UUID, str] = {}
    for place, psid in enumerate(psids):
        lead_id = LeadId(uuid4())
        made[lead_id] = psid
        profile = LeadProfile(psid=Pii(Psid(psid)), first_name=Pii("Zoë"))
        key, wrapped = keys.new_lead_key(lead_id)
        sealed = key.seal(Label.LEAD_PROFILE, lead_id.bytes, profile.encode())
        index = keys.index.psid(page_id, Psid(psid))
        times = (now, now, now + timedelta(hours=24))
        handle = keys.handle(page_id, profile.psid)
        leads.append((page_id, lead_id, keys.index.kid, index, handle, uuid4(), *times, sealed))
        others["lead_key"].append((page_id, lead_id, wrapped.kid, wrapped.wrapped, wrapped.commitment))
        others["lead_topic"].append((page_id, lead_id, OFFERS, "given", now, uuid4()))
        others["lead_tag"].append((page_id, LATER if place % 2 else AT_ONCE, lead_id, now))
    columns = {"lead_topic": ("page_id", "lead_id", "topic", "state", "event_time", "record_id")}
    async with store.database.transaction() as tx:
        await tx.executemany(
            "insert into tag (page_id, name, created_at) values ($1, $2, $3)",
            [(page_id, name, now) for name in (AT_ONCE, LATER)],
        )
        await tx.copy_records_to_table("lead", records=leads, columns=_LEAD)
        for table, records in others.items():
            await tx.copy_records_to_table(table, records=records, columns=columns.get(table))
    return made


async def begin(runtime: Runtime, crowd: Crowd) -> None:
    """Each Page's first campaign runs, and the second one will; nobody is in two audiences."""
    steps = Campaigns(store=runtime.store, catalog=runtime.texts, public_url=runtime.public_url)
    of_page = _psids_of(crowd)
    for page in crowd.pages:
        for name in (AT_ONCE, LATER):
            new = NewCampaign(
                page_id=PageId(page), name=name, topic=OFFERS, texts={"en": TEXT}, audience=f"tag = {name}"
            )
            campaign = await steps.create(new, now=runtime.clock())
            crowd.audiences[page, campaign] = frozenset(of_page[page][int(name == LATER) :: 2])
            if name == LATER:
                at = runtime.clock() + LATER_BY
                await steps.schedule(PageId(page), campaign, now=runtime.clock(), at=at)
            else:
                await steps.start(PageId(page), campaign, now=runtime.clock())


def _psids_of(crowd: Crowd) -> dict[str, list[str]]:
    """The people of each Page in the order in which they were made."""
    found: dict[str, list[str]] = {page: [] for page in crowd.pages}
    for psid in crowd.psids.values():
        found[f"{200_000_000_000_000 + (int(psid) - 7_000_000_000_000_000) // 1_000_000}"].append(psid)
    return found


async def report_of(runtime: Runtime, page: str, campaign: int) -> tuple[int, datetime | None]:
    """What the campaign's own report adds up to, and when it ended."""
    steps = Campaigns(store=runtime.store, catalog=runtime.texts, public_url=runtime.public_url)
    status = await steps.status(PageId(page), CampaignId(campaign))
    return status.report.total, status.campaign.finished_at

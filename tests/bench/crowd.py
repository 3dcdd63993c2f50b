"""Where do the many people of a benchmark come from?"""

from datetime import timedelta
from uuid import uuid4

from domain.ids import LeadId, PageId, Psid
from domain.lead import LeadProfile
from domain.personal import Pii
from storage.labels import Label
from tests.broadcast.people import NOW, OFFERS, World

_LEAD = (
    "page_id", "lead_id", "index_kid", "psid_index", "suppression_handle", "link_ref", "first_seen", "newest_event",
    "window_until", "profile_sealed",
)  # fmt: skip
_MANY = """
insert into lead (page_id, lead_id, index_kid, psid_index, suppression_handle, link_ref, first_seen, newest_event,
                  window_until, profile_sealed)
select $1::text, gen_random_uuid(), 1, substr(sha256(n::text::bytea), 1, 16), sha256(n::text::bytea), gen_random_uuid(),
       $2::timestamptz, $2::timestamptz, $2::timestamptz + interval '1 day', decode(repeat('00', 286), 'hex')
from generate_series(1, $3::integer) n
"""


async def sealed_people(world: World, page_id: PageId, people: int) -> None:
    """People whose profiles open, as a sender needs them."""
    leads, keys, topics = [], [], []
    for number in range(people):
        lead_id, psid = LeadId(uuid4()), Psid(f"{7_310_482_919_000_000 + number}")
        profile = LeadProfile(psid=Pii(psid), first_name=Pii("Zoë"))
        key, wrapped = world.keys.new_lead_key(lead_id)
        index = world.keys.index
        sealed = key.seal(Label.LEAD_PROFILE, lead_id.bytes, profile.encode())
        handle = world.keys.handle(page_id, profile.psid)
        times = (NOW, NOW, NOW + timedelta(hours=24))
        leads.append((page_id, lead_id, index.kid, index.psid(page_id, psid), handle, uuid4(), *times, sealed))
        keys.append((page_id, lead_id, wrapped.kid, wrapped.wrapped, wrapped.commitment))
        topics.append((page_id, lead_id, OFFERS, "given", NOW, uuid4()))
    async with world.database.transaction() as tx:
        await tx.copy_records_to_table("lead", records=leads, columns=_LEAD)
        await tx.copy_records_to_table("lead_key", records=keys)
        columns = ("page_id", "lead_id", "topic", "state", "event_time", "record_id")
        await tx.copy_records_to_table("lead_topic", records=topics, columns=columns)
    await world.execute("analyze")


async def many_people(world: World, page_id: PageId, people: int) -> None:
    """People nobody will write to: only what freezing an audience looks at is there."""
    async with world.database.transaction() as tx:
        await tx.execute(_MANY, page_id, NOW, people, timeout=600)
        await tx.execute(
            "insert into lead_key (page_id, lead_id, kid, wrapped, commitment) "
            "select page_id, lead_id, 1, decode(repeat('00', 60), 'hex'), decode(repeat('00', 32), 'hex') from lead",
            timeout=600,
        )
        await tx.execute(
            "insert into lead_topic (page_id, lead_id, topic, state, event_time, record_id) "
            "select page_id, lead_id, $1::text, 'given', $2::timestamptz, lead_id from lead",
            OFFERS,
            NOW,
            timeout=600,
        )
    async with world.database.connection() as connection:
        await connection.execute("vacuum analyze", timeout=600)

"""Who is known on a Page, found without a readable id in any column?

A lead is found by a keyed hash of Page and person; its profile is one sealed value under a key of its own. A lead
whose key row is gone cannot be read and counts as not there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from domain.ids import LeadId, PageId, Psid
from domain.lead import Lead, LeadProfile
from domain.personal import Pii
from storage.errors import RowMissing
from storage.keys import Keys
from storage.labels import Label

if TYPE_CHECKING:
    from storage.database import Transaction
    from storage.sealing import DataKey

_COLUMNS = """
l.page_id, l.lead_id, l.suppression_handle, l.first_seen, l.newest_event, l.window_until, l.human_until,
l.unreachable_since, l.restricted_since, l.erasing_since, l.dialog, l.dialog_ref, l.profile_sealed,
k.kid, k.wrapped, k.commitment
"""
_FIND = f"""
select {_COLUMNS} from lead l join lead_key k using (page_id, lead_id)
where l.page_id = $1 and l.index_kid = $2 and l.psid_index = $3 for update of l
"""  # noqa: S608 - only our own column names are put in
_READ = f"""
select {_COLUMNS} from lead l join lead_key k using (page_id, lead_id) where l.page_id = $1 and l.lead_id = $2
"""  # noqa: S608
_GET = f"{_READ} for update of l"
_BY_LINK = f"""
select {_COLUMNS} from lead l join lead_key k using (page_id, lead_id)
where l.link_ref = $1 for update of l
"""  # noqa: S608
_ADD = """
insert into lead (page_id, lead_id, index_kid, psid_index, suppression_handle, link_ref, first_seen, newest_event,
                  profile_sealed)
values ($1, $2, $3, $4, $5, $6, $7, $7, $8) on conflict do nothing returning lead_id
"""
_SEEN = """
update lead set newest_event = greatest(newest_event, $3), window_until = greatest(window_until, $4),
    unreachable_since = case when $5 then null else unreachable_since end,
    unreachable_reason = case when $5 then null else unreachable_reason end
where page_id = $1 and lead_id = $2
"""
_LIVES_IN = """
update lead set time_zone = $3
where page_id = $1 and lead_id = $2 and exists (select from pg_timezone_names where name = $3)
"""


@dataclass(frozen=True, slots=True)
class LeadStore:
    keys: Keys

    async def find(self, tx: "Transaction", page_id: PageId, psid: Pii[Psid]) -> Lead | None:
        """The lead of this person on this Page, locked until the transaction ends; None when unknown or erased."""
        index = self.keys.index
        row = await tx.fetchrow(_FIND, page_id, index.kid, index.psid(page_id, psid.reveal("look up the lead")))
        return self._lead(row)

    async def get(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> Lead | None:
        """The lead with this id, locked until the transaction ends; None when unknown or erased."""
        return self._lead(await tx.fetchrow(_GET, page_id, lead_id))

    async def read(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> Lead | None:
        """The lead with this id as it stands, for who only looks; None when unknown or erased."""
        return self._lead(await tx.fetchrow(_READ, page_id, lead_id))

    async def by_link(self, tx: "Transaction", link_ref: UUID) -> Lead | None:
        """The lead a link was made for, locked until the transaction ends; None when unknown or erased."""
        return self._lead(await tx.fetchrow(_BY_LINK, link_ref))

    async def add(
        self, tx: "Transaction", page_id: PageId, profile: LeadProfile, *, now: datetime
    ) -> tuple[Lead, bool]:
        """The lead of this person and whether it is new: of any number of simultaneous calls one makes it."""
        lead_id = LeadId(uuid4())
        psid = profile.psid.reveal("make the look-up hash")
        key, wrapped = self.keys.new_lead_key(lead_id)
        added = await tx.fetchval(
            _ADD,
            page_id,
            lead_id,
            self.keys.index.kid,
            self.keys.index.psid(page_id, psid),
            self.keys.handle(page_id, profile.psid),
            uuid4(),
            now,
            key.seal(Label.LEAD_PROFILE, lead_id.bytes, profile.encode()),
        )
        if added is None:
            existing = await self.find(tx, page_id, profile.psid)
            if existing is None:
                raise RowMissing("a lead without its key is being erased")
            return existing, False
        await tx.execute(
            "insert into lead_key (page_id, lead_id, kid, wrapped, commitment) values ($1, $2, $3, $4, $5)",
            page_id,
            lead_id,
            wrapped.kid,
            wrapped.wrapped,
            wrapped.commitment,
        )
        lead = await self.get(tx, page_id, lead_id)
        if lead is None:
            raise RowMissing("a lead that was just added")
        return lead, True

    async def key_of(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> "DataKey | None":
        """The person's data key for this one use; None once it is destroyed."""
        row = await tx.fetchrow(
            "select kid, wrapped, commitment from lead_key where page_id = $1 and lead_id = $2",
            page_id,
            lead_id,
        )
        return row and self.keys.open_lead_key(lead_id, row["kid"], row["wrapped"], row["commitment"])

    async def seen(
        self,
        tx: "Transaction",
        lead: Lead,
        *,
        event_time: datetime,
        window_until: datetime | None,
        writes: bool,
    ) -> Lead:
        """Notes that the person was heard of; times only ever move forward. `writes` = they can be reached again."""
        await tx.execute(_SEEN, lead.page_id, lead.lead_id, event_time, window_until, writes)
        times = [time for time in (lead.window_until, window_until) if time is not None]
        return replace(
            lead,
            newest_event=max(lead.newest_event, event_time),
            window_until=max(times) if times else None,
            unreachable_since=None if writes else lead.unreachable_since,
        )

    async def entered(self, tx: "Transaction", lead: Lead, entry_point: str) -> None:
        """Notes by which way the person first came; the first stays."""
        await tx.execute(
            "update lead set entry_point = coalesce(entry_point, $3) where page_id = $1 and lead_id = $2",
            lead.page_id,
            lead.lead_id,
            entry_point,
        )

    async def lives_in(self, tx: "Transaction", lead: Lead, time_zone: str) -> None:
        """Notes the person's time zone; a name that the database does not know is left out."""
        await tx.execute(_LIVES_IN, lead.page_id, lead.lead_id, time_zone)

    async def ask(self, tx: "Transaction", lead: Lead, dialog: str | None, ref: str | None = None) -> None:
        """Remembers which question waits for the person's answer; None when none does."""
        await tx.execute(
            "update lead set dialog = $3, dialog_ref = $4 where page_id = $1 and lead_id = $2",
            lead.page_id,
            lead.lead_id,
            dialog,
            ref,
        )

    async def silence(self, tx: "Transaction", lead: Lead, until: datetime | None) -> None:
        """Keeps the bot still in this thread until then; None gives the thread back to it."""
        await tx.execute(
            "update lead set human_until = $3 where page_id = $1 and lead_id = $2",
            lead.page_id,
            lead.lead_id,
            until,
        )

    async def unreachable(self, tx: "Transaction", lead: Lead, since: datetime, reason: str) -> None:
        """No campaign goes to the person until they write again."""
        await tx.execute(
            "update lead set unreachable_since = $3, unreachable_reason = $4 where page_id = $1 and lead_id = $2",
            lead.page_id,
            lead.lead_id,
            since,
            reason,
        )

    async def keep_profile(self, tx: "Transaction", lead: Lead, profile: LeadProfile) -> Lead:
        """Seals the new profile over the old one: nothing of the old value is kept beside it."""
        key = await self.key_of(tx, lead.page_id, lead.lead_id)
        if key is None:
            raise RowMissing("the lead's key is destroyed")
        await tx.execute(
            "update lead set profile_sealed = $3 where page_id = $1 and lead_id = $2",
            lead.page_id,
            lead.lead_id,
            key.seal(Label.LEAD_PROFILE, lead.lead_id.bytes, profile.encode()),
        )
        return replace(lead, profile=profile)

    async def count(self, tx: "Transaction", page_id: PageId) -> int:
        """How many leads the Page has."""
        return int(await tx.fetchval("select count(*) from lead where page_id = $1", page_id))

    async def ids(self, tx: "Transaction", page_id: PageId, *, after: LeadId | None, limit: int) -> list[LeadId]:
        """Lead ids in their own order, a page of them behind `after`."""
        rows = await tx.fetch(
            "select lead_id from lead where page_id = $1 and ($2::uuid is null or lead_id > $2) "
            "order by lead_id limit $3",
            page_id,
            after,
            limit,
        )
        return [LeadId(row["lead_id"]) for row in rows]

    def _lead(self, row: Any) -> Lead | None:
        if row is None:
            return None
        lead_id = LeadId(row["lead_id"])
        key = self.keys.open_lead_key(lead_id, row["kid"], row["wrapped"], row["commitment"])
        return Lead(
            page_id=PageId(row["page_id"]),
            lead_id=lead_id,
            suppression_handle=row["suppression_handle"],
            profile=LeadProfile.decode(key.open(Label.LEAD_PROFILE, lead_id.bytes, row["profile_sealed"])),
            first_seen=row["first_seen"],
            newest_event=row["newest_event"],
            window_until=row["window_until"],
            human_until=row["human_until"],
            unreachable_since=row["unreachable_since"],
            restricted_since=row["restricted_since"],
            erasing_since=row["erasing_since"],
            dialog=row["dialog"],
            dialog_ref=row["dialog_ref"],
        )

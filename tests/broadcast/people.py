"""Pages and people for the tests of sending: real rows, sealed as the product seals them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from tortoise.timezone import ZoneInfo

from domain.campaign import CampaignState, NewCampaign
from domain.ids import CampaignId, LeadId, PageId, Psid, Topic
from domain.lead import LeadProfile
from domain.page import MarketingBasis, Page
from domain.personal import Pii
from storage.campaigns import CampaignStore
from storage.database import Database
from storage.deliveries import DeliveryStore
from storage.keyring import KeyRing, RingHolder, RingReadOnly
from storage.keys import Keys
from storage.labels import Label
from storage.lanes import LaneKind, LaneStore, Lease
from storage.outbox import OutboxStore
from storage.store import Store
from storage.suppressions import SuppressionStore

# Tortoise reads the zone's file at the first row it makes, which must not happen inside the event loop.
ZoneInfo("UTC")

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE = PageId("104567890123456")
OFFERS = Topic("offers")
TEXT = "Hello {{first_name|there}}, the winter sale begins."


class FixedRing:
    """A key provider whose ring never changes."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring

    async def load(self) -> KeyRing:
        return self.ring

    async def store(self, ring: KeyRing) -> KeyRing:
        raise RingReadOnly("the ring of these tests never changes")

    async def destroy(self, kid: int) -> KeyRing:
        raise RingReadOnly("the ring of these tests never changes")

    async def marker(self) -> object:
        return self.ring.revision

    def describe(self) -> str:
        return "fixed for a test"


def make_keys() -> Keys:
    ring = KeyRing.create(os.urandom, NOW)
    return Keys(RingHolder(ring, FixedRing(ring)))


@dataclass
class World:
    """One database with Pages, people and the stores under test."""

    database: Database
    keys: Keys = field(default_factory=make_keys)
    people: int = 0

    def __post_init__(self) -> None:
        self.store = Store.over(self.database, self.keys)

    @property
    def campaigns(self) -> CampaignStore:
        return self.store.campaigns

    @property
    def deliveries(self) -> DeliveryStore:
        return self.store.deliveries

    @property
    def lanes(self) -> LaneStore:
        return self.store.lanes

    @property
    def outbox(self) -> OutboxStore:
        return self.store.outbox

    @property
    def suppressions(self) -> SuppressionStore:
        return self.store.suppressions

    async def execute(self, statement: str, *arguments: Any) -> str:
        async with self.database.connection() as connection:
            return await connection.execute(statement, *arguments)

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return await connection.fetch(statement, *arguments)

    async def value(self, statement: str, *arguments: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(statement, *arguments)

    async def page(self, page_id: PageId = PAGE, **settings: Any) -> PageId:
        values: dict[str, Any] = {
            "page_id": page_id,
            "name": "Shop",
            "region": "US",
            "language": "en",
            "controller_name": "Shop Ltd",
            "controller_contact": "privacy@shop.example",
            "token_sealed": self.keys.system.seal(Label.PAGE_TOKEN, page_id.encode(), b"page-token"),
            "connected_at": NOW,
            **settings,
        }
        await self._insert("page", values)
        return page_id

    async def lead(
        self,
        page_id: PageId = PAGE,
        *,
        topic_state: str | None = "given",
        suppressed: str | None = None,
        started: bool = True,
        keyless: bool = False,
        first_name: str | None = "Zoë",
        language: str | None = None,
        **columns: Any,
    ) -> LeadId:
        """A person whose window is open for a day and who said yes to offers, unless told otherwise."""
        self.people += 1
        lead_id, psid = LeadId(uuid4()), Pii(Psid(f"{7_310_482_919_280_000 + self.people}"))
        profile = LeadProfile(psid=psid, first_name=first_name and Pii(first_name), language=language)
        key, wrapped = self.keys.new_lead_key(lead_id)
        values: dict[str, Any] = {
            "page_id": page_id,
            "lead_id": lead_id,
            "index_kid": self.keys.index.kid,
            "psid_index": self.keys.index.psid(page_id, psid.reveal("test")),
            "suppression_handle": self.keys.handle(page_id, psid),
            "link_ref": uuid4(),
            "first_seen": NOW,
            "newest_event": NOW,
            "window_until": NOW + timedelta(hours=24),
            "profile_sealed": key.seal(Label.LEAD_PROFILE, lead_id.bytes, profile.encode()),
            **columns,
        }
        await self._insert("lead", values)
        if not keyless:
            key_row = {"kid": wrapped.kid, "wrapped": wrapped.wrapped, "commitment": wrapped.commitment}
            await self._insert("lead_key", {"page_id": page_id, "lead_id": lead_id, **key_row})
        if topic_state:
            answer = {"topic": OFFERS, "state": topic_state, "event_time": NOW, "record_id": uuid4()}
            await self._insert("lead_topic", {"page_id": page_id, "lead_id": lead_id, **answer})
        if suppressed:
            handle = values["suppression_handle"]
            await self._insert(
                "suppression", {"page_id": page_id, "handle": handle, "reason": suppressed, "since": NOW}
            )
        if started:
            await self.started(page_id, lead_id)
        return lead_id

    async def started(self, page_id: PageId, lead_id: LeadId) -> None:
        record = {"record_id": uuid4(), "kind": "conversation_started", "event_time": NOW, "received_at": NOW}
        await self._insert("consent_record", {"page_id": page_id, "lead_id": lead_id, **record})

    async def _insert(self, table: str, values: dict[str, Any]) -> None:
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.execute(
            f"insert into {table} ({', '.join(values)}) values ({places})",
            *values.values(),
        )

    async def campaign(
        self, page_id: PageId = PAGE, *, start: bool = True, text: str = TEXT, **more: Any
    ) -> CampaignId:
        async with self.database.transaction() as tx:
            new = NewCampaign(page_id=page_id, name="Winter", topic=OFFERS, texts={"en": text}, **more)
            campaign_id = await self.campaigns.add(tx, new, now=NOW)
        if start:
            await self.start(page_id, campaign_id)
        return campaign_id

    async def start(self, page_id: PageId, campaign_id: CampaignId) -> int:
        async with self.database.transaction() as tx:
            await self.campaigns.move(tx, page_id, campaign_id, CampaignState.RUNNING, now=NOW)
            people = await self.deliveries.freeze(tx, page_id, campaign_id, now=NOW)
            await self.campaigns.set_audience_size(tx, page_id, campaign_id, people)
        return people

    async def lane(self, page_id: PageId = PAGE) -> Lease:
        """A fresh lease on the Page's lane, whoever had it before."""
        await self.lanes.register(LaneKind.PAGE, [page_id])
        await self.execute("update lane set until = '-infinity' where key = $1", page_id)
        [lease] = await self.lanes.take(LaneKind.PAGE, [page_id], uuid4(), limit=1)
        return lease

    async def rows(self, campaign_id: CampaignId, page_id: PageId = PAGE) -> dict[LeadId, Any]:
        found = await self.fetch(
            "select * from delivery where page_id = $1 and campaign_id = $2 order by seq", page_id, campaign_id
        )
        return {LeadId(row["lead_id"]): row for row in found}

    async def states(self, campaign_id: CampaignId, page_id: PageId = PAGE) -> dict[LeadId, tuple[str, str | None]]:
        return {lead: (row["state"], row["reason"]) for lead, row in (await self.rows(campaign_id, page_id)).items()}

    async def age_attempts(self, seconds: float) -> None:
        """Makes every call as old as if that much more time had passed."""
        for table in ("delivery", "outbox"):
            await self.execute(
                f"update {table} set sending_at = sending_at - $1::interval where sending_at is not null",
                timedelta(seconds=seconds),
            )


def page_value(**changes: Any) -> Page:
    """A connected Page as the rooms see it."""
    values: dict[str, Any] = {
        "page_id": PAGE,
        "name": "Shop",
        "region": "US",
        "language": "en",
        "time_zone": "UTC",
        "controller_name": "Shop Ltd",
        "controller_contact": "privacy@shop.example",
        "dpo_contact": "",
        "marketing_basis": MarketingBasis.EXPLICIT,
        "minimum_age": 16,
        "pace": 20,
        "takeover_hours": 12,
        "use_first_name": True,
        "state": "connected",
        "paused_cause": None,
        "token": Pii("page-token"),
        "connected_at": NOW,
        **changes,
    }
    return Page(**values)


@asynccontextmanager
async def open_world(dsn: str) -> AsyncIterator[World]:
    database = Database(dsn, connections=8)
    await database.open()
    try:
        yield World(database)
    finally:
        await database.close()


def attempt_of(row: Any) -> UUID:
    found = row["attempt_id"]
    assert isinstance(found, UUID)
    return found

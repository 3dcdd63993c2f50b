"""A Page and people for these tests, with a canary in everything that is kept about somebody."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from tortoise.timezone import parse_timezone

from bot.texts import load_texts
from domain.campaign import CampaignState, NewCampaign
from domain.consent import ConsentAct
from domain.data_request import RequestKind, RequestSource
from domain.ids import LeadId, PageId, Psid, Topic
from domain.inbox import Arrival
from domain.lead import Lead, LeadProfile
from domain.page import MarketingBasis, Page
from domain.personal import Pii
from domain.proof.record_sections import EntryPoint, RawCovers, TimeUnit
from privacy.checkpoints import Sequencer
from privacy.erasure import Erasure
from privacy.exports import Exports
from privacy.ledger import Choice, Evidence, Ledger, RawPart
from privacy.requests import OpenedRequest, Requests
from privacy.retention import Retention
from storage.database import Database
from storage.installation import LOG_KEY
from storage.keyproviders import FileKeys
from storage.keyring import KeyRing, RingHolder
from storage.keys import Keys
from storage.labels import Label
from storage.outbox import OutboxMessage
from storage.store import Store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE = PageId("104567890123456")
OFFERS = Topic("offers")
PUBLIC_URL = "https://bot.example"
TEXTS = load_texts()
for _texts in TEXTS.by_language.values():
    # Reads the languages' rules for numbers, dates and lists from disk before a loop runs.
    _texts.text("export_view.once", date=NOW)
    _texts.listed([_texts.text("chat.erase.counts.files", count=2)])
PSID = "73104829192837465"
ZONES = [parse_timezone("UTC"), ZoneInfo("Europe/Berlin")]
"""Read from disk before a loop runs, and held: a library asks for the first one in the middle of a query."""

CANARIES = {
    "psid": PSID,
    "name": "Zoë Ĉanario",
    "referral": "ref-kanarienvogel",
    "ad": "ad-6411223344556677",
    "answer": "Ja gern, Piepmatz!",
    "platform event": "rohes-ereignis-wellensittich",
    "waiting event": "noch-wartend-zeisig",
    "set aside event": "beiseite-stieglitz",
    "bot answer": "Antwort an Zoë über den Dompfaff",
}
"""What each place holds about the person; the campaign's name and the states are about nobody."""
FIELD_VALUE = "sammelt-kolibri-briefmarken"
"""A declared field stands in clear, as the operator decided: a dump shows it until it is erased."""


@dataclass
class World:
    """One installation: database, key ring on disk, a Page, a clock that stands still."""

    database: Database
    store: Store
    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def ledger(self) -> Ledger:
        return Ledger(store=self.store, random_bytes=os.urandom)

    @property
    def requests(self) -> Requests:
        return Requests(store=self.store, clock=self.clock, public_url=PUBLIC_URL)

    @property
    def erasure(self) -> Erasure:
        return Erasure(
            store=self.store, clock=self.clock, public_url=PUBLIC_URL, random_bytes=os.urandom, sleep=self.sleep
        )

    @property
    def exports(self) -> Exports:
        return Exports(store=self.store, clock=self.clock, public_url=PUBLIC_URL, random_bytes=os.urandom, texts=TEXTS)

    @property
    def retention(self) -> Retention:
        return Retention(store=self.store, erasure=self.erasure, exports=self.exports)

    @property
    def sequencer(self) -> Sequencer:
        return Sequencer(store=self.store, host="bot.example", clock=self.clock)

    async def sequenced(self) -> None:
        """Every entry that waits gets its index and a signed head."""
        holder = self.store.keys.holder
        if "log" not in holder.ring.log_seeds:
            await holder.change(lambda ring: ring.with_log_seed("log", os.urandom(32)))
        assert await self.sequencer.catch_up()

    async def page(self) -> Page:
        found = await self.store.pages.get(PAGE)
        assert found is not None
        return found

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return list(await connection.fetch(statement, *arguments))

    async def value(self, statement: str, *arguments: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(statement, *arguments)

    async def execute(self, statement: str, *arguments: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *arguments)

    # People

    async def lead(self, psid: str = PSID, **profile: Any) -> Lead:
        """A person who wrote just now, and of whom only the profile is known."""
        async with self.database.transaction() as tx:
            lead, _ = await self.store.leads.add(tx, PAGE, LeadProfile(psid=Pii(Psid(psid)), **profile), now=self.now)
            return await self.store.leads.seen(
                tx, lead, event_time=self.now, window_until=self.now + timedelta(hours=24), writes=True
            )

    async def canary(self) -> Lead:
        """A person of whom something is kept everywhere."""
        lead = await self.lead(
            first_name=Pii(CANARIES["name"]),
            language="de",
            entry_ref=Pii(CANARIES["referral"]),
            ad_id=Pii(CANARIES["ad"]),
        )
        await self.acts(lead)
        await self.campaign(lead)
        await self.waiting(CANARIES["waiting event"], self.now - timedelta(seconds=5))
        await self._set_aside()
        await self._labels(lead)
        async with self.database.transaction() as tx:
            answer = OutboxMessage(
                page_id=PAGE,
                lead_id=lead.lead_id,
                psid=lead.profile.psid,
                message={"text": CANARIES["bot answer"]},
                purpose="answer",
            )
            await self.store.outbox.add(tx, answer, now=self.now)
            await self.store.suppressions.stop(
                tx, PAGE, lead.suppression_handle, since=self.now + timedelta(seconds=1), now=self.now
            )
        return lead

    async def acts(self, lead: Lead, *, start: bool = True) -> None:
        """The person wrote first, unless left out, and said yes."""
        page, ledger = await self.page(), self.ledger
        async with self.database.transaction() as tx:
            notice = await self.store.notices.current(tx, PAGE, "de")
            shown = await self.store.notices.remember_text(tx, PAGE, "de", "Dürfen wir?", now=self.now)
            assert notice is not None
            choice = Choice(
                topic=OFFERS,
                act=ConsentAct.GIVEN,
                shown=shown,
                notice=notice,
                said=CANARIES["answer"],
                way=EntryPoint.QUICK_REPLY,
            )
            if start:
                await ledger.record_start(tx, page, lead, self.evidence(), EntryPoint.MESSAGE, notice)
            await ledger.record_choice(tx, page, lead, self.evidence(), choice)

    def evidence(self, *, raw: bool = True) -> Evidence:
        kept = RawPart(
            content=json.dumps({"sender": {"id": PSID}, "text": CANARIES["platform event"]}).encode(),
            covers=RawCovers.BODY,
            signature_header=f"sha256={'ab' * 32}",
            secret="app-1",
        )
        return Evidence(
            at=self.now,
            event_time=self.now,
            unit=TimeUnit.MILLISECONDS,
            envelope_time=None,
            received_at=self.now,
            raw=kept if raw else None,
        )

    async def campaign(self, lead: Lead) -> None:
        async with self.database.transaction() as tx:
            new = NewCampaign(page_id=PAGE, name="Winter", topic=OFFERS, texts={"en": "Winter is here."})
            number = await self.store.campaigns.add(tx, new, now=self.now)
            await self.store.campaigns.move(tx, PAGE, number, CampaignState.RUNNING, now=self.now)
            await self.store.deliveries.freeze(tx, PAGE, number, now=self.now)

    async def waiting(self, text: str, event_time: datetime) -> None:
        """An event of the person that is stored and not handled yet."""
        handle, event_key, day = self.store.keys.handle(PAGE, Pii(Psid(PSID))), os.urandom(32), self.now.date()
        async with self.database.transaction() as tx:
            key = await self.store.keys.day_key(tx, day)
            await tx.execute(
                "insert into inbox (page_id, received_on, event_key, shard, person, event_time, received_at, "
                "not_before, event_sealed) values ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
                PAGE,
                day,
                event_key,
                handle[0] % 64,
                handle,
                event_time,
                self.now,
                key.seal(Label.INBOX_EVENT, event_key, arrival(text).encode()),
            )

    async def _labels(self, lead: Lead) -> None:
        await self.execute("insert into tag (page_id, name, created_at) values ($1, 'vip', $2)", PAGE, self.now)
        await self.execute(
            "insert into lead_tag (page_id, name, lead_id, since) values ($1, 'vip', $2, $3)",
            *(PAGE, lead.lead_id, self.now),
        )
        await self.execute(
            "insert into field_definition (page_id, name, kind, purpose, declared_at) "
            "values ($1, 'hobby', 'text', 'news about it', $2)",
            *(PAGE, self.now),
        )
        await self.execute(
            "insert into lead_field (page_id, name, lead_id, value) values ($1, 'hobby', $2, $3)",
            *(PAGE, lead.lead_id, FIELD_VALUE),
        )
        await self.execute(
            "insert into lead_sent (page_id, lead_id, campaign_id, sent_at) values ($1, $2, 1, $3)",
            *(PAGE, lead.lead_id, self.now),
        )

    async def _set_aside(self) -> None:
        item_id, day = uuid4(), self.now.date()
        async with self.database.transaction() as tx:
            key = await self.store.keys.day_key(tx, day)
            sealed = key.seal(Label.INBOX_BROKEN, item_id.bytes, arrival(CANARIES["set aside event"]).encode())
            await tx.execute(
                "insert into inbox_set_aside (page_id, item_id, reason, received_at, day, event_sealed) "
                "values ($1, $2, 'failed', $3, $4, $5)",
                PAGE,
                item_id,
                self.now,
                day,
                sealed,
            )

    # Requests

    async def asked(self, lead: Lead, kind: RequestKind, source: RequestSource = RequestSource.CHAT) -> OpenedRequest:
        page = await self.page()
        async with self.database.transaction() as tx:
            return await self.requests.open(tx, page, lead, kind, source, self.now)

    async def begun(self, lead_id: LeadId) -> UUID:
        """An erasure whose first transaction is committed; nothing else has run."""
        page = await self.page()
        async with self.database.transaction() as tx:
            lead = await self.store.leads.get(tx, PAGE, lead_id)
            assert lead is not None
            opened = await self.requests.open(tx, page, lead, RequestKind.ERASURE, RequestSource.CHAT, self.now)
            request = await self.store.requests.find_open(tx, PAGE, lead_id, opened.request_id)
            assert request is not None
            await self.erasure.begin(tx, page, lead, request, self.now, texts=TEXTS.choose("de"))
        return opened.request_id

    async def messages(self, purpose: str) -> list[str]:
        """The words of the queued messages of this purpose."""
        found = []
        rows = await self.fetch(
            "select outbox_id, day, message_sealed from outbox where purpose = $1 and state = 'queued' "
            "and message_sealed is not null order by seq",
            purpose,
        )
        for row in rows:
            async with self.database.transaction() as tx:
                key = await self.store.keys.day_key(tx, row["day"])
            opened = json.loads(key.open(Label.OUTBOX_MESSAGE, row["outbox_id"].bytes, row["message_sealed"]))
            found.append(opened["message"]["text"])
        return found

    async def dump(self) -> str:
        """Every table as text, as a plain dump shows it, with what hides in hex and base64 laid open."""
        tables = await self.fetch(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition"
        )
        parts = []
        for table in tables:
            for row in await self.fetch(f'select * from "{table["relname"]}"'):
                parts += [_laid_open(value) for value in row.values()]
        return "\n".join(parts)


def arrival(text: str) -> Arrival:
    """An event of the person as the inbox keeps it."""
    raw = {"entry": [{"messaging": [{"sender": {"id": PSID}, "message": {"text": text}}]}]}
    return Arrival(
        raw=Pii(json.dumps(raw).encode()),
        body=None,
        signature="sha256=" + "0" * 64,
        secret="s",
    )


def _laid_open(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") + value.decode("latin-1")
    text = str(value)
    if text.startswith("{"):
        text += "".join(_strings(json.loads(text)))
    return text


def _strings(value: Any) -> list[str]:
    """Every text inside, and what it is when it is base64."""
    if isinstance(value, dict):
        return [part for inner in value.values() for part in _strings(inner)]
    if isinstance(value, str) and len(value) % 4 == 0:
        try:
            return [value, base64.b64decode(value, validate=True).decode("utf-8", "replace")]
        except ValueError:
            return [value]
    return [str(value)]


@asynccontextmanager
async def open_world(dsn: str, folder: Any, database: Database | None = None) -> AsyncIterator[World]:
    """The installation on this database; its ring is a file in the folder."""
    database = database or Database(dsn, connections=6)
    await database.open()
    try:
        provider = await asyncio.to_thread(FileKeys, folder / "keys" / "ring.json", data_folder=folder / "data")
        ring = KeyRing.create(os.urandom, NOW).with_log_seed(LOG_KEY, os.urandom(32))
        holder = RingHolder(ring, provider)
        holder.ring = await provider.store(holder.ring)
        world = World(database, Store.over(database, Keys(holder)))
        await world.store.pages.put(a_page())
        async with database.transaction() as tx:
            bodies = {"en": "We keep little.", "de": "Wir behalten wenig."}
            await world.store.notices.publish(tx, PAGE, bodies, now=NOW)
        yield world
    finally:
        await database.close()


def a_page() -> Page:
    return Page(
        page_id=PAGE,
        name="Bakery",
        region="EU",
        language="en",
        time_zone="Europe/Berlin",
        controller_name="Bakery GmbH",
        controller_contact="privacy@bakery.example",
        dpo_contact="",
        marketing_basis=MarketingBasis.EXPLICIT,
        minimum_age=16,
        pace=20,
        takeover_hours=12,
        use_first_name=True,
        state="connected",
        paused_cause=None,
        token=Pii("page-token"),
        connected_at=NOW,
    )

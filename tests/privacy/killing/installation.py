"""The installation that processes work on, one after another, as each of them opens it."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from domain.consent import ConsentAct
from domain.ids import Psid
from domain.lead import Lead, LeadProfile
from domain.personal import Pii
from domain.proof.record_sections import EntryPoint
from privacy.checkpoints import LOG_LANE, Sequencer
from privacy.ledger import Choice
from privacy.outside_heads import Outside
from storage.database import Database, Transaction
from storage.errors import Busy
from storage.head_files import HeadFiles
from storage.installation import open_keys
from storage.keyproviders import FileKeys
from storage.lanes import IDLE_LIMIT, LaneKind, LaneStore, Lease
from storage.store import Store
from tests.privacy.killing.book import Book
from tests.privacy.people import NOW, OFFERS, PAGE, World, a_page

HOST = "log.example"


@dataclass(slots=True, kw_only=True)
class Worker:
    """One process's view: its world, its sequencer, and the book in which it writes what it promised."""

    world: World
    folder: Path
    book: Book
    sequencer: Sequencer = field(init=False)

    def __post_init__(self) -> None:
        outside = Outside(own=self.files)
        self.sequencer = Sequencer(store=self.world.store, host=HOST, clock=self.world.clock, outside=outside)

    @property
    def files(self) -> HeadFiles:
        """The copies beside the key ring; nobody waits long for one who was frozen while writing there."""
        return HeadFiles(self.folder / "keys" / "checkpoints", patience=0.3)

    @property
    def shared_folder(self) -> Path:
        """What somebody else carries away."""
        return self.folder / "shared"

    @property
    def witness_folder(self) -> Path:
        """What a witness remembers."""
        return self.folder / "witness"

    def told(self) -> Sequence[bytes]:
        """Every note that is out of our hands, or was signed or seen."""
        folders = (self.shared_folder, self.witness_folder)
        return [*self.book.notes(), *(file.read_bytes() for one in folders for file in one.glob("*.checkpoint"))]

    async def lease(self) -> Lease | None:
        """The log lane, when nobody has it."""
        lanes = self.world.store.lanes
        await lanes.register(LaneKind.LOG, (LOG_LANE,))
        return next(iter(await lanes.take(LaneKind.LOG, (LOG_LANE,), uuid4(), limit=1)), None)

    async def leases_run_out(self, patience: timedelta = timedelta(seconds=20)) -> bool:
        """What half a minute does; False when whoever holds the lane is in the middle of a transaction."""
        try:
            async with self.world.database.transaction() as tx:
                await tx.execute(f"set local lock_timeout = {patience / timedelta(milliseconds=1):.0f}")
                await tx.execute("update lane set until = '-infinity' where kind = 'log'")
        except Busy:
            return False
        return True

    async def person(self, tx: Transaction) -> Lead:
        """Somebody who writes for the first time."""
        psid = str(10_000_000_000_000_000 + int.from_bytes(os.urandom(6), "big"))
        now, store = self.world.now, self.world.store
        lead, _ = await store.leads.add(tx, PAGE, LeadProfile(psid=Pii(Psid(psid))), now=now)
        return await store.leads.seen(tx, lead, event_time=now, window_until=now + timedelta(days=1), writes=True)

    async def start(self, tx: Transaction, lead: Lead) -> UUID:
        """The record of their first message."""
        notice = await self.world.store.notices.current(tx, PAGE, "de")
        assert notice is not None
        page, evidence = await self.world.page(), self.world.evidence()
        made = await self.world.ledger.record_start(tx, page, lead, evidence, EntryPoint.MESSAGE, notice)
        return made.record_id

    async def choice(self, tx: Transaction, lead: Lead, act: ConsentAct) -> UUID:
        """The record of their yes or no."""
        store, now = self.world.store, self.world.now
        notice = await store.notices.current(tx, PAGE, "de")
        shown = await store.notices.remember_text(tx, PAGE, "de", "Dürfen wir?", now=now)
        assert notice is not None
        choice = Choice(topic=OFFERS, act=act, shown=shown, notice=notice, said="Ja", way=EntryPoint.QUICK_REPLY)
        page, evidence = await self.world.page(), self.world.evidence()
        made, _ = await self.world.ledger.record_choice(tx, page, lead, evidence, choice)
        return made.record_id


@asynccontextmanager
async def opened(
    dsn: str, folder: Path, *, now: datetime = NOW, idle_limit: timedelta = IDLE_LIMIT
) -> AsyncIterator[Worker]:
    """As a process opens it at its start; the first one makes the keys."""
    database = Database(dsn, connections=4)
    await database.open()
    try:
        provider = await asyncio.to_thread(FileKeys, folder / "keys" / "ring.json", data_folder=folder / "data")
        keys = await open_keys(database, provider, random_bytes=os.urandom, now=now)
        store = replace(Store.over(database, keys), lanes=LaneStore(database, idle_limit=idle_limit))
        world = World(database, store, now=now)
        yield Worker(world=world, folder=folder, book=Book(folder / "book"))
    finally:
        await database.close()


async def begin(worker: Worker) -> None:
    """A Page with a notice, as an operator makes it once."""
    world = worker.world
    worker.shared_folder.mkdir()
    await world.store.pages.put(a_page())
    async with world.database.transaction() as tx:
        await world.store.notices.publish(tx, PAGE, {"en": "We keep little.", "de": "Wir behalten wenig."}, now=NOW)

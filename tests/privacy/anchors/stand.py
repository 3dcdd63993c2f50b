"""A log that grows and a clock that is moved, and a witness behind HTTP whose answers can get lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from app.witness import build_witness_app
from domain.proof.entry import commit
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.witnessing import known_logs
from privacy.anchors.growth import LogGrowth
from privacy.checkpoints import Sequencer
from storage.database import Database
from storage.installation import open_keys
from storage.keyproviders import FileKeys
from storage.log import StoredCheckpoint
from storage.store import Store
from storage.witness_state import WitnessState
from webhooks.server import serve
from webhooks.witness import Witness

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WITNESS = Signer(name="witness.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(range(2, 34)))


@dataclass
class LogStand:
    """The log of one installation."""

    store: Store
    now: datetime = NOW

    def clock(self) -> datetime:
        return self.now

    def later(self, span: timedelta) -> None:
        self.now += span

    @property
    def growth(self) -> LogGrowth:
        return LogGrowth(store=self.store)

    async def grow(self, entries: int) -> None:
        """So many new entries, a log's own first one among them, and everything that waits, sequenced and signed."""
        async with self.store.database.transaction() as tx:
            begun = bool(await self.store.log.heads(tx))
            for _ in range(entries if begun else entries - 1):
                await self.store.consents.pend(tx, uuid4(), commit(os.urandom(40), os.urandom(64)))
        await self.sequence()

    async def sequence(self) -> None:
        await Sequencer(store=self.store, host="log.example", clock=self.clock).catch_up()

    async def newest(self) -> StoredCheckpoint:
        async with self.store.database.connection() as connection:
            head = (await self.store.log.heads(connection))[-1]
            found = await self.store.log.newest_checkpoint(connection, head.log_id)
        assert found is not None
        return found

    async def note(self) -> bytes:
        return ((await self.newest()).note or "").encode()

    async def verifier(self) -> Verifier:
        async with self.store.database.connection() as connection:
            return Verifier.from_vkey((await self.store.log.heads(connection))[-1].vkey)


@asynccontextmanager
async def open_log(dsn: str, folder: Path) -> AsyncIterator[LogStand]:
    database = Database(dsn)
    await database.open()
    try:
        ring = FileKeys(folder / "keys" / "keyring.json", data_folder=folder / "data")
        keys = await open_keys(database, ring, random_bytes=os.urandom, now=NOW)
        yield LogStand(Store.over(database, keys))
    finally:
        await database.close()


@dataclass
class WitnessStand:
    """A witness; `faults` are taken one for each request: a status, `lost` (cosigned, answer cut), or a whole body."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    faults: list[int | str | bytes] = field(default_factory=list)

    @web.middleware
    async def fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(await request.read())
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            return web.Response(status=fault)
        if isinstance(fault, bytes):
            return web.Response(body=fault)
        answer = await handler(request)
        if fault == "lost":
            assert answer.status == 200
            assert request.transport is not None
            request.transport.abort()
        return answer

    @property
    def old_sizes(self) -> list[int]:
        return [int(body.split()[1]) for body in self.requests]


@asynccontextmanager
async def witness_stand(
    folder: Path, log: Verifier, now: Callable[[], datetime], signer: Signer = WITNESS, *, port: int = 0
) -> AsyncIterator[WitnessStand]:
    stand = WitnessStand()
    state = WitnessState(folder)
    await asyncio.to_thread(state.bind, signer.verifier.vkey, fresh=not folder.exists())
    witness = Witness(signer=signer, logs=known_logs([log.vkey]), state=state, clock=lambda: int(now().timestamp()))
    app = build_witness_app(witness)
    app.middlewares.append(stand.fail)
    serving = await serve(app, "127.0.0.1", port)
    stand.url = f"http://127.0.0.1:{serving.port}"
    try:
        yield stand
    finally:
        await serving.close()

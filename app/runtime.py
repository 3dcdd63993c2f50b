"""Which long-lived objects does a process have, and in which order are they opened and closed?

Built once, by hand, top to bottom: database, keys, stores, platform, activities, bot. Nothing here knows whether the
process serves requests, works in the background or answers one command.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from app.anchoring import Authorities, build_anchors, build_memories
from app.settings import Settings
from bot.data_request import DataRequests
from bot.dispatcher import Dispatcher
from bot.echoes import Echoes
from bot.fallback import Fallback
from bot.follower import Follower
from bot.notices import default_notices
from bot.opt_in import OptIn
from bot.takeover import Takeover
from bot.texts import load_texts
from bot.unsubscribe import Unsubscribe
from broadcast.receipts import Receipts
from domain.keywords import is_stop
from domain.proof.bundle_parts import Checkers
from domain.texts import TextCatalog
from messenger.client import MessengerClient
from messenger.graph_url import PublicResolver
from messenger.signature import AppSecret
from privacy.anchors.coverage import Covering
from privacy.anchors.duty import Anchoring
from privacy.checkpoints import Sequencer
from privacy.erasure import Erasure
from privacy.exports import Exports
from privacy.keys import KeyEpochs
from privacy.kit import verify_html, verify_py
from privacy.ledger import Ledger
from privacy.notices import Notices
from privacy.outside_heads import Outside
from privacy.proof_parts import ProofParts
from privacy.proofs import Proofs
from privacy.requests import Requests
from privacy.retention import Retention
from storage.database import Database
from storage.errors import StorageError
from storage.head_files import HeadFiles
from storage.installation import open_keys
from storage.keyproviders import EnvKeys, FileKeys
from storage.store import Store

log = logging.getLogger(__name__)

RELOAD_SECONDS = 2.0
HEADS_FOLDER = "checkpoints"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything a process works with, open and ready."""

    settings: Settings
    public_url: str
    clock: Clock
    store: Store
    client: MessengerClient
    texts: TextCatalog
    ledger: Ledger
    sequencer: Sequencer
    anchoring: Anchoring
    covering: Covering
    notices: Notices
    proofs: Proofs
    requests: Requests
    exports: Exports
    erasure: Erasure
    retention: Retention
    key_epochs: KeyEpochs
    receipts: Receipts
    dispatcher: Dispatcher
    app_secrets: tuple[AppSecret, ...]


@asynccontextmanager
async def running(
    settings: Settings, dsn: str, *, keyring: EnvKeys | None = None, clock: Clock = utc_now
) -> AsyncIterator[Runtime]:
    """Opens all of it and closes it again, the last first; `dsn` is a migrated database."""
    await asyncio.to_thread(_read_texts)
    authorities = await asyncio.to_thread(Authorities.read, settings, local_mode=is_local(settings))
    database = Database(dsn)
    await database.open()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        provider = keyring or FileKeys(settings.keyring_file, data_folder=settings.home)
        heads = HeadFiles((settings.home if keyring else settings.keyring_file.parent) / HEADS_FOLDER)
        keys = await open_keys(database, provider, random_bytes=os.urandom, now=clock())
        session = await stack.enter_async_context(_session(settings))
        store = Store.over(database, keys)
        outside = Outside(own=heads, others=build_memories(settings, authorities, session))
        runtime = build(settings, store, session, clock, authorities, outside)
        refresher = asyncio.create_task(_refresh(runtime))
        stack.callback(refresher.cancel)
        yield runtime


def build(
    settings: Settings,
    store: Store,
    session: aiohttp.ClientSession,
    clock: Clock,
    authorities: Authorities,
    outside: Outside,
) -> Runtime:
    """Wires the rooms; does no input or output."""
    public_url = settings.public_url or f"http://127.0.0.1:{settings.listen[1]}"
    texts = load_texts()
    secrets = tuple(AppSecret.from_text(secret.get_secret_value()) for secret in settings.app_secrets)
    ledger = Ledger(store=store, random_bytes=os.urandom)
    notices = Notices(store=store, write_default=default_notices)
    requests = Requests(store=store, clock=clock, public_url=public_url)
    exports = Exports(store=store, clock=clock, random_bytes=os.urandom, public_url=public_url, texts=texts)
    erasure = Erasure(store=store, clock=clock, random_bytes=os.urandom, public_url=public_url)
    anchors = build_anchors(settings, authorities, store, session, clock)
    anchoring = Anchoring(store=store, anchors=anchors, clock=clock, random_bytes=os.urandom)
    receipts = Receipts(deliveries=store.deliveries, outbox=store.outbox, second_tries=store.second_tries)
    follower = Follower(
        store=store,
        ledger=ledger,
        notices=notices,
        opt_in=OptIn(ledger=ledger, public_url=public_url),
        unsubscribe=Unsubscribe(ledger=ledger),
        data_requests=DataRequests(requests=requests, erasure=erasure),
        fallback=Fallback(),
        texts=texts,
    )
    return Runtime(
        settings=settings,
        public_url=public_url,
        clock=clock,
        store=store,
        client=_client(settings, session, secrets),
        texts=texts,
        ledger=ledger,
        sequencer=Sequencer(store=store, host=urlsplit(public_url).netloc, clock=clock, outside=outside),
        anchoring=anchoring,
        covering=Covering(anchoring=anchoring),
        notices=notices,
        proofs=_proofs(store, clock, authorities),
        requests=requests,
        exports=exports,
        erasure=erasure,
        retention=Retention(store=store, erasure=erasure, exports=exports),
        key_epochs=KeyEpochs(store=store, clock=clock),
        receipts=receipts,
        dispatcher=_dispatcher(settings, follower, receipts, erasure),
        app_secrets=secrets,
    )


def _proofs(store: Store, clock: Clock, authorities: Authorities) -> Proofs:
    witnesses = tuple(witness.verifier for _, witness in authorities.witnesses)
    return Proofs(store=store, clock=clock, checkers=_checkers, parts=ProofParts(store=store, witnesses=witnesses))


def _dispatcher(settings: Settings, follower: Follower, receipts: Receipts, erasure: Erasure) -> Dispatcher:
    store, ledger = follower.store, follower.ledger
    takeover = Takeover(store=store, app_id=settings.app_id)
    return Dispatcher(
        store=store,
        follower=follower,
        echoes=Echoes(store=store, ledger=ledger, receipts=receipts, takeover=takeover),
        takeover=takeover,
        receipts=receipts,
        erasure=erasure,
        clock=erasure.clock,
    )


def _client(settings: Settings, session: aiohttp.ClientSession, secrets: Sequence[AppSecret]) -> MessengerClient:
    return MessengerClient(
        session,
        settings.graph_url,
        settings.graph_api_version,
        secrets[0] if secrets else None,
        local_mode=is_local(settings),
    )


def is_local(settings: Settings) -> bool:
    """Whether the platform is a simulator on this machine."""
    return urlsplit(settings.graph_url).scheme == "http"


def keyring_from(environ: Mapping[str, str]) -> EnvKeys | None:
    """The key ring of the environment, removed from it, so that no child process inherits it."""
    return EnvKeys.take(os.environ) if environ is os.environ else None


def _checkers() -> Checkers:
    """The programs that lie in every bundle."""
    return Checkers(verify_py=verify_py(), verify_html=verify_html())


def _read_texts() -> None:
    """Reads and builds what would be at first use: texts, how lists are written, tables of words, the programs."""
    _checkers()
    is_stop("stop")
    texts = load_texts()
    for language in texts.languages:
        texts.choose(language).listed(("a", "b"))


def _session(settings: Settings) -> aiohttp.ClientSession:
    """The one session for outgoing calls; names that lead to private addresses are refused outside local mode."""
    if is_local(settings):
        connector = aiohttp.TCPConnector(limit=200)
    else:
        connector = aiohttp.TCPConnector(limit=200, resolver=PublicResolver())
    return aiohttp.ClientSession(connector=connector)


async def _refresh(runtime: Runtime) -> None:
    while True:
        await asyncio.sleep(RELOAD_SECONDS)
        try:
            await runtime.store.keys.refresh()
        except StorageError as error:
            log.warning("keys.reload_failed", extra={"error": error.code})

"""What does the web process serve, and how are its parts put together?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from app.access import AccessLines, with_request_id
from app.environment import LOOPBACK_NAMES
from app.health import Health
from app.runtime import Runtime
from app.settings import Settings
from domain.texts import TextCatalog
from privacy.log_tiles import LogTiles
from storage.inbox_writer import InboxWriter
from storage.webhook_counts import WebhookCounts
from webhooks.deletion import PlatformCallbacks
from webhooks.downloads import Downloads
from webhooks.follower_pages import FollowerPages
from webhooks.log import LogPages
from webhooks.privacy import PrivacyPages
from webhooks.receive import ReceiveEvents
from webhooks.rendering import Pages
from webhooks.server import add_security_headers, only_known_hosts, serve, unavailable_instead_of_broken
from webhooks.static_files import StaticFiles
from webhooks.status import StatusPages
from webhooks.unsubscribe import UnsubscribeLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What is read from the disk once, before the first request."""

    files: StaticFiles
    templates: Pages

    @classmethod
    def read(cls, texts: TextCatalog) -> Self:
        return cls(files=StaticFiles.read(), templates=Pages(texts=texts))


@asynccontextmanager
async def serving(runtime: Runtime) -> AsyncIterator[None]:
    """Serves while it is entered; ends with requests under way answered."""
    store = runtime.store
    writer = InboxWriter(store.database, store.keys, store.suppressions)
    counts = WebhookCounts(store.database, runtime.clock)
    looks = await asyncio.to_thread(Looks.read, runtime.texts)
    host, port = address(runtime.settings)
    async with writer.running(), counts.running():
        serving_now = await serve(
            build_web_app(runtime, writer, counts, looks),
            host,
            port,
            access_log_class=AccessLines,
            grace=runtime.settings.shutdown_grace,
        )
        try:
            yield
        finally:
            await serving_now.close()


def build_web_app(runtime: Runtime, writer: InboxWriter, counts: WebhookCounts, looks: Looks) -> web.Application:
    """Every route of the web process."""
    settings = runtime.settings
    app = web.Application(
        middlewares=[with_request_id, only_known_hosts(settings.public_url), unavailable_instead_of_broken]
    )
    add_security_headers(app, settings.public_url)
    token = settings.verify_token
    receive = ReceiveEvents(
        writer=writer,
        suppressions=runtime.store.suppressions,
        counts=counts,
        app_secrets=runtime.app_secrets,
        verify_token="" if token is None else token.get_secret_value(),
        clock=runtime.clock,
    )
    app.add_routes(receive.routes())
    add_follower_pages(app, runtime, counts, looks)
    if settings.log_token is not None:
        pages = LogPages(tiles=LogTiles(runtime.store), token=settings.log_token.get_secret_value())
        app.add_routes(pages.routes())
    app.add_routes(Health(pings={"database": runtime.store.database.ping}).routes())
    return app


def add_follower_pages(app: web.Application, runtime: Runtime, counts: WebhookCounts, looks: Looks) -> None:
    """What people and the platform may open without a login, besides the webhook."""
    store, requests = runtime.store, runtime.requests
    shown = FollowerPages(pages=store.pages, templates=looks.templates, public_url=runtime.public_url)
    unsubscribe = UnsubscribeLinks(store=store, ledger=runtime.ledger, shown=shown, clock=runtime.clock)
    privacy = PrivacyPages(store=store, notices=runtime.notices, shown=shown, clock=runtime.clock)
    callbacks = PlatformCallbacks(
        open_request=requests.open_platform_request,
        status_url=requests.url_of,
        counts=counts,
        app_secrets=runtime.app_secrets,
    )
    downloads = Downloads(exports=runtime.exports, shown=shown, clock=runtime.clock)
    status = StatusPages(status_of=requests.status_of, shown=shown)
    for group in (unsubscribe, privacy, callbacks, downloads, status, looks.files):
        app.add_routes(group.routes())


def address(settings: Settings) -> tuple[str, int]:
    """Where to listen: as PORT says, else on this machine only, at the port that PUBLIC_URL names if it is local."""
    host, port = settings.listen
    public = urlsplit(settings.public_url or "")
    if settings.port is None and public.hostname in LOOPBACK_NAMES and public.port is not None:
        return host, public.port
    return host, port

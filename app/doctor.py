"""What is wrong with this installation, if anything, and what puts it right?"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from app.anchoring import in_words
from app.runtime import Runtime, keyring_from, running, utc_now
from app.settings import Settings
from app.up import database_for
from domain.page import Page
from messenger.client import REQUIRED_FIELDS
from messenger.errors import CallFailed
from privacy.anchors.overview import overview
from storage.errors import StorageError
from storage.head_files import size_of
from storage.keyproviders import RING_VARIABLE
from storage.log import LogHead
from storage.wakeups import Wakeups

CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `detail` says what was found, or what to do."""

    name: str
    good: bool
    detail: str


async def ask_alive(settings: Settings) -> list[Finding]:
    """Whether the web process of this machine answers."""
    url = f"http://127.0.0.1:{settings.listen[1]}/healthz"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session, session.get(url) as answer:
            good = answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        good = False
    return [Finding(name="web process", good=good, detail="answers" if good else "does not answer on its port")]


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at from here; a later look needs the earlier ones to have succeeded."""
    findings = [Finding(name=f"setting {name}", good=True, detail=text) for name, text in settings.masked().items()]
    findings += _missing(settings)
    try:
        async with _opened(settings) as runtime:
            findings.append(Finding(name="database and keys", good=True, detail="fit together"))
            findings += [await look(runtime) for look in (_clock, _inbox, _log, _key_age)]
            findings += await _anchors(runtime)
            for page in await runtime.store.pages.all():
                findings += await _page(runtime, page)
    except StorageError as error:
        findings.append(Finding(name="database and keys", good=False, detail=str(error)))
    return findings


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Runtime]:
    keyring = keyring_from(os.environ)
    async with database_for(settings) as dsn, running(settings, dsn, keyring=keyring) as runtime:
        yield runtime


def _missing(settings: Settings) -> list[Finding]:
    wanted = {
        "FB_APP_SECRET": bool(settings.app_secrets),
        "FB_VERIFY_TOKEN": settings.verify_token is not None,
        "FB_APP_ID": settings.app_id is not None,
        "PUBLIC_URL": settings.public_url is not None,
    }
    return [
        Finding(name=name, good=False, detail="is not set; the platform cannot be served without it")
        for name, is_there in wanted.items()
        if not is_there
    ]


async def _clock(runtime: Runtime) -> Finding:
    difference = abs(await Wakeups(runtime.store.database).clock_difference(utc_now()))
    return Finding(
        name="clock",
        good=difference <= CLOCK_TOLERANCE,
        detail=f"differs from the database's by {difference.total_seconds():.1f} s; above 5 s no campaign is sent",
    )


async def _inbox(runtime: Runtime) -> Finding:
    counts = await runtime.store.inbox.counts()
    return Finding(
        name="inbox",
        good=counts.failing == 0,
        detail=f"{counts.waiting} wait, {counts.failing} of them failed before, {counts.set_aside} are set aside",
    )


async def _log(runtime: Runtime) -> Finding:
    async with runtime.store.database.transaction() as tx:
        waiting = await runtime.store.log.waiting(tx)
        heads = await runtime.store.log.heads(tx)
    try:
        await runtime.sequencer.look()
    except StorageError as error:
        return Finding(name="log", good=False, detail=str(error))
    entries, copy = sum(head.size for head in heads), await _kept_head(runtime, heads)
    detail = f"{entries} entries, {waiting} wait for their index, {copy}"
    return Finding(name="log", good=waiting < 10_000, detail=detail)


async def _kept_head(runtime: Runtime, heads: list[LogHead]) -> str:
    """What this machine remembers of the newest log, for the day when the database is an older one."""
    own = runtime.sequencer.outside.own
    notes = [] if own is None or not heads else await own.newest(heads[-1].origin)
    return f"this machine remembers {size_of(notes[-1])} of the newest log" if notes else "this machine remembers none"


async def _key_age(runtime: Runtime) -> Finding:
    due = runtime.store.keys.ring.rotation_due(runtime.clock())
    remedy = (
        f"`assent keys rotate` prints the new {RING_VARIABLE}" if runtime.key_epochs.by_hand else "is a worker running?"
    )
    return Finding(name="keys", good=not due, detail=f"a rotation is due: {remedy}" if due else "rotated in time")


async def _anchors(runtime: Runtime) -> list[Finding]:
    shown = await overview(runtime.store, runtime.anchoring.anchors, runtime.clock())
    used = [one for one in shown if one.interval is not None]
    if not used:
        detail = "none: nobody outside holds the log's checkpoints; see Anchors in docs/operations.md"
        return [Finding(name="anchors", good=True, detail=detail)]
    return [
        Finding(name=f"anchor {one.method} {one.authority}", good=not one.overdue, detail=in_words(one)) for one in used
    ]


async def _page(runtime: Runtime, page: Page) -> list[Finding]:
    name, app_id = f"Page {page.page_id}", runtime.settings.app_id
    detail = f"{page.state} {page.paused_cause or ''}".strip()
    findings = [Finding(name=name, good=page.state == "connected", detail=detail)]
    if app_id is None:
        return findings
    token = await _asked(f"{name} token", _token(runtime, page, app_id))
    subscription = await _asked(f"{name} webhook", _subscription(runtime, page, app_id))
    return [*findings, token, subscription]


async def _asked(name: str, look: Awaitable[tuple[bool, str]]) -> Finding:
    try:
        async with asyncio.timeout(30):
            good, detail = await look
    except (CallFailed, TimeoutError) as error:
        return Finding(name=name, good=False, detail=str(error) or "the platform did not answer in time")
    return Finding(name=name, good=good, detail=detail)


async def _token(runtime: Runtime, page: Page, app_id: str) -> tuple[bool, str]:
    facts = await runtime.client.debug_token(app_id, page.token)
    return facts.is_valid, "is valid" if facts.is_valid else "is not valid any more: assent pages connect"


async def _subscription(runtime: Runtime, page: Page, app_id: str) -> tuple[bool, str]:
    found = {one.app_id: set(one.fields) for one in await runtime.client.subscriptions(page.page_id, page.token)}
    missing = set(REQUIRED_FIELDS) - found.get(app_id, set())
    return not missing, "complete" if not missing else f"lacks {', '.join(sorted(missing))}: assent pages connect"

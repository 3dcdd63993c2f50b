"""How does each long-running process start, wait and stop?"""

import os
import sys

from app.runtime import Runtime, keyring_from, running
from app.settings import Settings
from app.up import database_for, stop_signals, whole_product, working
from app.web import serving
from storage.database import migrate

PLATFORM = ("FB_APP_SECRET", "FB_VERIFY_TOKEN")


async def run_up(settings: Settings) -> None:
    """Database, web and worker until a signal; prints addresses, callback and verify token."""
    settings.require(*PLATFORM)
    with stop_signals() as stopped:
        async with whole_product(settings, keyring=keyring_from(os.environ)) as runtime:
            print(welcome(runtime, await runtime.sequencer.vkey()), flush=True)  # noqa: T201 - for the person who started it
            await stopped.wait()


async def run_web(settings: Settings) -> None:
    """The web process until a signal."""
    settings.require(*PLATFORM)
    with stop_signals() as stopped:
        async with (
            database_for(settings) as dsn,
            running(settings, dsn, keyring=keyring_from(os.environ)) as runtime,
            serving(runtime),
        ):
            await stopped.wait()


async def run_worker(settings: Settings) -> None:
    """A worker process until a signal; drains before it ends."""
    with stop_signals() as stopped:
        async with (
            database_for(settings) as dsn,
            running(settings, dsn, keyring=keyring_from(os.environ)) as runtime,
            working(runtime),
        ):
            await stopped.wait()


async def run_migrations(settings: Settings) -> None:
    """Brings the database up to this version, starting the embedded one for it if none is named."""
    if settings.database_url is not None:
        await migrate(settings.database_url.get_secret_value())
        return
    async with database_for(settings):
        return


def welcome(runtime: Runtime, log_key: str) -> str:
    """What an operator needs to go on after the start."""
    settings = runtime.settings
    token = settings.verify_token.get_secret_value() if settings.verify_token and sys.stdout.isatty() else "(as set)"
    lines = [
        "Assent is running.",
        f"  Callback URL for Meta: {runtime.public_url}/webhooks/messenger",
        f"  Verify token:          {token}",
        f"  Privacy notice:        {runtime.public_url}/privacy",
        f"  Key of the log:        {log_key}",
        "                         publish it: who checks a proof needs it from somewhere else than the proof",
        "  Connect a Page:        assent pages connect PAGE_ID --controller-name ... --controller-contact ...",
    ]
    if settings.public_url is None:
        lines += [
            "  Meta needs a public https address: set PUBLIC_URL, or open a tunnel for a try, for instance",
            f"    cloudflared tunnel --url {runtime.public_url}",
        ]
    return "\n".join(lines)

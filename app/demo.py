"""How does somebody see the whole promise work on their own machine, without Facebook?

The product and, as a process of its own, the simulated platform: a Page is connected, a thousand scripted followers
begin, and a chat page lets one play a follower. Each demo begins with an empty database.
"""

import asyncio
import contextlib
import shlex
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from app.connect import Controller, connect_page
from app.runtime import HEADS_FOLDER, Runtime
from app.settings import Settings, default_home
from app.up import stop_signals, whole_product
from domain.ids import PageId
from domain.personal import Pii
from storage.database import wipe
from storage.server import EmbeddedServer

APP_ID = "1000000000000001"
APP_SECRET = "simulated-app-secret-0123456789ab"  # noqa: S105 - of the simulator, public on purpose
VERIFY_TOKEN = "simulated-verify-token"  # noqa: S105 - of the simulator, public on purpose
PAGE_ID = "200000000000001"
PAGE_TOKEN = "EAASimulatedPageToken"  # noqa: S105 - of the simulator, public on purpose
PAGE_NAME = "Café Aurora"
CONTROLLER = Controller(name="Aurora Coffee GmbH", contact="privacy@aurora.example")
FOLLOWERS_PER_SECOND = 200
PACE = 30


def demo_settings(environ: Mapping[str, str], *, port: int, simulator_port: int) -> Settings:
    """The demo's own settings: its own home below the usual one, nothing of the real installation."""
    base = Path(environ.get("ASSENT_HOME") or default_home(environ, sys.platform))
    home = base if base.name == "demo" else base / "demo"
    kept = {name: environ[name] for name in ("ASSENT_PG_BIN", "LOG_LEVEL", "LOG_FORMAT", "HOME") if name in environ}
    free = free_port(port)
    return Settings.from_env(
        {
            **kept,
            "ASSENT_HOME": str(home),
            "ASSENT_PAGE_PACE": str(PACE),
            "FB_APP_ID": APP_ID,
            "FB_APP_SECRET": APP_SECRET,
            "FB_VERIFY_TOKEN": VERIFY_TOKEN,
            "FB_GRAPH_URL": f"http://127.0.0.1:{free_port(simulator_port)}",
            "PUBLIC_URL": f"http://127.0.0.1:{free}",
        }
    )


def free_port(wanted: int) -> int:
    """The wanted port, or any free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")


class DemoBusy(Exception):
    """Another demo runs in the same home; the text says what to do."""


class SimulatorFailed(Exception):
    """The simulated platform could not be started; the text says what to do."""


async def run_demo(settings: Settings, *, followers: int) -> None:
    """The demo until a signal; nothing of it runs on afterwards."""
    with stop_signals() as stopped:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_empty_database(settings))
            # Outside the product, so that at the end the product says its last while the platform still listens.
            await stack.enter_async_context(_simulator(settings, followers))
            runtime = await stack.enter_async_context(whole_product(settings))
            await _connect(runtime)
            await _begin(settings, followers)
            print(welcome(settings, runtime, followers), flush=True)  # noqa: T201 - for the person who started it
            await stopped.wait()
            print("Stopping ...", flush=True)  # noqa: T201


@asynccontextmanager
async def _empty_database(settings: Settings) -> AsyncIterator[None]:
    """Holds the demo's own server with nothing in it; raises DemoBusy when another demo uses it."""
    server = EmbeddedServer(settings.home / "postgresql", programs=settings.postgres_binaries)
    dsn = await server.start()
    try:
        if not server.owned:
            raise DemoBusy(
                f"a demo runs already with {settings.home}; end it first, or set ASSENT_HOME to another folder"
            )
        await wipe(dsn)
        await asyncio.to_thread(_forget_keys, settings.keyring_file)
        yield
    finally:
        await server.stop()


def _forget_keys(keyring_file: Path) -> None:
    """The ring of the last demo, and what it kept of its log's heads."""
    keyring_file.unlink(missing_ok=True)
    shutil.rmtree(keyring_file.parent / HEADS_FOLDER, ignore_errors=True)


@asynccontextmanager
async def _simulator(settings: Settings, followers: int) -> AsyncIterator[None]:
    """The simulated platform as a child that ends with this process, however it ends."""
    arguments = {
        "--port": str(urlsplit(settings.graph_url).port),
        "--callback-url": f"{settings.public_url}/webhooks/messenger",
        "--followers": str(followers),
        "--page-id": PAGE_ID,
        "--page-name": PAGE_NAME,
        "--ledger": str(settings.home / "ledger.jsonl"),
    }
    await asyncio.to_thread((settings.home / "ledger.jsonl").unlink, missing_ok=True)
    command = [sys.executable, "-m", "simulator", "--announce", "--die-with-parent"]
    child = await asyncio.create_subprocess_exec(
        *command,
        *(part for pair in arguments.items() for part in pair),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        if child.stdout is None or not await child.stdout.readline():
            raise SimulatorFailed("the simulated platform did not start; is its port taken? Try --simulator-port")
        yield
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


async def _connect(runtime: Runtime) -> None:
    await connect_page(runtime, PageId(PAGE_ID), Pii(PAGE_TOKEN), CONTROLLER, region="EU", language="en")


async def _begin(settings: Settings, followers: int) -> None:
    """Lets the scripted followers begin, as their own decision takes them."""
    if not followers:
        return
    body = {"n": followers, "per_second": FOLLOWERS_PER_SECOND}
    url = f"{settings.graph_url}/control/start"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        answer.raise_for_status()


def welcome(settings: Settings, runtime: Runtime, followers: int) -> str:
    """Where to look, what to try, and the commands to go on with."""
    program = (
        f"ASSENT_HOME={shlex.quote(str(settings.home))} {shlex.quote(str(Path(sys.executable).parent / 'assent'))}"
    )
    return f"""
Assent demo is ready. {followers:,} followers are writing to “{PAGE_NAME}” right now.

  Chat as a follower:   {settings.graph_url}/
  Privacy notice:       {runtime.public_url}/privacy
  Platform's ledger:    {settings.home / "ledger.jsonl"}

Three things to try in the chat page
  1. Press “New follower”, then “Get started”: the bot says that it is a bot; answer its question.
  2. Write STOP, in any language: it stops at once. Then write START.
  3. Write MY DATA for a copy, or DELETE MY DATA to have it erased; a receipt comes.

And as a marketer or compliance officer, in another terminal
  {program} campaigns create --name Spring --text 'Hi {{{{first_name|there}}}}, a coffee is on us today.'
  {program} campaigns start NUMBER
  {program} campaigns report NUMBER
  {program} proofs export --every conversation_started --to proofs
  {program} proofs verify proofs/*.zip

Ctrl-C ends everything. Each demo begins anew.
"""

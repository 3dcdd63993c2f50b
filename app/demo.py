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
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from app.connect import Controller, connect_page
from app.demo_outside import DemoOutside
from app.runtime import HEADS_FOLDER, Runtime, running
from app.settings import Settings, default_home
from app.up import database_for, stop_signals, working
from app.web import serving
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
WITNESS_PORT = 8070


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One demo: its settings, and who holds its log outside."""

    settings: Settings
    outside: DemoOutside

    @property
    def env_file(self) -> Path:
        """What a shell reads to give commands to this demo."""
        return self.settings.home / "env"

    def write_env_file(self) -> None:
        """Blocks. The demo's settings, and where its programs are."""
        settings = {
            "ASSENT_HOME": str(self.settings.home),
            "FB_APP_ID": APP_ID,
            "FB_APP_SECRET": APP_SECRET,
            "FB_VERIFY_TOKEN": VERIFY_TOKEN,
            "FB_GRAPH_URL": self.settings.graph_url,
            "PUBLIC_URL": self.settings.public_url or "",
            **self.outside.environ(),
        }
        lines = [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
        lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
        self.env_file.write_text("\n".join([*lines, ""]), encoding="utf-8")


def demo_of(environ: Mapping[str, str], *, port: int, simulator_port: int) -> Demo:
    """The demo's own settings: its own home below the usual one, nothing of the real installation."""
    base = Path(environ.get("ASSENT_HOME") or default_home(environ, sys.platform))
    home = base if base.name == "demo" else base / "demo"
    kept = {name: environ[name] for name in ("ASSENT_PG_BIN", "LOG_LEVEL", "LOG_FORMAT", "HOME") if name in environ}
    free = free_port(port)
    outside = DemoOutside(folder=home / "outside", port=free_port(WITNESS_PORT))
    settings = Settings.from_env(
        {
            **kept,
            **outside.environ(),
            "ASSENT_HOME": str(home),
            "ASSENT_PAGE_PACE": str(PACE),
            "FB_APP_ID": APP_ID,
            "FB_APP_SECRET": APP_SECRET,
            "FB_VERIFY_TOKEN": VERIFY_TOKEN,
            "FB_GRAPH_URL": f"http://127.0.0.1:{free_port(simulator_port)}",
            "PUBLIC_URL": f"http://127.0.0.1:{free}",
        }
    )
    return Demo(settings=settings, outside=outside)


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


async def run_demo(demo: Demo, *, followers: int) -> None:
    """The demo until a signal; nothing of it runs on afterwards."""
    settings = demo.settings
    with stop_signals() as stopped:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_empty_database(settings))
            # Outside the product, so that at the end the product says its last while the platform still listens.
            await stack.enter_async_context(_simulator(settings, followers))
            await demo.outside.begin()
            await asyncio.to_thread(demo.write_env_file)
            dsn = await stack.enter_async_context(database_for(settings))
            runtime = await stack.enter_async_context(running(settings, dsn))
            # Before the first checkpoint is signed, so that the witness sees the log from its beginning.
            vkey = await runtime.sequencer.vkey()
            await stack.enter_async_context(demo.outside.running(vkey))
            await stack.enter_async_context(serving(runtime))
            await stack.enter_async_context(working(runtime))
            await _connect(runtime)
            await _begin(settings, followers)
            print(welcome(demo, runtime, followers, vkey), flush=True)  # noqa: T201 - for the person who started it
            await stopped.wait()
            print("Stopping ...", flush=True)  # noqa: T201


@asynccontextmanager
async def _empty_database(settings: Settings) -> AsyncIterator[None]:
    """Holds the demo's own server with nothing in it; raises DemoBusy when another demo uses it."""
    # As root the data outlives the home folder: that of a demo whose folder was deleted is in the way of the next one.
    server = EmbeddedServer(settings.home / "postgresql", throwaway=True, programs=settings.postgres_binaries)
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


def welcome(demo: Demo, runtime: Runtime, followers: int, vkey: str) -> str:
    """Where to look, what to try, and the commands to go on with."""
    settings, here = demo.settings, shlex.quote(str(demo.env_file))
    policy = shlex.quote(str(demo.outside.policy))
    return f"""
Assent demo is ready. {followers:,} followers are writing to “{PAGE_NAME}” right now.

  Chat as a follower:   {settings.graph_url}/
  Privacy notice:       {runtime.public_url}/privacy
  Platform's ledger:    {settings.home / "ledger.jsonl"}
  Key of the log:       {vkey}
  Its checkpoints:      {demo.outside.checkpoints}
  Policy of an auditor: {demo.outside.policy}

Three things to try in the chat page
  1. Press “New follower”, then “Get started”: the bot says that it is a bot; answer its question.
  2. Write STOP, in any language: it stops at once. Then write START.
  3. Write MY DATA for a copy, or DELETE MY DATA to have it erased; a receipt comes.

And as a marketer or compliance officer, in another terminal
  . {here}
  assent campaigns create --name Spring --text 'Hi {{{{first_name|there}}}}, a coffee is on us today.'
  assent campaigns start NUMBER
  assent campaigns report NUMBER
  assent proofs export --every conversation_started --to proofs
  assent proofs anchors
  assent proofs verify --policy {policy} proofs/*.zip

The policy names the keys of the log and of a witness, which cosigns the log every ten seconds. In real life somebody
else runs the witness (`assent witness`), and the auditor gets both keys another way than from you.

Ctrl-C ends everything. Each demo begins anew.
"""

"""How does the simulator run? Everything built, wired, served and stopped in order."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator

from aiohttp import web

from simulator.acts import Acts
from simulator.chat import ChatPage
from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.control import Control
from simulator.events import DEFAULT_FIELDS
from simulator.faults import Faults
from simulator.graph import Graph
from simulator.ledger import Ledger
from simulator.parent import die_with_parent as ask_to_die_with_parent
from simulator.people import People
from simulator.pusher import Pusher
from simulator.stage import Stage
from simulator.world import World

STAGE: web.AppKey[Stage] = web.AppKey("stage", Stage)
LARGEST_BODY_BYTES = 30 << 20


def build_stage(config: SimulatorConfig) -> Stage:
    """The world as it is before anything happens; nothing is opened yet."""
    clock = Clock()
    world = World(config, clock)
    page = world.add_page(config.page_id, config.page_name, config.page_token, region=config.page_region)
    page.fields = set(DEFAULT_FIELDS) if config.subscribed else None
    world.add_followers(page, config.followers)
    ledger = Ledger(config.ledger_path)
    faults = Faults(config.seed)
    pusher = Pusher(config=config, world=world, ledger=ledger, faults=faults)
    return Stage(config=config, clock=clock, world=world, ledger=ledger, faults=faults, pusher=pusher)


def build_app(config: SimulatorConfig) -> web.Application:
    """The whole simulator as one application; it opens its files and tasks when it starts."""
    stage = build_stage(config)
    acts = Acts(stage)
    people = People(stage, acts)
    chat = ChatPage()
    app = web.Application(client_max_size=LARGEST_BODY_BYTES)
    app[STAGE] = stage

    async def running(_: web.Application) -> AsyncIterator[None]:
        await asyncio.to_thread(chat.load)
        await asyncio.to_thread(stage.ledger.open)
        await stage.pusher.open()
        if config.callback_url and config.verify_on_start:
            stage.pusher.spawn(stage.pusher.verify_until_answered())
        yield
        await people.close()
        await stage.pusher.close()
        stage.ledger.close()

    async def closing(_: web.Application) -> None:
        stage.closing.set()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(closing)
    app.add_routes(chat.routes())
    app.add_routes(Control(stage, acts, people).routes())
    app.router.add_route("*", "/{path:.*}", Graph(stage).handle)
    return app


async def serve(config: SimulatorConfig, *, announce: bool = False, die_with_parent: bool = False) -> None:
    """Runs until SIGTERM or SIGINT; `announce` prints one JSON line with the addresses once it listens."""
    if die_with_parent:
        ask_to_die_with_parent()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
        else:
            loop.add_signal_handler(number, stopped.set)
    runner = web.AppRunner(build_app(config), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.host, config.port, backlog=1024)
        await site.start()
        if announce:
            host, port = runner.addresses[0][:2]
            shown = f"[{host}]" if ":" in host else host
            url = f"http://{shown}:{port}"
            sys.stdout.write(json.dumps({"url": url, "chat": f"{url}/"}) + "\n")
            sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()

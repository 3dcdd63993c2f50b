"""The simulated platform, which also notes when it was late: then what it notes next may have waited at its door.

`python -m tests.crash.platform` takes the options of `python -m simulator`.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import uvloop
from aiohttp import web

from simulator import server
from simulator.__main__ import main
from simulator.config import SimulatorConfig
from simulator.ledger import Ledger

TICK_SECONDS = 0.01
WORTH_NOTING_SECONDS = 0.005
_build_app = server.build_app


async def note_lateness(ledger: Ledger) -> None:
    """Writes a line `late` for each time in which nothing of this process ran although it should."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        now = time.monotonic()
        if now - began - TICK_SECONDS > WORTH_NOTING_SECONDS:
            ledger.write("late", since=began, until=now)


def build_app(config: SimulatorConfig) -> web.Application:
    app = _build_app(config)

    async def watching(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(note_lateness(app[server.STAGE].ledger))
        yield
        task.cancel()

    app.cleanup_ctx.append(watching)
    return app


if __name__ == "__main__":
    uvloop.install()
    server.build_app = build_app
    sys.exit(main())

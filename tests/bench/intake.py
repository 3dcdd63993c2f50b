"""What does durable intake cost over a webhook that only verifies and parses, and how soon is it acknowledged?

Both are served alike, in this process, to the same generator in another one, in turns. Durable is: signature, parsing,
stop words, sealing, group commit with fsync, and the 200 only then.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any

from aiohttp import web

from messenger.envelope import parse_delivery
from messenger.signature import AppSecret
from storage.inbox_writer import InboxWriter
from storage.webhook_counts import WebhookCounts
from tests.bench import load
from tests.bench.rows import Row, ratio
from tests.broadcast.people import PAGE, open_world
from webhooks.receive import ReceiveEvents, Verified
from webhooks.server import CLIENT_MAX_BYTES, serve

ROUNDS = 9
SECONDS = 1.5
CONNECTIONS = 64
SECRETS = (AppSecret(key=load.SECRET),)


async def measure(dsn: str) -> list[Row]:
    """Durable intake over parsing alone, and the 99th percentile at half of its top rate."""
    async with _served(dsn) as (baseline_port, product_port):
        for port in (baseline_port, product_port):
            await _load(port, f"warm{port}", seconds=1.0)
        baseline, product = [], []
        for turn in range(ROUNDS):
            baseline.append((await _load(baseline_port, f"b{turn}"))["per_second"])
            product.append((await _load(product_port, f"p{turn}"))["per_second"])
        half = median(product) / 2
        waits = [(await _load(product_port, f"h{turn}", rate=half))["p99_ms"] for turn in range(ROUNDS)]
    return [
        ratio("durable intake over verify and parse", "deliveries/s", baseline, product, at_least=0.50),
        Row(
            measure=f"acknowledged, p99 at {half:,.0f}/s, half of the top rate",
            unit="ms",
            product=waits,
            result=median(waits),
            at_most=50.0,
        ),
    ]


@asynccontextmanager
async def _served(dsn: str) -> AsyncIterator[tuple[int, int]]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(dsn))
        assert load.PAGE == PAGE
        await world.page()
        counts = WebhookCounts(world.database, _now)
        writer = InboxWriter(world.database, world.keys, world.suppressions)
        await stack.enter_async_context(writer.running())
        await stack.enter_async_context(counts.running())
        ports = []
        for kind in (OnlyParses, ReceiveEvents):
            handler = kind(
                writer=writer,
                suppressions=world.suppressions,
                counts=counts,
                app_secrets=SECRETS,
                verify_token="a verify token",
                clock=_now,
            )
            app = web.Application(client_max_size=CLIENT_MAX_BYTES)
            app.add_routes(handler.routes())
            serving = await serve(app, "127.0.0.1", 0)
            stack.push_async_callback(serving.close)
            ports.append(serving.port)
        yield ports[0], ports[1]


class OnlyParses(ReceiveEvents):
    """The same handler without what makes it durable: nothing is sealed, stored or waited for."""

    async def _keep(self, verified: Verified) -> None:
        parse_delivery(verified.body)


async def _load(port: int, prefix: str, *, seconds: float = SECONDS, rate: float | None = None) -> dict[str, Any]:
    asked = {
        "port": port,
        "connections": CONNECTIONS,
        "seconds": seconds,
        "prefix": prefix,
        "at_ms": int(_now().timestamp() * 1000),
        "rate": rate,
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", json.dumps(asked), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await program.communicate()
    if program.returncode != 0:
        raise RuntimeError("the load generator failed; what it said stands above")
    found: dict[str, Any] = json.loads(told)
    return found


def _now() -> datetime:
    return datetime.now(UTC)

"""Is the process alive, and is it ready for work?

Alive asks nothing outside: a platform restarts what is not alive, and a database that is away is no reason to.
Ready asks every outside thing once. Answers name what failed and never why; the reason is in the log.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

Ping = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`/healthz` (also `/health`) and `/readyz`. A ping returns when its thing works and raises when it does not."""

    pings: Mapping[str, Ping]
    patience: timedelta = timedelta(seconds=2)

    def routes(self) -> list[web.RouteDef]:
        """For the application's router."""
        return [
            web.get("/healthz", self.alive),
            web.get("/health", self.alive),
            web.get("/readyz", self.ready),
        ]

    async def alive(self, request: web.Request) -> web.Response:
        """200 as long as the event loop turns."""
        return _answer(200, {"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        """200 when every ping returned in time, else 503 with the names of those that did not."""
        works = await asyncio.gather(*(self._works(name, ping) for name, ping in self.pings.items()))
        checks = {name: "ok" if good else "failed" for name, good in zip(self.pings, works, strict=True)}
        if all(works):
            return _answer(200, {"status": "ready", "checks": checks})
        return _answer(503, {"status": "not ready", "checks": checks})

    async def _works(self, name: str, ping: Ping) -> bool:
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                await ping()
        except Exception:
            # Whatever a ping raises means the same here, that its thing does not work; the log says which.
            log.warning("readiness.failed", extra={"check": name}, exc_info=True)
            return False
        return True


def _answer(status: int, body: Mapping[str, object]) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})

"""How is HTTP served so that slow clients, strange hosts and old browsers can do little?

aiohttp closes neither a silent connection nor a half sent request by itself: here each has a deadline. Every answer
carries the browser rules, and nothing that came compressed is unpacked before somebody asked for it.
"""

import asyncio
import logging
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_log import AccessLogger

from storage.errors import StorageError

log = logging.getLogger(__name__)

CLIENT_MAX_BYTES: Final = 4 * 1024 * 1024
BUSY_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 1\r\n\r\n"
)

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), "
        "gyroscope=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(self), usb=()"
    ),
}
STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"
# Platforms ask these by the address of the machine, not by its name.
ANY_HOST: Final = frozenset({"/healthz", "/readyz", "/health"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how many: until the first whole header, for the body, between requests, at once."""

    header: timedelta = timedelta(seconds=5)
    body: timedelta = timedelta(seconds=5)
    keep_alive: timedelta = timedelta(seconds=15)
    connections: int = 1000
    # What may still be read after an answer that did not wait for the whole body, so that it is seen.
    lingering: timedelta = timedelta(seconds=1)


class TimedRequestHandler(web.RequestHandler):
    """One connection with deadlines: it is cut when a header or a body takes too long."""

    __slots__ = ("_deadline", "_limits", "_payload", "_seen")

    def __init__(
        self,
        server: web.Server,
        limits: Limits,
        access_log_class: type[AbstractAccessLogger],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=limits.keep_alive.total_seconds(),
            lingering_time=limits.lingering.total_seconds(),
            access_log_class=access_log_class,
            # Signatures cover the bytes as sent, and a small body must not become a large one.
            auto_decompress=False,
        )
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._payload: StreamReader | None = None
        self._seen = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuses what is above the limit before anything is read."""
        if self._manager is not None and len(self._manager.connections) >= self._limits.connections:
            self._force_close = True
            real = cast("asyncio.Transport", transport)
            real.write(BUSY_ANSWER)
            real.close()
            return
        super().connection_made(transport)
        self._expect_within(self._limits.header)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing is awaited any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Moves the deadline on: to the header, to the body, or away while an answer is being made."""
        super().data_received(data)
        if self._force_close:
            return
        if self._request_count != self._seen:
            self._seen = self._request_count
            self._payload = self._messages[-1][1] if self._messages else EMPTY_PAYLOAD
            self._expect_within(self._limits.body)
        if self._payload is not None and self._payload.is_eof():
            self._payload = None
            self._expect_nothing()
        elif data and self._deadline is None and self._waiter is not None and not self._upgraded:
            # The first bytes of a further request on a connection that was kept open.
            self._expect_within(self._limits.header)

    def _expect_within(self, span: timedelta) -> None:
        self._expect_nothing()
        self._deadline = self._loop.call_later(span.total_seconds(), self._cut)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        transport = self.transport
        self.force_close()
        if transport is not None:
            # Not close: a client that reads nothing would keep the rest of an answer, and the connection, waiting.
            transport.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that accepts connections; `close` answers what is under way and stops."""

    runner: web.AppRunner
    listening: asyncio.Server

    @property
    def port(self) -> int:
        """The port it listens on, also when any free one was asked for."""
        port: int = self.listening.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Accepts nothing more and returns when what was under way is answered or its time is over."""
        self.listening.close()
        await self.runner.cleanup()


async def serve(
    app: web.Application,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
    access_log_class: type[AbstractAccessLogger] = AccessLogger,
    ssl_context: ssl.SSLContext | None = None,
    reuse_port: bool = False,
    grace: timedelta = timedelta(seconds=10),
) -> Serving:
    """Starts to serve; port 0 takes a free one. `grace` is what `close` gives to requests under way."""
    runner = web.AppRunner(app, shutdown_timeout=grace.total_seconds(), access_log_class=access_log_class)
    await runner.setup()
    loop, server, within = asyncio.get_running_loop(), runner.server, limits or Limits()
    if server is None:
        raise RuntimeError("an application runner that was set up has a server")
    try:
        listening = await loop.create_server(
            lambda: TimedRequestHandler(server, within, access_log_class, loop),
            host,
            port,
            ssl=ssl_context,
            reuse_port=reuse_port or None,
        )
    except OSError:
        await runner.cleanup()
        raise
    return Serving(runner=runner, listening=listening)


def only_known_hosts(public_url: str | None, *, any_host: Collection[str] = ANY_HOST) -> Middleware:
    """Answers 421 to requests for a name that is not ours, once PUBLIC_URL is an https address."""
    names = _host_names(public_url)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if names and request.headers.get("Host", "").lower() not in names and request.path not in any_host:
            return web.Response(status=421, text="This server does not answer for that name.\n")
        return await handler(request)

    return check


@web.middleware
async def unavailable_instead_of_broken(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers 503 when storage cannot do what the request needs; whoever asked may try again."""
    try:
        return await handler(request)
    except StorageError as error:
        log.warning("http.storage_failed", extra={"error": error.code})
        return web.Response(status=503, text="Please try again in a moment.\n", headers={"Retry-After": "5"})


def add_security_headers(app: web.Application, public_url: str | None) -> None:
    """Puts the browser rules on every answer of the application; a handler's own header wins."""
    names = _host_names(public_url)

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex")
        response.headers.popall("Server", None)
        if request.headers.get("Host", "").lower() in names:
            response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)

    app.on_response_prepare.append(add)


def _host_names(public_url: str | None) -> frozenset[str]:
    """The Host headers under which an https address is asked for; none for anything else."""
    parts = urlsplit(public_url or "")
    if parts.scheme != "https" or not parts.netloc:
        return frozenset()
    host = parts.netloc.lower()
    return frozenset({host} if parts.port else {host, f"{host}:443"})

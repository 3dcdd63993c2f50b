"""Slow, silent, strange and too many clients; and the headers that every answer carries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from storage.errors import Unavailable
from webhooks.server import (
    Limits,
    add_security_headers,
    only_known_hosts,
    serve,
    unavailable_instead_of_broken,
)

SHORT = Limits(
    header=timedelta(seconds=0.2),
    body=timedelta(seconds=0.2),
    keep_alive=timedelta(seconds=0.3),
    connections=5,
    lingering=timedelta(seconds=0.1),
)
PUBLIC = "https://bot.example.org"


async def hello(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="hello\n")


async def broken_storage(request: web.Request) -> web.Response:
    raise Unavailable("test")


def application(public_url: str | None = None) -> web.Application:
    app = web.Application(middlewares=[only_known_hosts(public_url), unavailable_instead_of_broken])
    add_security_headers(app, public_url)
    app.router.add_get("/", hello)
    app.router.add_post("/", hello)
    app.router.add_get("/healthz", hello)
    app.router.add_get("/broken", broken_storage)
    return app


@asynccontextmanager
async def served(limits: Limits = SHORT, public_url: str | None = None) -> AsyncIterator[int]:
    serving = await serve(application(public_url), "127.0.0.1", 0, limits=limits, grace=timedelta(seconds=1))
    try:
        yield serving.port
    finally:
        await serving.close()


async def ask(port: int, raw: bytes) -> tuple[bytes, float]:
    """All that comes back until the server closes, and after how many seconds it closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = asyncio.get_running_loop().time()
    try:
        writer.write(raw)
        async with asyncio.timeout(5):
            try:
                answer = await reader.read()
            except ConnectionResetError:
                answer = b""
        return answer, asyncio.get_running_loop().time() - begun
    finally:
        writer.close()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", id="half a header"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", id="half a body"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", id="half a chunk"),
    ],
)
async def test_a_client_that_sends_too_slowly_is_closed_in_time(raw: bytes) -> None:
    async with served() as port:
        answer, seconds = await ask(port, raw)
    assert b"200 OK" not in answer
    assert 0.15 < seconds < 2


async def test_a_header_that_trickles_gets_no_more_time_than_a_silent_one() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def trickle() -> None:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
            while not writer.is_closing():
                writer.write(b"X-A: b\r\n")
                await asyncio.sleep(0.02)

        task = asyncio.create_task(trickle())
        async with asyncio.timeout(2):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        task.cancel()
        writer.close()


async def test_an_idle_connection_is_kept_for_its_time_and_no_longer() -> None:
    async with served() as port:
        answer, seconds = await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.endswith(b"hello\n")
    assert 0.25 < seconds < 2


async def test_a_kept_connection_gets_the_same_deadline_for_its_next_header() -> None:
    limits = Limits(header=timedelta(seconds=0.1), body=timedelta(seconds=0.1), keep_alive=timedelta(seconds=30))
    async with served(limits) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
            await asyncio.sleep(0.02)
            writer.write(b"abc")
            assert (await reader.readuntil(b"hello\n")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.15)
        writer.write(b"GET / HT")
        async with asyncio.timeout(2):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_one_connection_too_many_is_told_so_and_the_others_go_on() -> None:
    limits = Limits(connections=2, lingering=timedelta(seconds=0.1))
    async with served(limits) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        refused, _ = await ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert refused == b"" or refused.startswith(b"HTTP/1.1 503")
        held[0][1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await held[0][0].readuntil(b"hello\n")).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 200


async def test_every_answer_carries_the_browser_rules_and_names_no_software() -> None:
    async with served() as port, aiohttp.ClientSession() as session:
        for path, status in (("/", 200), ("/nowhere", 404), ("/broken", 503)):
            async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == status
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Server" not in answer.headers
                assert "Strict-Transport-Security" not in answer.headers
                assert "charset=utf-8" in answer.headers["Content-Type"]
                assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_a_strange_host_is_refused_when_the_public_address_is_https() -> None:
    async with served(public_url=PUBLIC) as port, aiohttp.ClientSession() as session:
        for host, path, status in (
            ("bot.example.org", "/", 200),
            ("BOT.example.org:443", "/", 200),
            ("evil.example.net", "/", 421),
            (f"127.0.0.1:{port}", "/", 421),
            (f"127.0.0.1:{port}", "/healthz", 200),
        ):
            async with session.get(f"http://127.0.0.1:{port}{path}", headers={"Host": host}) as answer:
                assert (host, answer.status) == (host, status)
                assert ("Strict-Transport-Security" in answer.headers) == host.lower().startswith("bot.")


async def test_a_local_address_without_https_answers_to_any_host() -> None:
    async with served(public_url="http://127.0.0.1:8080") as port:
        answer, _ = await ask(port, b"GET / HTTP/1.1\r\nHost: laptop.local\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


async def test_head_gets_the_headers_and_no_body() -> None:
    async with served() as port:
        answer, _ = await ask(port, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Content-Length: 6" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_a_compressed_body_is_not_unpacked() -> None:
    async with (
        served() as port,
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{port}/", data=b"not gzip at all", headers={"Content-Encoding": "gzip"}
        ) as answer,
    ):
        assert answer.status == 200


async def test_closing_lets_a_request_under_way_finish() -> None:
    release = asyncio.Event()
    begun = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        begun.set()
        await release.wait()
        return web.Response(text="done")

    app = web.Application()
    app.router.add_get("/", slow)
    serving = await serve(app, "127.0.0.1", 0, grace=timedelta(seconds=5))
    async with aiohttp.ClientSession() as session:
        asked = asyncio.create_task(session.get(f"http://127.0.0.1:{serving.port}/"))
        await begun.wait()
        closing = asyncio.create_task(serving.close())
        await asyncio.sleep(0.02)
        release.set()
        assert await (await asked).text() == "done"
        await closing

"""Does the access log name the route and never the visitor?"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.access import ID_HEADER, AccessLines, with_request_id
from app.logs import REQUEST_ID, JsonLines

SECRET = "u1.7.c2VjcmV0LXRva2Vu"

inner = logging.getLogger("webhooks.test")


async def page(request: web.Request) -> web.Response:
    inner.warning("page.shown")
    return web.Response(text="hello")


async def gone(request: web.Request) -> web.Response:
    raise web.HTTPGone


async def crash(request: web.Request) -> web.Response:
    raise ValueError(SECRET)


@pytest.fixture
def lines() -> list[dict[str, object]]:
    return []


@pytest.fixture
async def client(lines: list[dict[str, object]]) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    class Catch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonLines().format(record)))

    catch = Catch()
    loggers = [logging.getLogger(name) for name in ("app.access", "webhooks.test", "aiohttp.server")]
    for logger in loggers:
        logger.addHandler(catch)
        logger.setLevel(logging.INFO)
    app = web.Application(middlewares=[with_request_id])
    app.add_routes([web.get("/u/{token}", page), web.get("/gone", gone), web.get("/crash/{token}", crash)])
    server = TestServer(app)
    await server.start_server(access_log_class=AccessLines)
    async with TestClient(server) as client:
        yield client
    for logger in loggers:
        logger.removeHandler(catch)
        logger.setLevel(logging.NOTSET)


Client = TestClient[web.Request, web.Application]


async def test_an_answer_is_logged_by_its_route_template(client: Client, lines: list[dict[str, object]]) -> None:
    answer = await client.get(f"/u/{SECRET}?psid={SECRET}", headers={"User-Agent": SECRET, "Referer": SECRET})
    shown = lines[-1]
    assert shown["event"] == "http.answered"
    assert (shown["method"], shown["route"], shown["status"]) == ("GET", "/u/{token}", 200)
    assert isinstance(shown["bytes"], int)
    assert isinstance(shown["duration"], float)
    assert shown["request"] == answer.headers[ID_HEADER]
    assert SECRET not in json.dumps(lines)
    assert "127.0.0.1" not in json.dumps(lines)


async def test_lines_written_while_a_request_is_handled_carry_its_id(
    client: Client, lines: list[dict[str, object]]
) -> None:
    first = await client.get("/u/a")
    second = await client.get("/u/b", headers={ID_HEADER: SECRET})
    ids = [first.headers[ID_HEADER], second.headers[ID_HEADER]]
    assert [line["request"] for line in lines] == [ids[0], ids[0], ids[1], ids[1]]
    assert len(set(ids)) == 2
    assert SECRET not in ids
    assert REQUEST_ID.get() is None


async def test_an_answer_that_is_an_exception_has_its_id_too(client: Client, lines: list[dict[str, object]]) -> None:
    answer = await client.get("/gone")
    assert answer.status == 410
    assert answer.headers[ID_HEADER] == lines[-1]["request"]


async def test_a_path_that_is_no_route_is_not_shown(client: Client, lines: list[dict[str, object]]) -> None:
    await client.get(f"/{SECRET}")
    assert (lines[-1]["route"], lines[-1]["status"]) == ("unmatched", 404)
    assert SECRET not in json.dumps(lines)


async def test_a_crash_in_a_handler_shows_its_class_and_nothing_else(
    client: Client, lines: list[dict[str, object]]
) -> None:
    assert (await client.get(f"/crash/{SECRET}")).status == 500
    exceptions = [line["exception"] for line in lines if "exception" in line]
    assert [exception["kind"] for exception in exceptions if isinstance(exception, dict)] == ["ValueError"]
    assert SECRET not in json.dumps(lines)


async def test_a_made_up_method_is_not_shown(client: Client, lines: list[dict[str, object]]) -> None:
    await client.request("CANARY", "/u/a")
    assert lines[-1]["method"] == "other"
    assert "CANARY" not in json.dumps(lines)


async def test_a_request_that_cannot_be_read_is_logged_without_its_bytes(
    client: Client, lines: list[dict[str, object]]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET /u/a HTTP/1.1\r\nHost: x\r\n" + SECRET.encode() + b"\r\n\r\n")
    await reader.read()
    writer.close()
    assert lines[-1]["status"] == 400
    assert SECRET not in json.dumps(lines)

"""A copy opens with the code from the chat, its file goes out once, and no crawler changes anything."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from domain.data_request import RequestKind
from privacy.exports import CODE_LIFE
from tests.privacy.people import CANARIES, PAGE, PUBLIC_URL, TEXTS, World, open_world
from webhooks.downloads import Downloads
from webhooks.follower_pages import FollowerPages
from webhooks.rendering import Pages
from webhooks.server import Serving, serve

TEMPLATES = Pages(TEXTS)
CRAWLERS = ("facebookexternalhit/1.1", "meta-externalfetcher/1.1", "Mozilla/5.0")


@dataclass
class Stand:
    """A person's copy behind its link; `code` opens it."""

    world: World
    client: aiohttp.ClientSession
    serving: Serving
    request_id: UUID
    token: str
    code: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.serving.port}/export/{self.token}"

    async def get(self, **request: Any) -> tuple[int, str]:
        async with self.client.get(self.url, **request) as answer:
            return answer.status, await answer.text()

    async def post(self, **fields: str) -> tuple[int, str]:
        async with self.client.post(self.url, data=fields) as answer:
            return answer.status, await answer.text()

    async def state(self) -> list[Any]:
        return await self.world.fetch("select * from export_archive")


@asynccontextmanager
async def open_stand(dsn: str, folder: Path) -> AsyncIterator[Stand]:
    async with open_world(dsn, folder) as world, aiohttp.ClientSession() as client:
        shown = FollowerPages(pages=world.store.pages, templates=TEMPLATES, public_url=PUBLIC_URL)
        app = web.Application()
        app.add_routes(Downloads(exports=world.exports, shown=shown, clock=world.clock).routes())
        serving = await serve(app, "127.0.0.1", 0, grace=timedelta(seconds=1))
        try:
            opened = await world.asked(await world.canary(), RequestKind.ACCESS)
            await world.exports.build(f"{PAGE}/{opened.request_id}")
            [text] = await world.messages("export")
            token, code = re.search(r"/export/([\w-]+)", text), re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)
            assert token
            assert code
            yield Stand(world, client, serving, opened.request_id, token[1], code[0])
        finally:
            await serving.close()


@pytest.fixture
async def stand(database_dsn: str, tmp_path: Path) -> AsyncIterator[Stand]:
    async with open_stand(database_dsn, tmp_path) as stand:
        yield stand


async def test_the_link_asks_for_the_code_and_tells_nothing(stand: Stand) -> None:
    status, text = await stand.get()
    assert status == 200
    assert 'name="code"' in text
    assert [place for place, canary in CANARIES.items() if canary in text] == []


async def test_whether_a_link_is_known_cannot_be_seen_without_a_code(stand: Stand) -> None:
    _, known = await stand.get()
    token, stand.token = stand.token, "y" * 27
    _, unknown = await stand.get()
    assert known.replace(token, "") == unknown.replace("y" * 27, "")


async def test_crawlers_change_nothing(stand: Stand) -> None:
    before = await stand.state()
    for _ in range(2):
        for crawler in CRAWLERS:
            for method in ("GET", "HEAD"):
                headers = {"User-Agent": crawler, "Range": "bytes=0-100"}
                async with stand.client.request(method, stand.url, headers=headers) as answer:
                    assert answer.status == 200
    assert await stand.state() == before
    assert (await stand.post(code=stand.code))[0] == 200


async def test_the_code_opens_a_page_with_everything(stand: Stand) -> None:
    for _ in range(2):
        status, text = await stand.post(code=stand.code.lower())
        assert status == 200
        assert CANARIES["name"] in text
        assert CANARIES["answer"] in text
        assert 'lang="de"' in text
        assert 'value="json"' in text


async def test_the_file_is_an_attachment_and_goes_out_once(stand: Stand) -> None:
    async with stand.client.post(stand.url, data={"code": stand.code, "file": "json"}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == 'attachment; filename="assent-export.json"'
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        document = json.loads(await answer.read())
    assert document["categories"][0]["data"]["first_name"] == CANARIES["name"]
    assert await stand.world.value("select archive_sealed from export_archive") is None
    for fields in ({"code": stand.code, "file": "json"}, {"code": stand.code}):
        assert (await stand.post(**fields))[0] == 404


async def test_wrong_codes_are_counted_and_then_nothing_opens(stand: Stand) -> None:
    answers = [await stand.post(code="0000-0001") for _ in range(5)]
    assert [status for status, _ in answers] == [403, 403, 403, 403, 410]
    assert "4" in answers[0][1]
    assert (await stand.post(code=stand.code))[0] == 410


async def test_an_old_code_says_so(stand: Stand) -> None:
    stand.world.now += CODE_LIFE
    status, text = await stand.post(code=stand.code)
    assert status == 410
    assert "MY DATA" in text
    assert 'name="code"' not in text


@pytest.mark.parametrize("token", ["short", "x" * 28, "x" * 26 + "!", "%2e%2e"])
async def test_a_damaged_link_is_gone(stand: Stand, token: str) -> None:
    code, stand.token = stand.code, token
    assert (await stand.get())[0] == 404
    assert (await stand.post(code=code))[0] == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 403),
        ({"code": ""}, 403),
        ({"code": "x", "more": "1"}, 400),
        ({"file": "exe"}, 400),
        ({"code": "x" * 2000}, 413),
    ],
)
async def test_odd_forms_open_nothing_and_cost_no_try(stand: Stand, fields: dict[str, str], status: int) -> None:
    assert (await stand.post(**fields))[0] == status
    assert await stand.world.value("select tries from export_archive") == 0


async def test_a_form_of_another_site_opens_nothing(stand: Stand) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        async with stand.client.post(stand.url, data={"code": stand.code}, headers=headers) as answer:
            assert answer.status == 403


async def test_a_file_that_broke_off_on_the_way_can_be_fetched_again(stand: Stand) -> None:
    async with stand.world.database.transaction() as tx:
        await stand.world.store.exports.put(
            tx,
            PAGE,
            stand.request_id,
            token=stand.token,
            code=stand.code,
            content=b" " * 30_000_000,
            code_until=stand.world.now + CODE_LIFE,
            expires_at=stand.world.now + timedelta(hours=72),
        )
    body = f"code={stand.code}&file=json".encode()
    head = f"POST /export/{stand.token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.serving.port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert b" 200 " in await reader.readline()
    assert await stand.world.value("select taken_at is not null from export_archive")
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    await _until_given_back(stand)
    status, text = await stand.post(code=stand.code, file="json")
    assert (status, len(text)) == (200, 30_000_000)


async def _until_given_back(stand: Stand) -> None:
    for _ in range(1000):
        if not await stand.world.value("select taken_at from export_archive"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the file was not given back")

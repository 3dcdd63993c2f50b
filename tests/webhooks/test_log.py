"""Does an outside checker with the token get the whole signed log over HTTP, and everybody else nothing?"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from app.access import AccessLines, with_request_id
from domain.proof.checkpoint import open_cosigned
from domain.proof.entry import leaf_hash
from domain.proof.merkle import root_of
from domain.proof.tiles import ENTRIES, Tile, decode_entries, tile_bytes, tile_path
from privacy.log_tiles import LogTiles
from tests.privacy.log_world import LogWorld, open_log_world
from webhooks.log import LogPages
from webhooks.server import add_security_headers, serve

TOKEN = "a-token-of-32-characters-or-more_"
LOG = f"/log/{TOKEN}/2026"


class Reader:
    def __init__(self, world: LogWorld, session: aiohttp.ClientSession, base: str) -> None:
        self.world, self.session, self.base = world, session, base

    async def get(self, path: str, method: str = "GET") -> tuple[int, bytes, Any]:
        async with self.session.request(method, self.base + path) as answer:
            return answer.status, await answer.read(), answer.headers

    async def found(self, path: str) -> bytes:
        status, body, _ = await self.get(path)
        assert status == 200, path
        return body


@asynccontextmanager
async def serving(world: LogWorld, token: str | None) -> AsyncIterator[Reader]:
    app = web.Application(middlewares=[with_request_id])
    add_security_headers(app, None)
    if token is not None:
        app.add_routes(LogPages(tiles=LogTiles(world.store), token=token).routes())
    server = await serve(app, "127.0.0.1", 0, access_log_class=AccessLines)
    try:
        async with aiohttp.ClientSession() as session:
            yield Reader(world, session, f"http://127.0.0.1:{server.port}")
    finally:
        await server.close()


@pytest.fixture
async def reader(database_dsn: str, tmp_path: Path) -> AsyncIterator[Reader]:
    async with open_log_world(database_dsn, tmp_path) as world, serving(world, TOKEN) as one:
        yield one


async def test_whoever_has_the_token_can_rebuild_the_whole_log(reader: Reader) -> None:
    for count in (3, 300, 230):
        await reader.world.logged(count)
    note = await reader.found(f"{LOG}/checkpoint")
    head = open_cosigned(note, await reader.world.vkeys(2026)).checkpoint
    assert head.size == 534
    entries: list[bytes] = []
    for n, width in ((0, 256), (1, 256), (2, 22)):
        entries += decode_entries(await reader.found(f"{LOG}/{tile_path(ENTRIES, n, width)}"), width)
    leaves = [leaf_hash(entry) for entry in entries]
    assert root_of(leaves) == head.root
    tiles = [Tile(0, 0, 256), Tile(0, 1, 256), Tile(0, 2, 22), Tile(1, 0, 2)]

    def read(level: int, index: int) -> bytes:
        return root_of(leaves[index << level : (index + 1) << level])

    for tile in tiles:
        assert await reader.found(f"{LOG}/{tile_path(*tile)}") == tile_bytes(tile, read)


async def test_the_partial_tiles_of_every_signed_size_are_there_and_never_change(reader: Reader) -> None:
    seen: dict[str, bytes] = {}
    for count in (1, 4, 20):
        await reader.world.logged(count)
        size = (await reader.world.head()).size
        for path in (tile_path(0, 0, size), tile_path(ENTRIES, 0, size)):
            seen[path] = await reader.found(f"{LOG}/{path}")
    assert len(seen) == 6
    for path, content in seen.items():
        assert await reader.found(f"{LOG}/{path}") == content


async def test_nothing_is_handed_out_that_no_signed_head_covers(reader: Reader) -> None:
    await reader.world.logged(3)
    await reader.world.pend(300)
    async with reader.world.database.transaction() as tx:
        head = await reader.world.store.log.lock(tx, 2026)
        await reader.world.store.log.sequence(tx, head, limit=300, now=reader.world.now)
    for path, status in ((tile_path(0, 0, 4), 200), (tile_path(0, 0, 5), 404), (tile_path(0, 0, 256), 404)):
        assert (await reader.get(f"{LOG}/{path}"))[0] == status
    assert (await reader.get(f"{LOG}/{tile_path(ENTRIES, 0, 5)}"))[0] == 404
    assert (await reader.found(f"{LOG}/checkpoint")).split(b"\n")[1] == b"4"


async def test_types_and_lifetimes_are_those_of_static_files(reader: Reader) -> None:
    await reader.world.logged(1)
    _, _, head = await reader.get(f"{LOG}/checkpoint")
    _, _, tile = await reader.get(f"{LOG}/{tile_path(0, 0, 2)}")
    _, _, entries = await reader.get(f"{LOG}/{tile_path(ENTRIES, 0, 2)}")
    assert (head["Content-Type"], head["Cache-Control"]) == ("text/plain; charset=utf-8", "public, max-age=5")
    for headers in (tile, entries):
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Content-Encoding" not in headers


NOT_FOUND = {
    "wrong token": f"/log/{TOKEN[:-1]}x/2026/checkpoint",
    "shorter token": f"/log/{TOKEN[:-1]}/2026/checkpoint",
    "longer token": f"/log/{TOKEN}x/2026/checkpoint",
    "no token": "/log//2026/checkpoint",
    "token of no ASCII": "/log/%E2%82%AC%FF/2026/checkpoint",
    "unknown log": f"/log/{TOKEN}/2025/checkpoint",
    "log of no digits": f"/log/{TOKEN}/latest/checkpoint",
    "log with a zero before": f"/log/{TOKEN}/02026/checkpoint",
    "huge log": f"/log/{TOKEN}/99999999999999999999/checkpoint",
    "other digits": f"/log/{TOKEN}/%D9%A2%D9%A0%D9%A2%D9%A6/checkpoint",
    "a query": f"{LOG}/checkpoint?x=1",
    "the folder": f"{LOG}/",
    "the log": LOG,
    "no tile": f"{LOG}/tile/0/1",
    "a tile by another spelling": f"{LOG}/tile/00/000.p/2",
    "a tile beyond": f"{LOG}/tile/0/001.p/2",
    "a tile of level 64": f"{LOG}/tile/64/000.p/1",
    "an empty tile": f"{LOG}/tile/0/000.p/0",
    "a path upwards": f"{LOG}/tile/../checkpoint/x",
    "an encoded path upwards": f"{LOG}/tile/%2e%2e%2fcheckpoint",
    "anything else": f"{LOG}/entries",
}


@pytest.mark.parametrize("path", NOT_FOUND.values(), ids=NOT_FOUND)
async def test_everything_else_is_not_found(reader: Reader, path: str) -> None:
    await reader.world.logged(1)
    status, body, _ = await reader.get(path)
    assert (status, body) == (404, b"404: Not Found")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_only_get_is_served(reader: Reader, method: str) -> None:
    await reader.world.logged(1)
    assert (await reader.get(f"{LOG}/checkpoint", method))[0] == 404
    assert (await reader.get(f"{LOG}/tile/0/000.p/2", method))[0] == 404


async def test_the_access_log_never_shows_the_token(reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    await reader.world.logged(1)
    with caplog.at_level(logging.DEBUG):
        for path in (f"{LOG}/checkpoint", f"{LOG}/tile/0/000.p/2", f"{LOG}/else", f"/log/{TOKEN}/1/checkpoint"):
            await reader.get(path)
    routes = [record.__dict__.get("route") for record in caplog.records if record.msg == "http.answered"]
    head, tile = "/log/{token}/{log}/checkpoint", "/log/{token}/{log}/tile/{path}"
    assert routes == [head, tile, "unmatched", head]
    assert TOKEN not in "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


async def test_without_a_token_there_is_no_log_to_read(database_dsn: str, tmp_path: Path) -> None:
    async with open_log_world(database_dsn, tmp_path) as world, serving(world, None) as reader:
        await world.logged(1)
        assert (await reader.get(f"{LOG}/checkpoint"))[0] == 404


async def test_closed_and_new_logs_are_served_side_by_side(reader: Reader) -> None:
    await reader.world.logged(3)
    await reader.world.sequencer.new_log("a drill")
    for number, size in ((2026, b"4"), (202602, b"1")):
        assert (await reader.found(f"/log/{TOKEN}/{number}/checkpoint")).split(b"\n")[1] == size

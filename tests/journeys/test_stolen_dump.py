"""What does somebody learn who steals the database, its files, every log and the folder of the installation?

Nothing of any person: canaries are planted through real webhooks, a campaign, an export, an erasure and forced errors,
and then looked for in all of it, in every form of tests/leaks.py. Then each form is planted for the scanner itself: it
must find them all, or its silence meant nothing.
"""

import asyncio
import contextlib
import logging
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from app.demo import APP_SECRET, PAGE_TOKEN
from domain.ids import PageId
from storage.database import migrate
from storage.errors import StorageError
from storage.server import EmbeddedServer
from tests.journeys.loot import Loot, logged_to
from tests.journeys.world import World, world
from tests.leak_controls import number_controls, text_controls
from tests.leaks import Hit, Scanner

NAME, PSID = "Zoëlléanne", "73104829192837461"
CANARIES = {
    "first name": NAME,
    "last name": "Ångströmlich",
    "psid": PSID,
    "second psid": "73104829192899912",
    "message": "mein Hausarzt heißt Grützmacher",
    "phone": "+491705550147",
    "e-mail": "zoelleanne@kanarienvogel.example",
    "entry ref": "plakat_koenigsallee_7731",
    "broken event": "kaputtes Päckchen 5519",
    "erased name": "Bärbelinchen",
    "erased psid": "73104829192830017",
    "erased message": "Kündigung meines Vertrags",
    "page token": PAGE_TOKEN,
    "app secret": APP_SECRET,
}
CODE = re.compile(r"Your code: ([0-9A-Z]{4}-[0-9A-Z]{4})")
LINK = re.compile(r"http://\S+/export/\S+")
SEALED = {
    *("page.token_sealed", "lead.profile_sealed", "outbox.message_sealed", "export_archive.archive_sealed"),
    *("consent_record.record_sealed", "consent_record.nonce_sealed", "consent_record.raw_sealed"),
    *("inbox.event_sealed", "inbox_set_aside.event_sealed"),
}
BUCKETS = {32, 64, 128, 256, 512, 1024}
AROUND_BYTES = 2 + 12 + 16  # header, nonce, tag

log = logging.getLogger("app.stolen_dump")


@pytest.fixture
async def root() -> AsyncIterator[Path]:
    """A folder that PostgreSQL's own account may pass through; the usual one is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="assent-stolen-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


async def test_a_thief_of_everything_learns_nothing_of_anybody(root: Path, monkeypatch: pytest.MonkeyPatch):
    server = EmbeddedServer(root / "server")
    dsn = await server.start()
    try:
        await migrate(dsn)
        loot = await asyncio.to_thread(Loot.beside, root)
        monkeypatch.setattr(tempfile, "tempdir", str(root))
        with logged_to(root / "app.log"):
            async with world(dsn, root) as story:
                code = await _plant(story)
                await loot.dump(dsn)
                await _every_sealed_value_looks_like_any_other(story)
        await server.stop()
        loot.take_files()
        _the_errors_left_their_lines(loot)
        scanner = Scanner(CANARIES | {"export code": code, "export code as typed": code.replace("-", "")})
        assert [hit for place, content in loot.pieces() for hit in scanner.scan(place, content)] == []
        assert scanner.scanned_bytes > 4_000_000
        dsn = await server.start()
        await _the_scanner_would_have_found_each_form(server, dsn, root)
    finally:
        await server.stop()


async def _plant(story: World) -> str:
    """Everything that brings personal data into the product; the code of the export that waits."""
    await _person(story, PSID, NAME, CANARIES["last name"])
    await story.say(PSID, get_started={"referral": {"ref": CANARIES["entry ref"]}})
    await story.until_heard(PSID, "bot")
    await story.say(PSID, quick_reply="Yes, please")
    await story.until_heard(PSID, "Thank you!")
    words = f"{CANARIES['message']}, {CANARIES['phone']}, {CANARIES['e-mail']}"
    await story.say(PSID, text=words)
    await story.until_heard(PSID, "did not understand")
    await _erased(story)
    campaign = await story.campaign()
    await story.campaigns.start(PageId(story.page_id), campaign, now=story.clock())
    await story.until_heard(PSID, f"Hi {NAME}")
    code = await _export(story)
    await _errors_at_the_door(story)
    await _errors_inside(story, words)
    return code


async def _person(story: World, psid: str, first: str, last: str) -> None:
    person = {"psid": psid, "first_name": first, "last_name": last}
    await story.control("POST", "followers", page=story.page_id, followers=[person])


async def _erased(story: World) -> None:
    psid = CANARIES["erased psid"]
    await _person(story, psid, CANARIES["erased name"], CANARIES["last name"])
    await story.say(psid, get_started=True)
    await story.until_heard(psid, "bot")
    await story.say(psid, quick_reply="Yes, please")
    await story.until_heard(psid, "Thank you!")
    await story.say(psid, text=CANARIES["erased message"])
    await story.until_heard(psid, "did not understand")
    await story.say(psid, text="delete my data")
    await story.until_heard(psid, "Delete everything")
    await story.say(psid, quick_reply="Erase everything")
    await story.until_heard(psid, "has been deleted")


async def _export(story: World) -> str:
    """A copy that was looked at and still waits to be fetched."""
    await story.say(PSID, text="my data")
    ready = await story.until_heard(PSID, "Your data is ready")
    link, code = LINK.search(ready), CODE.search(ready)
    assert link
    assert code
    async with story.session.post(link[0], data={"code": code[1]}) as answer:
        assert NAME in await answer.text()
    return code[1]


async def _errors_at_the_door(story: World) -> None:
    """What is refused or set aside as it comes, with canaries in every place that somebody might log."""
    broken, message = CANARIES["broken event"], CANARIES["message"]
    nobody = {"recipient": {"id": story.page_id}, "timestamp": 1, "message": {"mid": "m", "text": f"{broken} {PSID}"}}
    entry = {"id": story.page_id, "time": 1, "messaging": [nobody, {"sender": {"id": PSID}, "nothing": broken}]}
    for body in (f'{{"object": "page", "entry": "{broken}', {"object": "page", "entry": [entry]}, broken):
        await story.control("POST", "push", body=body)
    await story.control("POST", "push", body={"object": "page", "entry": [entry]}, unsigned=True)
    await story.say(PSID, event={"message": {"mid": f"m_{broken}", "attachments": broken}})
    await story.say(PSID, event={"something_new": {"name": NAME, "text": message}})
    url = story.runtime.public_url
    asked = {"name": NAME, "psid": PSID}
    for path in ("/privacy", f"/u/{PSID}", f"/export/{NAME}", "/webhooks/messenger", f"/{message}"):
        async with story.session.get(f"{url}{path}", params=asked) as answer:
            assert answer.status >= 400
        with contextlib.suppress(aiohttp.ClientError):
            async with story.session.post(f"{url}{path}", data=asked) as answer:
                assert answer.status >= 400
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET / HTTP/1.1\r\n{message} {PSID}\r\n\r\n".encode())
    assert b"400" in await reader.readline()
    writer.close()

    async def kept():
        return await story.value("select count(*) >= 3 from inbox_set_aside")

    await story.until(kept, "the broken events")


async def _errors_inside(story: World, words: str) -> None:
    """What fails while it is handled: the platform, the database, a rule of the database."""
    await _person(story, CANARIES["second psid"], NAME, CANARIES["last name"])
    await story.say(CANARIES["second psid"], get_started=True)
    await story.until_heard(CANARIES["second psid"], "bot")
    for fault, psid in (("accepted_and_cut", PSID), ("error:1", CANARIES["second psid"])):
        await story.control("POST", "faults", page=story.page_id, next=[fault])
        await story.say(psid, text="help")
        await story.until(lambda: _happened(story), "the platform's fault")
    await _until_true(story, "select array_agg(state) = '{unknown}' from outbox where state <> 'sent'")
    await story.control("POST", "token", page=story.page_id, state="expired")
    await story.say(PSID, text=words)
    await _until_true(story, "select state = 'paused' from page")
    try:
        async with story.runtime.store.database.transaction() as tx:
            await tx.execute("insert into lane (kind, key) values ($1, $2)", CANARIES["message"], PSID)
    except StorageError:
        log.exception("dump.forced")
    await story.value(f"alter table outbox add constraint forced check (created_at < '{story.clock()}') not valid")
    await story.say(PSID, text=words)
    await _until_true(story, "select count(*) = 1 from inbox where attempts > 0")


async def _happened(story: World) -> bool:
    return bool((await story.control("GET", "state"))["faults"]["next"] == 0)


async def _until_true(story: World, question: str) -> None:
    await story.until(lambda: story.value(question), question)


def _the_errors_left_their_lines(loot: Loot) -> None:
    """What was forced is in the logs that are searched: without words, but there."""
    [log_lines] = [content for place, content in loot.pieces() if place.endswith("/app.log")]
    [server_lines] = [content for place, content in loot.pieces() if place.endswith("/server.log")]
    for event in (b"dump.forced", b"inbox.item_parked", b"send.failed", b"page.paused"):
        assert event in log_lines
    assert server_lines.count(b"violates check constraint") >= 2


async def _every_sealed_value_looks_like_any_other(story: World) -> None:
    columns = await story.rows(
        "select c.relname as table, a.attname as column from pg_attribute a join pg_class c on c.oid = a.attrelid "
        "where a.attname like '%\\_sealed' and c.relkind = 'r' and not a.attisdropped"
    )
    seen, everything = set(), []
    for table, column in columns:
        values = [row[0] for row in await story.rows(f"select {column} from {table} where {column} is not null")]
        for value in values:
            length = len(value) - AROUND_BYTES
            assert value[:2] == b"\x01\x01", (table, column)
            assert length in BUCKETS or (length > 1024 and length % 512 == 0), (table, column, len(value))
        if values:
            seen.add(f"{'inbox' if re.fullmatch('inbox_(default|p?[0-9_]+)', table) else table}.{column}")
        everything += values
    assert len(everything) == len(set(everything))
    assert seen == SEALED


async def _the_scanner_would_have_found_each_form(server: EmbeddedServer, dsn: str, root: Path) -> None:
    loot = await asyncio.to_thread(Loot.beside, root)
    controls = [*text_controls(NAME), *number_controls(PSID)]
    filler = "a cup of tea " * 200
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("create table control (form text, content bytea)")
        await connection.execute("create table control_native (n numeric, i bigint, f float8, compressed text)")
        await connection.executemany("insert into control values ($1, $2)", controls)
        values = (int(PSID), int(PSID), float(PSID), f"{filler}{NAME}{filler}")
        await connection.execute("insert into control_native values ($1, $2, $3, $4)", *values)
        native = await connection.fetchval("select pg_relation_filepath('control_native')")
        assert await connection.fetchval("select pg_column_compression(compressed) from control_native") == "pglz"
    finally:
        await connection.close()
    await loot.dump(dsn, table="control*")
    await server.stop()
    loot.take_files()
    scanner = Scanner({"name": NAME, "psid": PSID})
    hits = [hit for place, content in loot.pieces() for hit in scanner.scan(place, content)]
    forms = {form for form, _ in controls}
    for loot_of in (*loot.dumps, "data/base/"):
        assert forms - _forms(hits, loot_of) == set(), loot_of
    assert {"numeric", "int64", "float64", "broken by single bytes"} <= _forms(hits, f"data/{native}")
    assert _forms(hits, "data/pg_wal/") >= forms - {"broken by single bytes"}


def _forms(hits: list[Hit], place: str) -> set[str]:
    return {hit.form for hit in hits if hit.place.startswith(place)}


def _each_control() -> Iterator[tuple[str, str, bytes]]:
    yield from ((NAME, form, content) for form, content in text_controls(NAME))
    yield from ((PSID, form, content) for form, content in number_controls(PSID))


def test_the_scanner_finds_each_single_control_and_nothing_in_noise():
    scanners = {canary: Scanner({"it": canary}) for canary in (NAME, PSID)}
    missed = [
        (form, content)
        for canary, form, content in _each_control()
        if form not in {hit.form for hit in scanners[canary].scan("control", b"\x00 noise" + content + b"noise \x00")}
    ]
    assert missed == []
    noise = bytes(range(256)) * 4096
    assert all(scanner.scan("noise", noise) == [] for scanner in scanners.values())

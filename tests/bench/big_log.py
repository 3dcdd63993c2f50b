"""Where does a log of a million entries come from, with every record really sealed and every entry really opening?

Records of one person, made by the product, are the patterns: each further person gets their own key, ids, nonces and
commitments put in, sealed as the product seals. Several processes write them with COPY; then tiles and signed
checkpoints are made over them. Some people are erased, and the log says so.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import asyncpg

from domain.consent import ConsentAct
from domain.ids import Mid
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.endings import EntryPlaces, endings
from domain.proof.entry import commit, commit_raw, leaf_hash
from domain.proof.log_tree import TreeWalk
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode
from domain.proof.record_sections import (
    Controller,
    EntryPoint,
    LogChange,
    Receipt,
    RecordKind,
    TimeUnit,
)
from domain.proof.tiles import TILE_WIDTH, Tile
from privacy.audit.openings import millisecond_time
from privacy.ledger import Choice, Evidence, RawPart
from privacy.log_signing import signer_from
from storage.database import connect_arguments
from storage.labels import Label
from storage.sealing import DataKey, WrappingKey
from tests.privacy.people import NOW, OFFERS, PAGE, World

KINDS_EACH = 4
"""Records of a person: a start, the notice shown, a yes, its receipt."""
BATCH = 1000
"""Entries under one checkpoint."""
LOG_ID, ORIGIN, SEED = 2026, "log.example/bench/2026", bytes(range(32))
_CHUNK = 2_000
_BODY = 700
_CONSENT = (
    "page_id", "record_id", "lead_id", "kind", "topic", "event_time", "received_at", "notice_version",
    "record_sealed", "nonce_sealed", "raw_sealed",
)  # fmt: skip
_ZERO = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A record of the product, and what of it differs from person to person."""

    kind: str
    topic: str | None
    notice_version: int | None
    record: bytes
    record_id: bytes
    principal: bytes
    commitment: bytes | None
    times: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one process writes: people from one number up to another, and the index of their first entry."""

    dsn: str
    kid: int
    secret: bytes
    patterns: tuple[Pattern, ...]
    first: int
    people: int
    index: int
    erased_every: int
    start: datetime


async def big_log(world: World, entries: int, *, processes: int = 2, erased_every: int = 20) -> int:
    """A log of about so many entries in the world's database; how many there are. Every so-many-th person is erased."""
    patterns = await _patterns(world)
    kek = world.store.keys.ring.active
    people = max(1, (entries - 1) // KINDS_EACH)
    begun = await _begin(world)
    share = -(-people // processes)
    parts = [
        Part(
            dsn=world.database.dsn,
            kid=kek.kid,
            secret=kek.secret,
            patterns=patterns,
            first=first,
            people=min(share, people - first),
            index=begun + first * KINDS_EACH,
            erased_every=erased_every,
            start=NOW,
        )
        for first in range(0, people, share)
    ]
    if len(parts) == 1:
        erased = [await asyncio.to_thread(write_part, parts[0])]
    else:
        with ProcessPoolExecutor(len(parts), mp_context=get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            erased = await asyncio.gather(*(loop.run_in_executor(pool, write_part, part) for part in parts))
    size = begun + people * KINDS_EACH
    size += await _say_erased(world, size, [index for found in erased for index in found])
    await _build_tree(world.database.dsn, size)
    return size


def write_part(part: Part) -> list[int]:
    """Writes the people of a part; the indexes of the entries of those who are erased."""
    return asyncio.run(_write_part(part))


async def _write_part(part: Part) -> list[int]:
    connection = await asyncpg.connect(**connect_arguments(part.dsn))
    erased: list[int] = []
    try:
        for at in range(0, part.people, _CHUNK):
            rows, keys, entries = [], [], []
            for person in range(at, min(at + _CHUNK, part.people)):
                gone = (part.first + person) % part.erased_every == 0
                index = part.index + person * KINDS_EACH
                made = _person(part, part.first + person, gone=gone)
                rows += made[0]
                entries += [(LOG_ID, index + number, *one) for number, one in enumerate(made[1])]
                if gone:
                    erased += range(index, index + KINDS_EACH)
                else:
                    keys.append(made[2])
            await connection.copy_records_to_table("consent_record", records=rows, columns=_CONSENT)
            await connection.copy_records_to_table("lead_key", records=keys)
            await connection.copy_records_to_table("log_entry", records=entries)
    finally:
        await connection.close()
    return erased


def _person(part: Part, number: int, *, gone: bool) -> tuple[list[Any], list[Any], tuple[Any, ...]]:
    lead_id = UUID(bytes=os.urandom(16), version=4)
    key = DataKey.generate(lead_id)
    wrapped = WrappingKey(part.kid, part.secret).wrap(key)
    principal, moment = os.urandom(32).hex().encode(), part.start + timedelta(seconds=number // 10)
    rows, entries = [], []
    for pattern in part.patterns:
        record_id, nonce = UUID(bytes=os.urandom(16), version=4), os.urandom(64)
        record = pattern.record.replace(pattern.record_id, str(record_id).encode())
        record = record.replace(pattern.principal, principal)
        for time in pattern.times:
            record = record.replace(time, millisecond_time(moment).encode())
        raw = raw_nonce = None
        if pattern.commitment is not None:
            raw, raw_nonce = os.urandom(_BODY // 2).hex().encode(), os.urandom(64)
            record = record.replace(pattern.commitment, commit_raw(raw, raw_nonce).encode())
        entries.append((record_id, commit(record, nonce)))
        sealed: tuple[bytes | None, ...] = (None, None, None)
        if not gone:
            sealed = (
                key.seal(Label.PROOF_RECORD, record_id.bytes, record),
                key.seal(Label.PROOF_NONCE, record_id.bytes, nonce),
                None if raw is None else key.seal(Label.PROOF_RAW, record_id.bytes, (raw_nonce or b"") + raw),
            )
        row = (PAGE, record_id, lead_id, pattern.kind, pattern.topic, moment, moment, pattern.notice_version, *sealed)
        rows.append(row)
    return rows, entries, (PAGE, lead_id, wrapped.kid, wrapped.wrapped, wrapped.commitment)


# Patterns


async def _patterns(world: World) -> tuple[Pattern, ...]:
    """The four records of one person, written by the product and taken out again."""
    lead, page, ledger = await world.lead(), await world.page(), world.ledger
    raw = RawPart(content=b"{}", covers="body", signature_header=f"sha256={'ab' * 32}", secret="app-1")  # type: ignore[arg-type]
    told = Evidence(at=NOW, event_time=NOW, unit=TimeUnit.MILLISECONDS, envelope_time=None, received_at=NOW, raw=raw)
    silent = Evidence(at=NOW, event_time=NOW, unit=TimeUnit.MILLISECONDS, envelope_time=None, received_at=NOW)
    async with world.database.transaction() as tx:
        notice = await world.store.notices.current(tx, PAGE, "en")
        shown = await world.store.notices.remember_text(tx, PAGE, "en", "May we write to you? " * 8, now=NOW)
        if notice is None:
            raise RuntimeError("the world has no notice")
        choice = Choice(
            topic=OFFERS, act=ConsentAct.GIVEN, shown=shown, notice=notice, said="Yes", way=EntryPoint.QUICK_REPLY
        )
        start = await ledger.record_start(tx, page, lead, told, EntryPoint.MESSAGE, notice)
        await ledger.record_notice_shown(tx, page, lead, notice, Mid("m_" + "a" * 60), silent)
        await ledger.record_choice(tx, page, lead, told, choice)
        receipt = Receipt(receipt_id=start.receipt, text_sha256="cd" * 32, mid="m_" + "b" * 60)
        await ledger.record_receipt_sent(tx, page, lead, receipt, start.record_id, silent)
        key = await world.store.leads.key_of(tx, PAGE, lead.lead_id)
        if key is None:
            raise RuntimeError("the model has no key")
        records = await world.store.consents.of_lead(tx, key, PAGE, lead.lead_id)
        await tx.execute("alter table consent_record disable trigger user")
        for table in ("consent_record", "log_pending", "lead_key", "lead", "lead_topic"):
            await tx.execute(f"delete from {table}")
        await tx.execute("alter table consent_record enable trigger user")
    return tuple(_pattern(record) for record in sorted(records, key=lambda one: list(RecordKind).index(one.kind)))


def _pattern(record: Any) -> Pattern:
    said = json.loads(record.record)
    event = said.get("raw_event")
    return Pattern(
        kind=record.kind,
        topic=record.topic,
        notice_version=record.notice_version,
        record=record.record,
        record_id=said["record_id"].encode(),
        principal=said["pii_principal_id"].encode(),
        commitment=None if event is None else event["commitment"].encode(),
        times=(said["received_at"].encode(),),
    )


# The log around them


async def _begin(world: World) -> int:
    signer = signer_from(SEED, ORIGIN)
    record = ProofRecord(
        kind=RecordKind.LOG_STARTED,
        record_id=UUID(bytes=os.urandom(16), version=4),
        received_at=NOW,
        event_time_unit=TimeUnit.MISSING,
        log=LogChange(origin=ORIGIN, vkey=signer.verifier.vkey),
    )
    async with world.database.transaction() as tx:
        await tx.execute(
            "insert into log (log_id, origin, vkey, root, opened_at, year) values ($1, $2, $3, $4, $5, $1::integer)",
            LOG_ID,
            ORIGIN,
            signer.verifier.vkey,
            bytes(32),
            NOW,
        )
        await tx.execute("insert into log_key values ($1, $2, 'log', 0)", LOG_ID, signer.verifier.vkey)
        await _put(tx, record, 0)
    return 1


async def _say_erased(world: World, size: int, erased: Sequence[int]) -> int:
    """One entry for each person who was erased; how many."""
    count = 0
    async with world.database.transaction() as tx:
        for at in range(0, len(erased), KINDS_EACH):
            [ending] = endings(EntryPlaces(indexes={ORIGIN: erased[at : at + KINDS_EACH]}))
            record = ProofRecord(
                kind=RecordKind.ERASURE_DONE,
                record_id=UUID(bytes=os.urandom(16), version=4),
                page_id=PAGE,
                received_at=NOW + timedelta(days=1),
                event_time_unit=TimeUnit.MISSING,
                controller=Controller(name="Bakery GmbH", contact="privacy@bakery.example"),
                unreadable_by=NOW + timedelta(days=15),
                destroyed=ending.destroyed,
                counts={"records": KINDS_EACH},
            )
            await _put(tx, record, size + count)
            count += 1
    return count


async def _put(tx: Any, record: ProofRecord, index: int) -> None:
    committed, nonce = encode(record), os.urandom(64)
    await tx.execute(
        "insert into log_record (record_id, kind, page_id, recorded_at, record, nonce) values ($1, $2, $3, $4, $5, $6)",
        record.record_id,
        record.kind.value,
        record.page_id,
        record.received_at,
        committed,
        nonce,
    )
    await tx.execute(
        "insert into log_entry values ($1, $2, $3, $4)", LOG_ID, index, record.record_id, commit(committed, nonce)
    )


async def _build_tree(dsn: str, size: int) -> None:
    connection = await asyncpg.connect(**connect_arguments(dsn))
    try:
        signer = signer_from(SEED, ORIGIN)
        walk, tiles, heads = TreeWalk(), [], []
        wanted = [*range(BATCH, size, BATCH), size]
        for low in range(0, size, 64 * TILE_WIDTH):
            rows = await connection.fetch(
                "select entry from log_entry where log_id = $1 and idx >= $2 and idx < $3 order by idx",
                LOG_ID,
                low,
                low + 64 * TILE_WIDTH,
            )
            for leaves in _tiles([leaf_hash(row["entry"]) for row in rows]):
                first = walk.size
                roots, completed = walk.add(leaves, [one for one in wanted if first < one <= first + len(leaves)])
                tiles.append((Tile(0, first // TILE_WIDTH, len(leaves)), b"".join(leaves)))
                tiles += completed
                heads += sorted(roots.items())
        tiles += walk.unfinished()
        notes = [
            (
                LOG_ID,
                at,
                root,
                NOW + timedelta(seconds=at // 40),
                sign_checkpoint(_checkpoint(at, root), signer).decode(),
            )
            for at, root in heads
        ]
        await connection.copy_records_to_table("checkpoint", records=notes)
        rows = [(LOG_ID, tile.level, tile.n, content) for tile, content in tiles]
        await connection.copy_records_to_table("log_tile", records=rows)
        await connection.execute("update log set size = $2, root = $3 where log_id = $1", LOG_ID, size, walk.root)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


def _checkpoint(size: int, root: bytes) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=root)


def _tiles(leaves: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for at in range(0, len(leaves), TILE_WIDTH):
        yield leaves[at : at + TILE_WIDTH]

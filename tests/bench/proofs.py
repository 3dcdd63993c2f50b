"""What do the records of acts, their log, their proofs and the audit of it all cost, also when the log is large?

Beside each figure stands what pymerkle does on SQLite in the same run, in turns: a tree alone, without records, seals,
signatures, anchors or bundles.
"""

import asyncio
import contextlib
import gc
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pymerkle

from domain.consent import ConsentAct
from domain.lead import Lead
from domain.proof.bundle_parts import Checkers
from domain.proof.entry import commit
from domain.proof.keys import KeyType, Signer
from domain.proof.note import add_signatures, cosign, signed_text
from domain.proof.record_sections import AnchorMethod, EntryPoint
from privacy.anchors.duty import Anchoring
from privacy.anchors.folder import FolderAnchor
from privacy.anchors.port import Answer
from privacy.audit.live_log import LiveAudit
from privacy.checkpoints import Sequencer
from privacy.kit import verify_html, verify_py
from privacy.ledger import Choice, Evidence
from privacy.proof_parts import ProofParts
from privacy.proofs import Proofs
from storage.database import Database
from storage.installation import LOG_KEY
from tests.bench.big_log import SEED, big_log
from tests.bench.databases import fresh_database
from tests.bench.rows import Row, ratio
from tests.privacy.people import OFFERS, PAGE, World, open_world

ROUNDS = 5
SMALL, LARGE = 1_000, 1_000_000
AT_ONCE = (16, 64)
ACTS_SECONDS = 2.0
BATCH = 5_000
PROOFS = 300
WITNESS = Signer(name="witness.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(range(1, 33)))

T = TypeVar("T")


async def measure(dsn: str) -> list[Row]:
    """Records and entries a second, milliseconds for a proof, seconds for an audit."""
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="assent-proofs-") as folder:
        rows = await _appends(dsn, Path(folder))
        database = urlsplit(dsn).path.lstrip("/")
        async with contextlib.AsyncExitStack() as stack:
            logs = []
            for entries in (SMALL, LARGE):
                address = await fresh_database(dsn, f"{database}_{entries}")
                logs.append(await stack.enter_async_context(_log_of(entries, address, Path(folder) / str(entries))))
            small, large = logs
            rows += await _proofs(small, large)
            rows.append(await _audit(large))
            rows += await _sequencing(large)
    return rows


# Records


async def _appends(dsn: str, folder: Path) -> list[Row]:
    """Yeses and refusals of people who are known, each a transaction of its own, as the bot records them."""
    baseline: dict[int, list[float]] = {number: [] for number in AT_ONCE}
    product: dict[int, list[float]] = {number: [] for number in AT_ONCE}
    tree = pymerkle.SqliteTree(str(folder / "appended.db"))
    async with open_world(dsn, folder / "acts", Database(dsn, connections=max(AT_ONCE))) as world:
        acts = await Acts.prepare(world, max(AT_ONCE))
        await acts.a_second(max(AT_ONCE), ACTS_SECONDS)
        for _ in range(ROUNDS):
            for number in AT_ONCE:
                baseline[number].append(_appended(tree, ACTS_SECONDS))
                product[number].append(await acts.a_second(number, ACTS_SECONDS))
    tree.close()
    return [
        ratio(
            f"acts recorded, {number} at once, over pymerkle's entries, one at a time",
            "records/s",
            baseline[number],
            product[number],
            at_least=1.0,
        )
        for number in AT_ONCE
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """People who say yes and no in turn."""

    world: World
    page: Any
    people: Sequence[Lead]
    choice: Choice
    evidence: Evidence

    @classmethod
    async def prepare(cls, world: World, people: int) -> "Acts":
        page = await world.page()
        leads = [await world.lead(psid=str(10_000_000_000_000_000 + number)) for number in range(people)]
        async with world.database.transaction() as tx:
            notice = await world.store.notices.current(tx, PAGE, "en")
            shown = await world.store.notices.remember_text(tx, PAGE, "en", "May we write to you?", now=world.now)
            if notice is None:
                raise RuntimeError("the world has no notice")
        choice = Choice(
            topic=OFFERS, act=ConsentAct.GIVEN, shown=shown, notice=notice, said="Yes", way=EntryPoint.QUICK_REPLY
        )
        return cls(world=world, page=page, people=leads, choice=choice, evidence=world.evidence())

    async def a_second(self, at_once: int, seconds: float) -> float:
        """Records a second while so many people act at once."""
        began = time.perf_counter()
        end = began + seconds
        done = await asyncio.gather(*(self._acts_until(end, lead) for lead in self.people[:at_once]))
        return sum(done) / (time.perf_counter() - began)

    async def _acts_until(self, end: float, lead: Lead) -> int:
        ledger, done = self.world.ledger, 0
        while time.perf_counter() < end:
            act = ConsentAct.REFUSED if done % 2 else ConsentAct.GIVEN
            async with self.world.database.transaction() as tx:
                await ledger.record_choice(tx, self.page, lead, self.evidence, replace(self.choice, act=act))
            done += 1
        return done


def _appended(tree: pymerkle.SqliteTree, seconds: float) -> float:
    """Entries a second, each committed before the next."""
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        tree.append_entry(os.urandom(33))
        done += 1
    return done / (time.perf_counter() - began)


# Logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log with people's records, and pymerkle's tree of the same size. `within` runs something in its world."""

    size: int
    tree: pymerkle.SqliteTree
    within: Callable[[Callable[[World], Awaitable[Any]]], Awaitable[Any]]


@asynccontextmanager
async def _log_of(entries: int, dsn: str, folder: Path) -> AsyncIterator[Log]:
    """Made by a task of its own, in which it also stays: the ORM knows one database for each context."""
    asked: asyncio.Queue[tuple[Callable[[World], Awaitable[Any]], asyncio.Future[Any]] | None] = asyncio.Queue()

    async def resident() -> None:
        async with open_world(dsn, folder, Database(dsn, connections=6)) as world:
            while (job := await asked.get()) is not None:
                work, answer = job
                try:
                    answer.set_result(await work(world))
                except Exception as error:
                    answer.set_exception(error)

    async def within(work: Callable[[World], Awaitable[Any]]) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        await asked.put((work, answer))
        return await answer

    task = asyncio.create_task(resident())
    try:
        size = await within(lambda world: _made(world, entries, folder))
        tree = pymerkle.SqliteTree(str(folder / "tree.db"))
        tree.append_entries(os.urandom(33) for _ in range(size))
        yield Log(size=size, tree=tree, within=within)
        tree.close()
    finally:
        await asked.put(None)
        await task


async def _made(world: World, entries: int, folder: Path) -> int:
    """The log, whose newest head a folder and a witness hold, and a head over the entries that say so."""
    size = await big_log(world, entries)
    await world.store.keys.holder.change(lambda ring: replace(ring, log_seeds={**ring.log_seeds, LOG_KEY: SEED}))
    world.now += timedelta(days=2)
    (folder / "kept").mkdir()
    anchors = (
        FolderAnchor(folder=folder / "kept", interval=timedelta(hours=1), clock=world.clock),
        Cosigning(world=world),
    )
    kept = await Anchoring(store=world.store, anchors=anchors, clock=world.clock, random_bytes=os.urandom).step()
    if kept != len(anchors) or not await _sequencer(world).catch_up():
        raise RuntimeError("the log was not anchored")
    return size + kept


def _sequencer(world: World) -> Sequencer:
    return Sequencer(store=world.store, host="log.example", clock=world.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigning:
    """A witness in the house, for what its line costs a bundle."""

    world: World
    method: AnchorMethod = AnchorMethod.WITNESS
    authority: str = WITNESS.name
    interval: timedelta = timedelta(hours=1)

    async def anchor(self, note: bytes) -> Answer:
        line = cosign(signed_text(note), WITNESS, int(self.world.now.timestamp()))
        return Answer(time=self.world.now.replace(microsecond=0), note=add_signatures(note, line))


# Proofs


async def _proofs(small: Log, large: Log) -> list[Row]:
    """Whole bundles in process, of records that were not asked for before, and bare paths of pymerkle."""
    logs = (small, large)
    waiting = [await log.within(_record_ids) for log in logs]
    ours: list[list[list[float]]] = [[], []]
    theirs: list[list[list[float]]] = [[], []]
    for log, ids in zip(logs, waiting, strict=True):
        await log.within(lambda world, ids=ids: _exported(world, ids[:20]))  # type: ignore[misc]
    for turn in range(ROUNDS):
        for number, (log, ids) in enumerate(zip(logs, waiting, strict=True)):
            theirs[number].append(_paths(log.tree, log.size))
            chosen = [ids[(turn * PROOFS + at) % len(ids)] for at in range(PROOFS)]
            ours[number].append(await log.within(lambda world, chosen=chosen: _exported(world, chosen)))  # type: ignore[misc]
    return [
        *_beside("p50", median, SMALL, theirs[0], ours[0]),
        *_beside("p99", _p99, SMALL, theirs[0], ours[0]),
        *_beside("p50", median, LARGE, theirs[1], ours[1]),
        *_beside("p99", _p99, LARGE, theirs[1], ours[1], at_most=50.0),
        ratio(
            f"proof export, p50, at {LARGE:,} over {SMALL:,} entries",
            "ms",
            [median(took) for took in ours[0]],
            [median(took) for took in ours[1]],
            at_most=3.0,
        ),
    ]


def _beside(
    name: str,
    figure: Callable[[Sequence[float]], float],
    entries: int,
    theirs: Sequence[Sequence[float]],
    ours: Sequence[Sequence[float]],
    at_most: float | None = None,
) -> list[Row]:
    product = [figure(took) for took in ours]
    return [
        Row(
            measure=f"proof export, {name}, at {entries:,} entries, beside pymerkle's bare path",
            unit="ms",
            baseline=[figure(took) for took in theirs],
            product=product,
            result=median(product),
            at_most=at_most,
        )
    ]


def _p99(took: Sequence[float]) -> float:
    return quantiles(took, n=100)[98]


async def _record_ids(world: World) -> list[UUID]:
    rows = await world.fetch(
        "select record_id from consent_record where record_sealed is not null order by md5(record_id::text) limit $1",
        PROOFS * ROUNDS,
    )
    return [row["record_id"] for row in rows]


async def _exported(world: World, record_ids: Sequence[UUID]) -> list[float]:
    """Milliseconds of each export."""
    proofs = Proofs(
        store=world.store,
        clock=world.clock,
        checkers=lambda: Checkers(verify_py=verify_py(), verify_html=verify_html()),
        parts=ProofParts(store=world.store, witnesses=(WITNESS.verifier,)),
    )
    took = []
    for record_id in record_ids:
        began = time.perf_counter()
        exported = await proofs.export(record_id)
        took.append((time.perf_counter() - began) * 1000)
        if b"anchors/01-" not in exported.content:
            raise RuntimeError("the bundle has no anchor")
    return took


def _paths(tree: pymerkle.SqliteTree, size: int) -> list[float]:
    """Milliseconds of each inclusion proof."""
    took = []
    for _ in range(PROOFS):
        index = random.randint(1, size)
        began = time.perf_counter()
        tree.prove_inclusion(index, size)
        took.append((time.perf_counter() - began) * 1000)
    return took


# The whole log


async def _audit(log: Log) -> Row:
    async def audited(world: World) -> float:
        began = time.perf_counter()
        report = await LiveAudit(dsn=world.database.dsn, ring=world.store.keys.ring).run(limit=10)
        if report.found:
            raise RuntimeError(f"the audit finds {report.findings}")
        return time.perf_counter() - began

    took = [await log.within(audited)]
    return Row(measure=f"audit of {LARGE:,} entries", unit="s", product=took, result=median(took), at_most=60.0)


async def _sequencing(log: Log) -> list[Row]:
    """From waiting to a signed head, a head for each thousand; pymerkle gets as many at once and gives its root."""

    async def sequenced(world: World) -> float:
        async with world.database.transaction() as tx:
            for _ in range(BATCH):
                await world.store.consents.pend(tx, uuid4(), commit(os.urandom(40), os.urandom(64)))
        began = time.perf_counter()
        if not await _sequencer(world).catch_up():
            raise RuntimeError("somebody else works the log")
        return BATCH / (time.perf_counter() - began)

    def in_bulk() -> float:
        entries = [os.urandom(33) for _ in range(BATCH)]
        began = time.perf_counter()
        for at in range(0, BATCH, 1000):
            log.tree.append_entries(entries[at : at + 1000])
            log.tree.get_root()
        return BATCH / (time.perf_counter() - began)

    baseline, product = [], []
    for _ in range(ROUNDS):
        baseline.append(in_bulk())
        product.append(await log.within(sequenced))
    measure = f"entries sequenced and signed at {LARGE:,}, over pymerkle's in bulk with their roots"
    return [ratio(measure, "entries/s", baseline, product, at_least=0.10)]

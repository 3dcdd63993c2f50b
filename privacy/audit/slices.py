"""How do several processes open the records of one log at once, with keys that stand in no argument and no variable?

The parent hands each its work through a pipe: the database, the snapshot to join, the key-encryption keys, and what to
know of the logs. A child answers with counts, findings and a byte per entry, and ends.
"""

import asyncio
import multiprocessing
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from domain.proof.log import LogKey
from privacy.audit.answers import answer_changed, answer_holds
from privacy.audit.book import FindingBook
from privacy.audit.heads import checks_of
from privacy.audit.openings import LogFrame, NoticeName, OpeningChecks, Sample, TextName
from storage.errors import StorageError
from storage.log_reader import reading
from storage.sealing import WrappingKey

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

Prepare = Callable[[], object]


class AuditInterrupted(StorageError):
    """A part of the audit ended before it was done."""

    code = "audit.interrupted"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the audit was interrupted ({reason}); nothing was changed, run it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceWork:
    """What one process checks: the rows of one of so many slices."""

    dsn: str = field(repr=False)
    snapshot: str
    slices: int
    chosen: int
    secrets: Mapping[int, bytes] = field(repr=False)
    logs: Mapping[int, LogFrame]
    keys: Mapping[int, Sequence[LogKey]]
    limit: int


@dataclass(slots=True, kw_only=True)
class SliceResult:
    """What was found in a slice."""

    book: FindingBook
    states: dict[int, bytearray] = field(default_factory=dict, repr=False)
    kinds: Counter[str] = field(default_factory=Counter)
    notices: dict[tuple[NoticeName, str], Sample] = field(default_factory=dict)
    texts: dict[TextName, Sample] = field(default_factory=dict)
    waiting: int = 0
    checkpoints: int = 0


async def check_slice(work: SliceWork) -> SliceResult:
    """Opens every record of the slice, and checks every signed checkpoint and every outside answer of it."""
    book = FindingBook(limit=work.limit)
    checks = OpeningChecks(
        keys={kid: WrappingKey(kid, secret) for kid, secret in work.secrets.items()}, logs=work.logs, book=book
    )
    heads = checks_of({log_id: frame.origin for log_id, frame in work.logs.items()}, work.keys)
    checkpoints = 0
    async with reading(work.dsn, join=work.snapshot) as reader:
        async for rows in reader.openings(work.slices, work.chosen):
            for row in rows:
                checks.check(row)
        async for row in reader.notes(work.slices, work.chosen):
            checkpoints += 1
            finding = heads[row["log_id"]].check(row["note"], row["size"], row["root"], row["stored_at"])
            if finding is not None:
                book.add(finding)
        async for row in reader.answers(work.slices, work.chosen):
            if not answer_holds(row):
                book.add(answer_changed(row, work.logs[row["log_id"]].origin))
    return SliceResult(
        book=book,
        states=checks.states,
        kinds=checks.kinds,
        notices=checks.notices,
        texts=checks.texts,
        waiting=checks.waiting,
        checkpoints=checkpoints,
    )


@asynccontextmanager
async def slices_at_work(
    work: Sequence[SliceWork], prepare: Prepare | None
) -> AsyncIterator[list["asyncio.Task[SliceResult]"]]:
    """A process for each slice, or none for a single one; they end with the block, whatever happens in it."""
    if len(work) == 1:
        tasks = [asyncio.create_task(check_slice(work[0]))]
        try:
            yield tasks
        finally:
            tasks[0].cancel()
        return
    children = await asyncio.gather(*(asyncio.to_thread(_start, prepare) for _ in work))
    tasks = [
        asyncio.create_task(asyncio.to_thread(_ask, pipe, one)) for (_, pipe), one in zip(children, work, strict=True)
    ]
    try:
        yield tasks
    finally:
        for process, _ in children:
            process.terminate()
        await asyncio.gather(*tasks, return_exceptions=True)
        for process, pipe in children:
            pipe.close()
            await asyncio.to_thread(process.join)


def _start(prepare: Prepare | None) -> "tuple[SpawnProcess, Connection]":
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, prepare), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _ask(pipe: Connection, work: SliceWork) -> SliceResult:
    try:
        pipe.send(work)
        answer = pipe.recv()
    except (EOFError, OSError):
        raise AuditInterrupted("a process ended") from None
    if isinstance(answer, SliceResult):
        return answer
    raise AuditInterrupted(str(answer))


def _child(pipe: Connection, prepare: Prepare | None) -> None:
    # The parent ends its children; a Ctrl-C is the parent's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if prepare is not None:
        prepare()
    try:
        pipe.send(asyncio.run(check_slice(pipe.recv())))
    except StorageError as error:
        pipe.send(error.code)
    except Exception as error:
        # Its text may hold what it was about; a traceback on stderr would too.
        pipe.send(type(error).__name__)

"""What is known of the log so far, while it is audited?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.audit import ChainWalk
from domain.proof.coverage import Coverage, LogAccount, Place
from domain.proof.entry import leaf_hash
from domain.proof.findings import Finding, FindingKind
from domain.proof.log import LogKey
from domain.proof.log_chain import ExpectedRoot, LogFacts
from domain.proof.record_sections import RecordKind
from domain.proof.time_bounds import Bounds
from privacy.audit.book import FindingBook
from privacy.audit.clear_records import ClearRecords
from privacy.audit.heads import HeadChecks, checks_of
from privacy.audit.live import LiveTree
from privacy.audit.openings import LogFrame, NoticeName, Sample, TextName
from privacy.audit.report import MARKS, PEOPLE, AuditReport, LogSummary, summed_up
from privacy.audit.slices import SliceResult
from privacy.audit.tree import TreeCheck
from privacy.audit.words import check_notices, check_texts
from storage.audit import audit_entries
from storage.log_reader import LogReader, LogRow


@dataclass(slots=True, kw_only=True)
class LogState:
    """The logs in their order, oldest first, and everything found and counted."""

    logs: list[LogRow]
    keys: Mapping[int, Sequence[LogKey]]
    heads: Mapping[int, HeadChecks]
    coverage: Coverage
    records: ClearRecords
    book: FindingBook
    limit: int
    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    summaries: list[LogSummary] = field(default_factory=list)
    notices: dict[tuple[NoticeName, str], Sample] = field(default_factory=dict)
    texts: dict[TextName, Sample] = field(default_factory=dict)

    @classmethod
    async def read(cls, reader: LogReader, *, limit: int) -> "LogState":
        """The logs, their keys, and what their own records say."""
        logs, keys = await reader.logs(), _spans(await reader.keys())
        book = FindingBook(limit=limit)
        coverage = Coverage([LogAccount.of(log.origin, log.size) for log in logs])
        heads = checks_of({log.log_id: log.origin for log in logs}, keys)
        records = ClearRecords(logs=logs, coverage=coverage, book=book, heads=heads)
        async for row in reader.records():
            records.take_record(row)
        async for row in reader.anchors():
            records.take_anchor(row)
        records.anchors_done()
        return cls(
            logs=logs,
            keys=keys,
            heads=heads,
            coverage=coverage,
            records=records,
            book=book,
            limit=limit,
            kinds=records.kinds,
        )

    def facts(self) -> list[LogFacts]:
        """What the rules of the chain look at."""
        return [
            LogFacts(
                origin=log.origin,
                size=log.size,
                keys=self.keys.get(log.log_id, ()),
                changes=sorted(self.records.changes.get(log.origin, ()), key=lambda one: one.index),
            )
            for log in self.logs
        ]

    async def frames(self, reader: LogReader) -> dict[int, LogFrame]:
        """What those who open records have to know of the logs."""
        frames = {}
        for number, log in enumerate(self.logs):
            after = [*await reader.head_hours(log.log_id), *self.records.came_after(number)]
            bounds = Bounds.of(after, self.records.came_before(log.origin))
            frames[log.log_id] = LogFrame(origin=log.origin, size=log.size, bounds=bounds)
        return frames

    async def check_trees(self, reader: LogReader, expected: Sequence[ExpectedRoot]) -> None:
        """Builds the tree of every log and compares all that is stored of it."""
        for number, log in enumerate(self.logs):
            check = TreeCheck(
                origin=log.origin,
                size=log.size,
                source=LiveTree(reader=reader, log_id=log.log_id),
                expected=[one for one in expected if one.origin == log.origin],
                limit=self.book.limit,
            )
            result = await check.run(self.coverage, number)
            self.book.merge(result.book)
            stated = await reader.heads(log.log_id, log.size - 1, log.size)
            if result.root != log.root or (log.size and not stated):
                self._add(FindingKind.HEAD_CONTRADICTED, log, log.size)
            await self._beyond(reader, log)
            self.summaries.append(LogSummary(origin=log.origin, size=log.size, root=result.root.hex()))
            self.counts += Counter(entries=log.size, tiles=result.tiles, checkpoints=result.checkpoints)

    async def _beyond(self, reader: LogReader, log: LogRow) -> None:
        """What a log of this size does not have."""
        async for index in reader.outside(log.log_id, log.size):
            self._add(FindingKind.ENTRY_UNEXPECTED, log, index)
        async for size in reader.heads_beyond(log.log_id, log.size):
            self._add(FindingKind.CHECKPOINT_BEYOND, log, size)
        async for level, n in reader.tile_names(log.log_id):
            if not 0 <= level < 8 or not 0 <= n * 256 ** (level + 1) < log.size:
                self._add(FindingKind.TILE_UNEXPECTED, log, None, f"level {level}, number {n}")

    def take(self, result: SliceResult) -> None:
        """What one process found."""
        self.book.merge(result.book)
        self.kinds += result.kinds
        self.counts += Counter(signed_checkpoints=result.checkpoints, waiting=result.waiting)
        for notice, sample in result.notices.items():
            self.notices.setdefault(notice, sample)
        for text, sample in result.texts.items():
            self.texts.setdefault(text, sample)
        numbers = {log.log_id: number for number, log in enumerate(self.logs)}
        for log_id, states in result.states.items():
            self.coverage.merge(numbers[log_id], bytes(states))

    async def finish(self, reader: LogReader) -> AuditReport:
        """What needs everything else: accounting, words, what waits, what operators did."""
        broken = self._newest_break()
        self.book.add_all(self.coverage.findings(broken_after=broken))
        notices = await check_notices(reader.notices(), self.notices, self.book)
        texts = await check_texts(reader.shown_texts(), self.texts, self.book)
        async for row in reader.pending_unknown():
            if leaf_hash(row["entry"]) not in self.coverage.awaited:
                self._unknown(row["entry_id"])
        chain = ChainWalk()
        async for entry in audit_entries(reader.transaction):
            if not chain.holds(entry):
                self.book.add(Finding(kind=FindingKind.AUDIT_BROKEN, index=entry.seq))
        tally = self.coverage.tally()
        counts = {
            "entries": self.counts["entries"],
            "opened": tally.opened,
            "named_as_destroyed": tally.named,
            "named_by_an_operator": tally.by_hand,
            "not_accounted_for": tally.faulty,
            "waiting": self.counts["waiting"] + self.records.waiting,
            "tiles": self.counts["tiles"],
            "checkpoints": self.counts["checkpoints"],
            "signed_checkpoints": self.counts["signed_checkpoints"],
            "anchors": self.records.anchors,
            "notices": notices,
            "questions": texts,
            "acts_of_operators": chain.length,
        }
        if broken is not None and self.book.counts[FindingKind.UNOPENABLE_BEFORE_BREAK]:
            counts |= await self._compared(reader, broken)
        return summed_up(
            self.book,
            logs=self.summaries,
            counts=counts,
            records=self.kinds,
            audit_chain=None if chain.newest is None else chain.newest.hash.hex(),
            limit=self.limit,
        )

    async def _compared(self, reader: LogReader, broken: Place) -> dict[str, int]:
        """How many people the entries are of that a break may explain, beside what speaks of erasures before it."""
        numbers = {log.log_id: number for number, log in enumerate(self.logs)}
        people = set()
        async for row in reader.closed():
            place = None if row["idx"] is None else Place(numbers[row["log_id"]], row["idx"])
            if place is not None and place < broken and not self.coverage.is_named(place):
                people.add((row["page_id"], row["lead_id"]))
        before, after = self.logs[broken.log - 1].log_id, self.logs[broken.log].log_id
        marks, completed = await reader.erased_between(before, after) if broken.log else (0, 0)
        return {
            PEOPLE: len(people),
            MARKS: marks,
            "completed_erasures_before_break": completed,
        }

    def _newest_break(self) -> Place | None:
        places = [
            Place(number, one.index)
            for number, log in enumerate(self.logs)
            for one in self.records.changes.get(log.origin, ())
            if one.kind is RecordKind.LOG_DISCONTINUITY
        ]
        return max(places, default=None)

    def _add(self, kind: FindingKind, log: LogRow, index: int | None, row: str | None = None) -> None:
        self.book.add(Finding(kind=kind, origin=log.origin, index=index, row=row))

    def _unknown(self, entry_id: UUID) -> None:
        self.book.add(Finding(kind=FindingKind.PENDING_UNKNOWN, row=f"record {entry_id}"))


def _spans(rows: Iterable[Mapping[str, object]]) -> dict[int, list[LogKey]]:
    found: dict[int, list[LogKey]] = {}
    for row in rows:
        key = LogKey(**{name: row[name] for name in ("vkey", "seed_name", "from_size", "until")})  # type: ignore[arg-type]
        found.setdefault(row["log_id"], []).append(key)  # type: ignore[arg-type]
    return found

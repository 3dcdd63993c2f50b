"""Does the log of this installation hold together, now?

Everything is read from one snapshot, so a database at work can be audited. The tree is built here while other processes
open the records; then every entry is accounted for. Nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.proof.log_chain import chain_findings, expected_roots, untrusted_keys
from privacy.audit.kept import KeptCheckpoint, expectations
from privacy.audit.report import AuditReport
from privacy.audit.slices import Prepare, SliceWork, slices_at_work
from privacy.audit.state import LogState
from storage.keyring import KeyRing
from storage.log_reader import LogReader, reading

ALONE_BELOW = 5000
"""So few records are opened in this process: another one would take longer to start."""

Trusted = Mapping[str, frozenset[str]]
"""The keys that an auditor trusts to be the first of a log, by its origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAudit:
    """Audits the log of one database. `prepare` runs first in each process that gets keys."""

    dsn: str = field(repr=False)
    ring: KeyRing = field(repr=False)
    processes: int = 2
    prepare: Prepare | None = None
    alone_below: int = ALONE_BELOW

    async def run(
        self, *, limit: int, trusted: Trusted | None = None, kept: Sequence[KeptCheckpoint] = ()
    ) -> AuditReport:
        """All findings, at most `limit` of them shown."""
        async with reading(self.dsn) as reader:
            state = await LogState.read(reader, limit=limit)
            facts = state.facts()
            state.book.add_all(chain_findings(facts))
            if trusted is not None:
                state.book.add_all(untrusted_keys(facts, trusted))
            sizes = {log.origin: log.size for log in state.logs}
            expected = [*state.records.expected, *expected_roots(facts)]
            expected += expectations(kept, sizes, list(state.heads.values()), state.book)
            async with slices_at_work(await self._work(reader, state), self.prepare) as slices:
                await state.check_trees(reader, expected)
                for task in slices:
                    state.take(await task)
            return await state.finish(reader)

    async def _work(self, reader: LogReader, state: LogState) -> list[SliceWork]:
        slices = self.processes if await reader.openings_count() >= self.alone_below else 1
        frames, snapshot = await state.frames(reader), await reader.snapshot()
        return [
            SliceWork(
                dsn=self.dsn,
                snapshot=snapshot,
                slices=slices,
                chosen=chosen,
                secrets={kek.kid: kek.secret for kek in self.ring.keks},
                logs=frames,
                keys=state.keys,
                limit=state.book.limit,
            )
            for chosen in range(slices)
        ]

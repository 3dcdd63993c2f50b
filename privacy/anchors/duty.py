"""Who sees to it that every authority gets its checkpoints, and that what they answer is kept and logged?

One process at a time does it, the one that sequences the log. An answer that was verified is kept in one transaction
with the log record that says so: an anchor without its entry, or an entry without its anchor, cannot exist.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.proof import record_sections
from domain.proof.anchoring import Standing, Turn, overdue_by, turn
from domain.proof.checkpoint import Checkpoint
from domain.proof.entry import NONCE_BYTES
from domain.proof.note import signed_text
from domain.proof.record import ProofRecord
from domain.proof.record_sections import AnchorMethod, RecordKind, TimeUnit
from privacy.anchors.port import Anchor, AnchorFailed, Answer, Misconfigured, Trouble
from privacy.log_changes import YEAR_ENDED
from storage.anchors import AnchorState, StoredAnchor
from storage.errors import StorageError
from storage.log import StoredCheckpoint
from storage.store import Store

log = logging.getLogger(__name__)

_IN_SECONDS = {AnchorMethod.RFC3161, AnchorMethod.WITNESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A signed checkpoint of one log, and how far each authority covers that log."""

    log_id: int
    size: int
    note: bytes = field(repr=False)
    newest: Sequence[StoredAnchor] = field(repr=False)


@dataclass(slots=True, kw_only=True, eq=False)
class Anchoring:
    """Brings checkpoints to the authorities of this installation; `random_bytes` gives ids and nonces."""

    store: Store
    anchors: Sequence[Anchor]
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    _alarmed: dict[tuple[AnchorMethod, str], int] = field(default_factory=dict)

    async def step(self) -> int:
        """One look: every authority whose turn it is gets its checkpoint, all at once; how many anchors were kept."""
        if not self.anchors:
            return 0
        candidates, states = await self._look()
        served = [self._serve(anchor, candidates, states) for anchor in self.anchors]
        kept = await asyncio.gather(*served, return_exceptions=True)
        await self._alarm()
        for one in kept:
            if isinstance(one, BaseException):
                raise one
        return sum(one for one in kept if isinstance(one, int))

    async def keep(self, anchor: Anchor, log_id: int, note: bytes) -> StoredAnchor | None:
        """Asks the authority and keeps what it answers with its log record; None when it failed, which is noted."""
        try:
            answer = await anchor.anchor(note)
            return await self._keep(anchor, log_id, answer)
        except AnchorFailed as error:
            await self._failed(anchor, error)
        except (StorageError, asyncio.CancelledError):
            raise
        except Exception:
            # A stranger's answer that finds a fault in our code must not end the worker that sequences the log.
            log.exception("anchor.broken_off", extra={"kind": anchor.method})
            await self._failed(anchor, Misconfigured(Trouble.FAULT))
        return None

    async def _look(self) -> tuple[list[Candidate], dict[tuple[AnchorMethod, str], AnchorState]]:
        async with self.store.database.transaction() as tx:
            # A log that was given up may lack what an authority has seen of it: nobody is asked about that again.
            heads = [head for head in await self.store.log.heads(tx) if head.closed_reason in (None, YEAR_ENDED)]
            stored = [await self.store.log.newest_checkpoint(tx, head.log_id) for head in heads]
            candidates = [
                Candidate(
                    log_id=one.log_id,
                    size=one.size,
                    note=_note(one),
                    newest=await self.store.anchors.newest(tx, one.log_id),
                )
                for one in stored
                if one is not None and one.size > 0
            ]
            states = {(state.method, state.authority): state for state in await self.store.anchors.states(tx)}
        return candidates, states

    async def _serve(
        self,
        anchor: Anchor,
        candidates: Sequence[Candidate],
        states: dict[tuple[AnchorMethod, str], AnchorState],
    ) -> int:
        """The newest log first: an older one only lacks its end."""
        kept = 0
        for candidate in reversed(candidates):
            standing = standing_of(anchor, candidate.newest, states.get((anchor.method, anchor.authority)))
            if turn(standing, size=candidate.size, now=self.clock()) is not Turn.DUE:
                continue
            if await self.keep(anchor, candidate.log_id, candidate.note) is None:
                break
            kept += 1
        return kept

    async def _keep(self, anchor: Anchor, log_id: int, answer: Answer) -> StoredAnchor:
        now = self.clock()
        checkpoint = Checkpoint.parse(signed_text(answer.note))
        section = record_sections.Anchor(
            method=anchor.method,
            authority=anchor.authority,
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            checkpoint_sha256=hashlib.sha256(answer.note).hexdigest(),
            answer_sha256=None if answer.answer is None else hashlib.sha256(answer.answer).hexdigest(),
        )
        record = ProofRecord(
            kind=RecordKind.ANCHOR,
            record_id=self._uuid(),
            event_time=answer.time,
            event_time_unit=TimeUnit.SECONDS if anchor.method in _IN_SECONDS else TimeUnit.MILLISECONDS,
            received_at=now,
            log_anchor=section,
        )
        stored = StoredAnchor(
            anchor_id=self._uuid(),
            log_id=log_id,
            method=anchor.method,
            authority=anchor.authority,
            size=checkpoint.size,
            note=answer.note,
            answer=answer.answer,
            anchored_at=answer.time,
            kept_at=now,
            record_id=record.record_id,
        )
        async with self.store.database.transaction() as tx:
            await self.store.log_records.append(tx, record, self.random_bytes(NONCE_BYTES))
            await self.store.anchors.add(tx, stored)
        log.info("anchor.kept", extra={"kind": anchor.method, "size": checkpoint.size})
        return stored

    async def _failed(self, anchor: Anchor, error: AnchorFailed) -> None:
        level = logging.ERROR if isinstance(error, Misconfigured) else logging.WARNING
        log.log(level, "anchor.failed", extra={"kind": anchor.method, "error": error.trouble})
        async with self.store.database.transaction() as tx:
            await self.store.anchors.failed(
                tx, anchor.method, anchor.authority, error=error.trouble.value, now=self.clock()
            )

    async def _alarm(self) -> None:
        """Says of each authority that is overdue, once an interval, that it is."""
        async with self.store.database.connection() as connection:
            states = {(state.method, state.authority): state for state in await self.store.anchors.states(connection)}
        for anchor in self.anchors:
            name = (anchor.method, anchor.authority)
            state = states.get(name)
            if state is None:
                continue
            overdue = overdue_by(state.last_kept_at, state.first_tried_at, anchor.interval, self.clock())
            if overdue > self._alarmed.get(name, 0):
                log.error("anchor.overdue", extra={"kind": anchor.method, "intervals": overdue, "error": state.error})
            self._alarmed[name] = overdue

    def _uuid(self) -> UUID:
        return UUID(bytes=self.random_bytes(16), version=4)


def standing_of(anchor: Anchor, newest: Sequence[StoredAnchor], state: AnchorState | None) -> Standing:
    """What the rule of turns needs to know of an authority and one log."""
    mine = [one for one in newest if (one.method, one.authority) == (anchor.method, anchor.authority)]
    return Standing(
        interval=anchor.interval,
        covered=max((one.size for one in mine), default=0),
        kept_at=max((one.kept_at for one in mine), default=None),
        tried_at=None if state is None else state.last_tried_at,
        failures=0 if state is None else state.failures,
    )


def _note(checkpoint: StoredCheckpoint) -> bytes:
    return (checkpoint.note or "").encode()

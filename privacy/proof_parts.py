"""What stands in the log around one record, as a bundle holds it?

Everything comes from one snapshot and in a fixed order, so that an unchanged state gives an unchanged bundle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.proof.bundle_parts import MAX_RELATED, HeldState, LoggedRecord
from domain.proof.keys import Verifier
from domain.proof.merkle import (
    Coordinate,
    Read,
    consistency_coordinates,
    consistency_path,
    inclusion_coordinates,
    inclusion_path,
)
from domain.proof.note import add_signatures, lines_by, signed_text
from domain.proof.tlog_proof import TlogProof
from storage.anchors import PlacedAnchor
from storage.database import Transaction
from storage.log import LogEntry, StoredCheckpoint
from storage.log_records import LogRecord
from storage.proof_rows import ProofRows
from storage.store import Store


class ProofUnavailable(Exception):
    """There is no proof to hand over now; the text says why and what to do."""

    code = "proof.unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The committed bytes of a record and the nonce that opens its entry."""

    record_id: UUID
    record: bytes = field(repr=False)
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The main record and all that proves it and stands around it; `left_out` counts other records of the person."""

    main: LoggedRecord
    log_vkeys: tuple[str, ...]
    witnesses: tuple[tuple[str, str], ...]
    related: tuple[LoggedRecord, ...]
    keys: tuple[LoggedRecord, ...]
    anchors: tuple[HeldState, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class _State:
    """A signed checkpoint under which records of a bundle stand."""

    size: int
    note: bytes


@dataclass(frozen=True, slots=True)
class _Tree:
    """A log at one state, with the hashes that the proofs asked for need."""

    state: _State
    read: Read

    def logged(self, opening: Opening, index: int) -> LoggedRecord:
        path = inclusion_path(index, self.state.size, self.read)
        proof = TlogProof(index=index, path=path, checkpoint=self.state.note, extra=opening.nonce)
        return LoggedRecord(record=opening.record, proof=proof)

    def path_from(self, old: int) -> tuple[bytes, ...]:
        return consistency_path(old, self.state.size, self.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofParts:
    """Collects the parts of a bundle; `witnesses` are the keys of the witnesses that are asked here."""

    store: Store
    witnesses: tuple[Verifier, ...] = ()
    rows: ProofRows = field(default_factory=ProofRows)

    async def collect(self, tx: Transaction, main: Opening, others: Sequence[Opening]) -> Placed:
        """All parts from the snapshot `tx`; raises ProofUnavailable while the record has no signed place."""
        places = await self.store.log.find_all(tx, [main.record_id, *(other.record_id for other in others)])
        states = await self._states(tx, {place.log_id for place in places.values()})
        signed = {
            name: one for name, one in places.items() if one.log_id in states and one.index < states[one.log_id].size
        }
        place = signed.get(main.record_id)
        if place is None:
            raise ProofUnavailable("the record has no signed place in the log yet; try again in some seconds")
        vkeys = await self.rows.keys(tx, sorted(states))
        chosen = _first_and_last([one for one in others if one.record_id in signed])
        around = [signed[one.record_id] for one in chosen]
        states[place.log_id] = await self._cosigned(tx, place, states[place.log_id], around)
        anchors = await self._anchors(tx, place, states[place.log_id], vkeys[place.log_id])
        trees = await self._trees(tx, states, place, around, anchors)
        used = [place.log_id, *sorted({one.log_id for one in around} - {place.log_id})]
        held = await self._held(tx, trees[place.log_id], anchors)
        return Placed(
            main=trees[place.log_id].logged(main, place.index),
            log_vkeys=tuple(vkey for log_id in used for vkey in vkeys[log_id]),
            witnesses=self._seen([trees[place.log_id].state.note, *(anchor.note for anchor in held)]),
            related=tuple(
                trees[where.log_id].logged(one, where.index) for one, where in zip(chosen, around, strict=True)
            ),
            keys=await self._key_changes(tx, used),
            anchors=held,
            left_out=len(others) - len(chosen),
        )

    async def _states(self, tx: Transaction, log_ids: Iterable[int]) -> dict[int, _State]:
        """The newest signed checkpoint of each of these logs that has one."""
        found = {log_id: _state(await self.store.log.newest_checkpoint(tx, log_id)) for log_id in sorted(log_ids)}
        return {log_id: state for log_id, state in found.items() if state is not None}

    async def _cosigned(self, tx: Transaction, place: LogEntry, newest: _State, around: Sequence[LogEntry]) -> _State:
        """The state with the most to show for it: cosigned by witnesses, if that costs neither anchor nor record.

        The newest checkpoint is rarely cosigned yet; an auditor whose policy asks for witnesses needs one that is.
        """
        names = sorted({one.name for one in self.witnesses})
        cosigned = await self.rows.cosigned(tx, place.log_id, place.index, size=newest.size, witnesses=names)
        if cosigned is None:
            return newest
        signed = _state(await self.store.log.checkpoint_over(tx, place.log_id, cosigned.size - 1))
        lines = b"".join(lines_by(note, self.witnesses) for note in cosigned.notes)
        if signed is None or signed.size != cosigned.size or not lines:
            return newest
        state = _State(signed.size, add_signatures(signed.note, lines))
        if cosigned.size == newest.size:
            return state
        if any(one.log_id == place.log_id and one.index >= cosigned.size for one in around):
            return newest
        upper = [
            await self.store.anchors.upper(tx, place.log_id, place.index, size=size)
            for size in (newest.size, cosigned.size)
        ]
        if upper[0] != upper[1]:
            return newest
        return state

    async def _anchors(
        self, tx: Transaction, place: LogEntry, state: _State, vkeys: Sequence[str]
    ) -> list[PlacedAnchor]:
        """Of each authority the latest anchor logged before the record, and the earliest that covers it.

        Without those of witnesses whose key is not known here: nobody could tell a changed line of theirs.
        """
        before = await self.store.anchors.lower(tx, place.log_id, place.index)
        after = await self.store.anchors.upper(tx, place.log_id, place.index, size=state.size)
        known = (*(Verifier.from_vkey(vkey) for vkey in vkeys), *self.witnesses)
        usable = [one for one in (*before, *after) if _signed_by_these_alone(one.anchor.note, known)]
        return sorted(usable, key=lambda one: (one.anchor.size, one.index))

    async def _trees(
        self,
        tx: Transaction,
        states: Mapping[int, _State],
        place: LogEntry,
        around: Sequence[LogEntry],
        anchors: Sequence[PlacedAnchor],
    ) -> dict[int, _Tree]:
        indexes: dict[int, list[int]] = {place.log_id: [place.index, *(one.index for one in anchors)]}
        for one in around:
            indexes.setdefault(one.log_id, []).append(one.index)
        olds = {place.log_id: [one.anchor.size for one in anchors]}
        return {
            log_id: await self._tree(tx, log_id, states[log_id], wanted, olds.get(log_id, ()))
            for log_id, wanted in indexes.items()
        }

    async def _tree(
        self, tx: Transaction, log_id: int, state: _State, indexes: Iterable[int], olds: Iterable[int] = ()
    ) -> _Tree:
        needed: dict[Coordinate, None] = {}
        for index in indexes:
            needed |= dict.fromkeys(inclusion_coordinates(index, state.size))
        for old in olds:
            needed |= dict.fromkeys(consistency_coordinates(old, state.size))
        return _Tree(state, await self.store.log.reader(tx, log_id, state.size, needed))

    async def _held(self, tx: Transaction, tree: _Tree, anchors: Sequence[PlacedAnchor]) -> tuple[HeldState, ...]:
        records = await self.store.log_records.get_all(tx, [one.anchor.record_id for one in anchors])
        return tuple(
            HeldState(
                note=one.anchor.note,
                size=one.anchor.size,
                path=tree.path_from(one.anchor.size),
                answer=one.anchor.answer,
                entry=tree.logged(opening_of(records[one.anchor.record_id]), one.index),
            )
            for one in anchors
        )

    async def _key_changes(self, tx: Transaction, log_ids: Sequence[int]) -> tuple[LoggedRecord, ...]:
        """Each change of a key under the first checkpoint over it, which the key before has signed too."""
        found = []
        for change in await self.rows.key_changes(tx, log_ids):
            over = _state(await self.store.log.checkpoint_over(tx, change.log_id, change.index))
            if over is not None:
                tree = await self._tree(tx, change.log_id, over, [change.index])
                found.append(tree.logged(opening_of(change.record), change.index))
        return tuple(found)

    def _seen(self, notes: Sequence[bytes]) -> tuple[tuple[str, str], ...]:
        """The witnesses of ours that have a line in one of these notes, by name and key."""
        seen = [one for one in self.witnesses if any(lines_by(note, (one,)) for note in notes)]
        return tuple(sorted((one.name, one.vkey) for one in seen))


def _state(checkpoint: StoredCheckpoint | None) -> _State | None:
    return None if checkpoint is None or checkpoint.note is None else _State(checkpoint.size, checkpoint.note.encode())


def opening_of(record: LogRecord) -> Opening:
    """What opens the entry of a record that concerns nobody."""
    return Opening(record_id=record.record_id, record=record.record, nonce=record.nonce)


def _first_and_last(openings: list[Opening]) -> list[Opening]:
    """As many as a bundle holds: how it began and where it stands, without the middle where there are too many."""
    half = MAX_RELATED // 2
    return openings if len(openings) <= MAX_RELATED else [*openings[:half], *openings[half - MAX_RELATED :]]


def _signed_by_these_alone(note: bytes, known: Sequence[Verifier]) -> bool:
    return lines_by(note, known) == note[len(signed_text(note)) + 1 :]

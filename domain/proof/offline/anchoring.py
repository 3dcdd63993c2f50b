"""What does an anchor in the bundle show, and would it still if the operator lied?

An anchor that contradicts itself, its record or the log is wrong. One that holds, but whose root or key the auditor did
not bring, is not confirmed: it then says no more than the operator's word.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.proof.offline.certificates import Certificate, trusted_root
from domain.proof.offline.container import Item
from domain.proof.offline.entries import Entry, SeenStates, place_entry, read_entry
from domain.proof.offline.errors import Wrong
from domain.proof.offline.kept import Kept
from domain.proof.offline.notes import Checkpoint, Key, Opened, open_note, read_note
from domain.proof.offline.paths import read_consistency_proof
from domain.proof.offline.report import AnchorFact
from domain.proof.offline.timestamps import read_time_stamp
from domain.proof.offline.tree import check_consistency


@dataclass(frozen=True, slots=True)
class AnchorKeys:
    """What anchors are checked with: keys of the log, and what the auditor brought or the bundle names."""

    logs: tuple[Key, ...]
    older_logs: tuple[Key, ...]
    given_witnesses: tuple[Key, ...]
    witnesses: tuple[Key, ...]
    roots: tuple[Certificate, ...]
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class AnchorStatus:
    """One anchor that holds in itself; `confirmed` by something that did not come with the bundle.

    `timed` when that is the authority's own signature, whose time counts too; a kept copy confirms the state alone.
    """

    name: str
    fact: AnchorFact
    text: bytes
    confirmed: bool
    timed: bool
    detail: str


def check_anchor(item: Item, main: Opened, main_note: bytes, keys: AnchorKeys, states: SeenStates) -> AnchorStatus:
    """What this anchor shows about the state that the main record stands under; Wrong when it does not hold."""
    note = item.parts["checkpoint"]
    # Keys that the log had before may sign here and nowhere else: the path to the main state makes up for them.
    opened = open_note(note, (*keys.logs, *keys.older_logs), keys.witnesses)
    anchored = opened.checkpoint
    if anchored.origin != main.checkpoint.origin:
        raise Wrong("it is of another log")
    _check_continued(item, anchored, main.checkpoint, main_note)
    states.add(anchored)
    entry = read_entry(item, "anchor")
    placed = place_entry(entry, keys.logs, keys.witnesses)
    if placed.checkpoint.origin != main.checkpoint.origin:
        raise Wrong("its record stands in another log")
    states.add_newest(placed.checkpoint, entry.proof.note)
    authority = _check_record_fits(item, entry, anchored)
    time = str(entry.record.text("event_time"))
    kept = any(own.checkpoint.text == anchored.text for own in keys.kept)
    if item.kind == "rfc3161":
        timed, detail = _by_time_stamp(item.parts["tsr"], note, time, keys.roots)
    elif item.kind == "witness":
        timed, detail = _by_witness(opened, note, authority, time, keys)
    elif authority != item.kind:
        raise Wrong(f"its authority is not {item.kind}")
    else:
        timed, detail = False, "no kept checkpoint (--checkpoint) equals it"
    fact = AnchorFact(
        method=item.kind, authority=authority, time=time, size=anchored.size, index=entry.proof.index
    )  # fmt: skip
    if kept and not timed:
        detail = "confirmed by the checkpoint you kept; go by the time at which you got it"
    return AnchorStatus(item.name, fact, anchored.text, timed or kept, timed, detail)


def _check_continued(item: Item, anchored: Checkpoint, main: Checkpoint, main_note: bytes) -> None:
    proof = read_consistency_proof(item.parts["consistency"])
    if proof.note != main_note:
        raise Wrong("its consistency proof leads to another checkpoint than that of record.tlog-proof")
    if proof.old_size != anchored.size:
        raise Wrong("its consistency proof begins at another size than its checkpoint")
    check_consistency(anchored.size, main.size, proof.path, anchored.root, main.root)


def _check_record_fits(item: Item, entry: Entry, anchored: Checkpoint) -> str:
    """The authority that the anchor's record names, once method, state and digests are those of the files."""
    said = entry.record.part("log_anchor")
    answer = item.parts.get("tsr")
    facts = {
        "method": item.kind,
        "origin": anchored.origin,
        "size": anchored.size,
        "root": anchored.root.hex(),
        "checkpoint_sha256": hashlib.sha256(item.parts["checkpoint"]).hexdigest(),
        "answer_sha256": None if answer is None else hashlib.sha256(answer).hexdigest(),
    }
    for name, value in facts.items():
        if said.get(name) != value:
            raise Wrong(f"its record names another {name} than the files have")
    return str(said["authority"])


def _by_time_stamp(answer: bytes, note: bytes, time: str, roots: tuple[Certificate, ...]) -> tuple[bool, str]:
    stamp = read_time_stamp(answer, note)
    _check_time(time, stamp.time, "the token")
    if not roots:
        return False, "the token holds in itself; its root was not given (--tsa-root)"
    try:
        root = trusted_root(stamp.signer, stamp.certificates, roots, stamp.time)
    except Wrong as error:
        return False, f"the token holds in itself, but {error}"
    return True, f"confirmed by the root {root.common_name}"


def _by_witness(opened: Opened, note: bytes, authority: str, time: str, keys: AnchorKeys) -> tuple[bool, str]:
    if all(line.name != authority for line in read_note(note)[1]):
        raise Wrong("its checkpoint has no signature line of its authority")
    seen = [cosignature for cosignature in opened.cosignatures if cosignature.key.name == authority]
    for cosignature in seen:
        _check_time(time, _moment(cosignature.time), "the cosignature")
    if any(cosignature.key in keys.given_witnesses for cosignature in seen):
        return True, "confirmed by the witness key you gave"
    if seen:
        return False, "the cosignature fits a key that came with the bundle; no such key was given (--policy)"
    return False, "the key of this witness was not given (--policy)"


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Wrong("the time of a cosignature is beyond the calendar") from None


def _check_time(recorded: str, found: datetime, what: str) -> None:
    if recorded[:19] != found.strftime("%Y-%m-%dT%H:%M:%S"):
        raise Wrong(f"its record has another time than {what}")

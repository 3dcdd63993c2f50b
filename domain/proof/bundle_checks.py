"""Do the parts of a proof belong together, so that it may be handed out?

A bundle that the verifier would refuse is never made: a record that was edited, a nonce of another record, a notice
that was changed in place or an anchor of another log end here, with a reason.
"""

import hashlib
from dataclasses import dataclass, field

from domain.proof.bundle_parts import MAX_RELATED, HeldState, Identity, LoggedRecord, OptInProof, RawDelivery
from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.entry import commit_name, commit_principal, commit_raw
from domain.proof.errors import BundleError, ProofError
from domain.proof.keys import Verifier
from domain.proof.merkle import verify_consistency, verify_inclusion
from domain.proof.note import open_note
from domain.proof.policy import Policy
from domain.proof.record import ProofRecord
from domain.proof.record_sections import Anchor, RecordKind


def check_parts(proof: OptInProof) -> Checkpoint:
    """The checkpoint that the main record stands under; raises a ProofError that says which part does not fit."""
    notes = _Notes(Policy.parse(proof.policy).verifiers)
    record = proof.main.decoded
    checkpoint = notes.place(proof.main, "the record")
    _check_notice(record, proof.notice)
    _check_related(record, proof.related, notes)
    for number, item in enumerate(proof.keys, 1):
        if item.decoded.kind is not RecordKind.KEY_ROTATED:
            raise BundleError(f"key change {number} is a record of another kind")
        notes.place(item, f"key change {number}")
    for number, anchor in enumerate(proof.anchors, 1):
        _check_anchor(anchor, checkpoint, notes, f"anchor {number}")
    if proof.identity is not None:
        _check_identity(record, proof.identity)
    if proof.raw is not None:
        _check_raw(record, proof.raw)
    return checkpoint


@dataclass(frozen=True, slots=True)
class _Notes:
    """Opens checkpoints, each once, with the keys that the bundle names."""

    verifiers: tuple[Verifier, ...]
    opened: dict[bytes, Checkpoint] = field(default_factory=dict)

    def open(self, note: bytes) -> Checkpoint:
        if note not in self.opened:
            if open_note(note, self.verifiers).unknown:
                raise BundleError("a checkpoint bears the signature of a key that the bundle does not name")
            self.opened[note] = open_cosigned(note, self.verifiers).checkpoint
        return self.opened[note]

    def place(self, item: LoggedRecord, what: str) -> Checkpoint:
        """The checkpoint under which the entry stands where its proof says."""
        try:
            checkpoint = self.open(item.proof.checkpoint)
            verify_inclusion(item.leaf, item.proof.index, checkpoint.size, item.proof.path, checkpoint.root)
        except ProofError as error:
            raise BundleError(f"{what}: {error}") from None
        return checkpoint


def _check_notice(record: ProofRecord, notice: bytes | None) -> None:
    named = record.privacy_notice
    if named is None and notice is not None:
        raise BundleError("there is a notice, and the record names none")
    if named is not None and notice is None:
        raise BundleError("the record names a notice that is not there any more")
    if named is not None and notice is not None and hashlib.sha256(notice).hexdigest() != named.sha256:
        raise BundleError("the notice is not the text whose SHA-256 the record names: it was changed since")


def _check_related(record: ProofRecord, related: tuple[LoggedRecord, ...], notes: _Notes) -> None:
    if len(related) > MAX_RELATED:
        raise BundleError(f"there are more than {MAX_RELATED} related records")
    seen = {record.record_id}
    for number, item in enumerate(related, 1):
        other = item.decoded
        if other.pii_principal_id is None or (other.page_id, other.pii_principal_id) != (
            record.page_id,
            record.pii_principal_id,
        ):
            raise BundleError(f"related record {number} is of another Page or person")
        if other.record_id in seen:
            raise BundleError(f"related record {number} is there twice")
        seen.add(other.record_id)
        notes.place(item, f"related record {number}")


def _check_anchor(anchor: HeldState, main: Checkpoint, notes: _Notes, what: str) -> None:
    held, said = notes.open(anchor.note), anchor.entry.decoded.log_anchor
    if said is None or notes.place(anchor.entry, f"the record of {what}") != main:
        raise BundleError(f"the record of {what} is no anchor under the checkpoint of the main record")
    expected = Anchor(
        method=said.method,
        authority=said.authority,
        origin=main.origin,
        size=held.size,
        root=held.root.hex(),
        checkpoint_sha256=hashlib.sha256(anchor.note).hexdigest(),
        answer_sha256=None if anchor.answer is None else hashlib.sha256(anchor.answer).hexdigest(),
    )
    if said != expected or held.origin != main.origin or anchor.size != held.size:
        raise BundleError(f"{what} is not what its record says")
    verify_consistency(held.size, main.size, anchor.path, held.root, main.root)


def _check_identity(record: ProofRecord, identity: Identity) -> None:
    principal = commit_principal(identity.page_id, identity.psid, identity.principal_nonce)
    if (identity.page_id, principal) != (record.page_id, record.pii_principal_id):
        raise BundleError("the identity is not the one that the record commits to")
    if identity.name is None and identity.name_nonce is None:
        return
    if identity.name is None or identity.name_nonce is None:
        raise BundleError("a name is disclosed with its nonce or not at all")
    if commit_name(identity.name, identity.name_nonce) != record.name_commitment:
        raise BundleError("the name is not the one that the record commits to")


def _check_raw(record: ProofRecord, raw: RawDelivery) -> None:
    if record.raw_event is None or commit_raw(raw.content, raw.nonce) != record.raw_event.commitment:
        raise BundleError("the delivery is not the one that the record commits to")

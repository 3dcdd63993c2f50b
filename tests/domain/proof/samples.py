"""Valid proofs, records and keys for these tests; each builder lets one thing be other."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.page import MarketingBasis
from domain.proof.bundle_parts import Checkers, HeldState, Identity, LoggedRecord, OptInProof, RawDelivery
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.entry import commit, commit_name, commit_principal, commit_raw, leaf_hash
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import EMPTY_FRONTIER, append, consistency_path, inclusion_path, node_hash, root_of
from domain.proof.note import add_signatures, cosign, sign
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode
from domain.proof.record_sections import (
    Anchor,
    AnchorMethod,
    Consent,
    Controller,
    Destroyed,
    EntryPoint,
    ImportClaim,
    LogChange,
    PrivacyNotice,
    RawCovers,
    RawEvent,
    Receipt,
    RecordKind,
    TimeUnit,
)
from domain.proof.tlog_proof import TlogProof

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "proof_vectors.json").read_text(encoding="utf-8")
)
NOTICE = b"Privacy notice, version 3.\nWe answer you.\n"
LOG = Signer(name="log.example/2026", key_type=KeyType.ED25519, seed=bytes(range(32)))
OTHER_LOG = Signer(name="log.example/2026", key_type=KeyType.ED25519, seed=bytes(range(1, 33)))
WITNESS = Signer(name="witness.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(range(2, 34)))


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def make_leaves(size: int, seed: int = 0) -> list[bytes]:
    return [hashlib.sha256(b"%d %d" % (seed, number)).digest() for number in range(size)]


def full_subtrees(leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    _, nodes = append(EMPTY_FRONTIER, leaves)
    return {(level, index): value for level, index, value in nodes}


def make_record(kind: RecordKind = RecordKind.CONSENT_GIVEN, **changes: Any) -> ProofRecord:
    """A record with all that its kind needs, and most of what an act may bring along."""
    values: dict[str, Any] = {
        "kind": kind,
        "record_id": UUID(int=1),
        "page_id": "104567890123456",
        "pii_principal_id": "ab" * 32,
        "event_time": datetime(2026, 11, 23, 16, 20, 1, 123000, tzinfo=UTC),
        "event_time_unit": TimeUnit.MILLISECONDS,
        "received_at": datetime(2026, 11, 23, 16, 20, 2, tzinfo=UTC),
        "controller": Controller(name="Bakery GmbH", contact="privacy@bakery.example"),
    }
    return ProofRecord(**(values | _PARTS.get(kind, {}) | changes))


NOTICE_NAMED = PrivacyNotice(version=3, language="en", sha256=hashlib.sha256(NOTICE).hexdigest(), mid="m_1")
QUESTION = Consent(
    topic="news",
    text="May we send you news?",
    text_version="3",
    language="en",
    choice="Yes, please",
    minimum_age=16,
)
RAW_EVENT = RawEvent(
    commitment="11" * 32, covers=RawCovers.BODY, signature_header="sha256=" + "33" * 32, secret="app-1"
)
_NOBODY: dict[str, Any] = {"page_id": None, "pii_principal_id": None, "controller": None}
_OURS: dict[str, Any] = {"event_time": None, "event_time_unit": TimeUnit.MISSING}
_LOG_RECORD = _NOBODY | _OURS
_END: dict[str, Any] = _OURS | {
    "pii_principal_id": None,
    "unreadable_by": datetime(2026, 12, 7, tzinfo=UTC),
    "destroyed": (Destroyed.of(LOG.name, [0, 1, 2, 3, 7]),),
    "waiting": ("77" * 32,),
    "counts": {"records": 5, "messages": 2},
}
_PARTS: dict[RecordKind, dict[str, Any]] = {
    RecordKind.CONVERSATION_STARTED: {
        "entry_point": EntryPoint.GET_STARTED,
        "marketing_basis": MarketingBasis.EXPLICIT,
        "envelope_time": datetime(2026, 11, 23, 16, 20, 1, tzinfo=UTC),
        "envelope_time_unit": TimeUnit.SECONDS,
        "raw_event": RAW_EVENT,
    },
    RecordKind.NOTICE_SHOWN: {"privacy_notice": NOTICE_NAMED},
    RecordKind.CONSENT_GIVEN: {
        "entry_point": EntryPoint.QUICK_REPLY,
        "privacy_notice": NOTICE_NAMED,
        "consent": QUESTION,
        "purposes": ("dpv:DirectMarketing",),
        "lawful_basis": "eu-gdpr:A6-1-a",
        "marketing_basis": MarketingBasis.EXPLICIT,
        "withdrawal_method": ("keyword", "link"),
    },
    RecordKind.CONSENT_REFUSED: {
        "entry_point": EntryPoint.KEYWORD,
        "name_commitment": "cd" * 32,
        "privacy_notice": NOTICE_NAMED,
        "consent": replace(QUESTION, choice="no"),
        "purposes": ("dpv:DirectMarketing",),
        "raw_event": replace(RAW_EVENT, covers=RawCovers.EVENT),
    },
    RecordKind.CONSENT_WITHDRAWN: {"entry_point": EntryPoint.LINK, "topics": ("news",), **_OURS},
    RecordKind.RECEIPT_SENT: {
        "receipt": Receipt(receipt_id="K7PM-2XQ4", text_sha256="44" * 32, mid="m_2"),
        "previous": (UUID(int=2),),
    },
    RecordKind.ERASURE_DONE: {"entry_point": EntryPoint.CALLBACK, **_END},
    RecordKind.RECORD_EXPIRED: _END,
    RecordKind.IMPORT_CLAIM: {
        "entry_point": EntryPoint.CONSOLE,
        "claim": ImportClaim(
            source="list of 2024",
            claimed_at=datetime(2024, 5, 1, 9, 30, tzinfo=UTC),
            statement="said yes in the shop",
        ),
        **_OURS,
    },
    RecordKind.ANCHOR: _NOBODY
    | {
        "log_anchor": Anchor(
            method=AnchorMethod.RFC3161,
            authority="tsa.example",
            origin=LOG.name,
            size=8,
            root="55" * 32,
            checkpoint_sha256="66" * 32,
            answer_sha256="88" * 32,
        ),
    },
    RecordKind.LOG_STARTED: _LOG_RECORD | {"log": LogChange(origin=LOG.name, vkey=LOG.verifier.vkey)},
    RecordKind.KEY_ROTATED: _LOG_RECORD
    | {"log": LogChange(origin=LOG.name, vkey=OTHER_LOG.verifier.vkey, previous_vkey=LOG.verifier.vkey)},
    RecordKind.LOG_DISCONTINUITY: _LOG_RECORD
    | {
        "log": LogChange(
            origin=LOG.name,
            vkey=LOG.verifier.vkey,
            previous_origin="log.example/2025",
            previous_vkey=OTHER_LOG.verifier.vkey,
            previous_size=9,
            previous_root="99" * 32,
            reason="the database was restored",
        ),
    },
}


@dataclass
class SampleLog:
    """A log that grows entry by entry, and whose every state is signed."""

    signer: Signer = LOG
    leaves: list[bytes] = field(default_factory=lambda: make_leaves(20))
    openings: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def add(self, record: bytes) -> int:
        """The index of the entry for these bytes; its nonce follows from it."""
        index = len(self.leaves)
        nonce = hashlib.sha512(b"nonce %d" % index).digest()
        self.openings[index] = (record, nonce)
        self.leaves.append(leaf_hash(commit(record, nonce)))
        return index

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        known = self.leaves[:size]
        return Checkpoint(origin=self.signer.name, size=len(known), root=root_of(known))

    def note(self, size: int | None = None) -> bytes:
        return sign_checkpoint(self.checkpoint(size), self.signer)

    def logged(self, index: int, size: int | None = None, note: bytes | None = None) -> LoggedRecord:
        """The record at this place, under the checkpoint of this size, else the newest."""
        record, nonce = self.openings[index]
        known = self.leaves[:size]
        nodes = full_subtrees(known)
        path = inclusion_path(index, len(known), lambda level, at: nodes[level, at])
        proof = TlogProof(index=index, path=path, checkpoint=note or self.note(size), extra=nonce)
        return LoggedRecord(record=record, proof=proof)

    def path(self, old: int) -> tuple[bytes, ...]:
        """From the state of that size to the newest."""
        nodes = full_subtrees(self.leaves)
        return consistency_path(old, len(self.leaves), lambda level, at: nodes[level, at])

    def hold(self, minute: int, method: AnchorMethod, note: bytes, answer: bytes | None = None) -> tuple[int, int]:
        """Logs that the newest state is held as this note; its size, and the index of the record that says so."""
        held = self.checkpoint()
        anchor = Anchor(
            method=method,
            authority=WITNESS.name if method is AnchorMethod.WITNESS else method.value,
            origin=held.origin,
            size=held.size,
            root=held.root.hex(),
            checkpoint_sha256=hashlib.sha256(note).hexdigest(),
            answer_sha256=None if answer is None else hashlib.sha256(answer).hexdigest(),
        )
        moment = datetime(2026, 11, 23, 16, minute, tzinfo=UTC)
        record = make_record(RecordKind.ANCHOR, record_id=UUID(int=100 + minute), log_anchor=anchor, event_time=moment)
        return held.size, self.add(encode(record))


def make_proofs(records: Sequence[bytes], *, signer: Signer = LOG) -> list[LoggedRecord]:
    """Each record at its place in a log with other entries, under one checkpoint."""
    log = SampleLog(signer)
    indexes = [log.add(record) for record in records]
    return [log.logged(index) for index in indexes]


PSID, FIRST_NAME = "7310482919283746", "Zoë"
IDENTITY = Identity(
    page_id="104567890123456",
    psid=PSID,
    principal_nonce=bytes(range(64)),
    name=FIRST_NAME,
    name_nonce=bytes(range(1, 65)),
)
RAW = RawDelivery(content=b'{"sender":{"id":"7310482919283746"}}', nonce=bytes(range(2, 66)))
CHECKERS = Checkers(verify_py=b"print('no check')\n", verify_html=b"<!doctype html>\n<p>no check</p>\n")
PERSON: dict[str, Any] = {
    "pii_principal_id": commit_principal(IDENTITY.page_id, PSID, IDENTITY.principal_nonce),
    "name_commitment": commit_name(FIRST_NAME, bytes(range(1, 65))),
}


def cosigned(log: SampleLog, *, minute: int) -> bytes:
    """The newest state with the line of a witness, who saw it at that minute."""
    seen_at = datetime(2026, 11, 23, 16, minute, tzinfo=UTC)
    return log.note() + cosign(log.checkpoint().text(), WITNESS, int(seen_at.timestamp()))


def make_opt_in_proof(**changes: Any) -> OptInProof:
    """A consent with everything that a bundle can hold: an anchor before it, two behind it, a new key of the log."""
    log = SampleLog()
    start = log.add(encode(make_record(RecordKind.CONVERSATION_STARTED, record_id=UUID(int=2), **PERSON)))
    rotated = log.add(encode(make_record(RecordKind.KEY_ROTATED, record_id=UUID(int=3))))
    # The next key signs the same state too, so that either of them leads to the other.
    state = log.checkpoint().text()
    change = log.logged(rotated, note=add_signatures(log.note(), sign(state, OTHER_LOG)[len(state) + 1 :]))
    log.signer = OTHER_LOG
    seen = cosigned(log, minute=10)
    held = [(seen, *log.hold(10, AnchorMethod.WITNESS, seen))]
    raw = replace(RAW_EVENT, commitment=commit_raw(RAW.content, RAW.nonce))
    consent = log.add(encode(make_record(raw_event=raw, **PERSON)))
    mailed = log.note()
    held.append((mailed, *log.hold(21, AnchorMethod.MAIL, mailed)))
    dropped = log.note()
    held.append((dropped, *log.hold(22, AnchorMethod.FOLDER, dropped)))
    proof = OptInProof(
        main=log.logged(consent),
        notice=NOTICE,
        log_vkeys=(LOG.verifier.vkey, OTHER_LOG.verifier.vkey),
        witnesses=((WITNESS.name, WITNESS.verifier.vkey),),
        related=(log.logged(start),),
        keys=(change,),
        anchors=tuple(
            HeldState(note=note, size=size, path=log.path(size), answer=None, entry=log.logged(index))
            for note, size, index in held
        ),
        identity=IDENTITY,
        raw=RAW,
        checkers=CHECKERS,
    )
    return replace(proof, **changes)

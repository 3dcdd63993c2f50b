"""Valid proofs, records and keys for these tests; each builder lets one thing be other."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.page import MarketingBasis
from domain.proof.bundle import LoggedRecord, OptInProof, assemble
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.entry import commit, leaf_hash
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import EMPTY_FRONTIER, append, inclusion_path, node_hash, root_of
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode
from domain.proof.record_sections import (
    Consent,
    Controller,
    EntryPoint,
    PrivacyNotice,
    RawEvent,
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
    if kind is RecordKind.CONVERSATION_STARTED:
        values |= {
            "entry_point": EntryPoint.GET_STARTED,
            "marketing_basis": MarketingBasis.EXPLICIT,
            "raw_event": RawEvent(
                sha256="11" * 32, body_sha256="22" * 32, signature_header="sha256=" + "33" * 32, secret="app-1"
            ),
        }
    if kind is RecordKind.CONSENT_GIVEN:
        values |= {
            "entry_point": EntryPoint.QUICK_REPLY,
            "privacy_notice": PrivacyNotice(
                version=3, language="en", sha256=hashlib.sha256(NOTICE).hexdigest(), mid="m_1"
            ),
            "consent": Consent(
                topic="news",
                text="May we send you news?",
                text_version="3",
                language="en",
                choice="Yes, please",
                minimum_age=16,
            ),
            "purposes": ("dpv:DirectMarketing",),
            "lawful_basis": "eu-gdpr:A6-1-a",
            "marketing_basis": MarketingBasis.EXPLICIT,
            "withdrawal_method": ("keyword", "link"),
        }
    return ProofRecord(**(values | changes))


def make_proofs(records: Sequence[bytes], *, signer: Signer = LOG, others: int = 20) -> list[LoggedRecord]:
    """Each record at its place in a log with other entries, under one checkpoint."""
    nonces = [hashlib.sha512(b"nonce %d" % number).digest() for number in range(len(records))]
    leaves = make_leaves(others) + [
        leaf_hash(commit(record, nonce)) for record, nonce in zip(records, nonces, strict=True)
    ]
    nodes = full_subtrees(leaves)
    checkpoint = Checkpoint(origin=signer.name, size=len(leaves), root=root_of(leaves))
    note = sign_checkpoint(checkpoint, signer)
    return [
        LoggedRecord(
            record=record,
            proof=TlogProof(
                index=others + number,
                path=inclusion_path(others + number, len(leaves), lambda level, index: nodes[level, index]),
                checkpoint=note,
                extra=nonce,
            ),
        )
        for number, (record, nonce) in enumerate(zip(records, nonces, strict=True))
    ]


def make_opt_in_proof(**changes: Any) -> OptInProof:
    """A consent with the conversation start before it."""
    start = make_record(RecordKind.CONVERSATION_STARTED, record_id=UUID(int=2))
    main, related = make_proofs([encode(make_record()), encode(start)])
    proof = assemble(main, notice=NOTICE, vkeys=(LOG.verifier.vkey,), related=(related,))
    return replace(proof, **changes)

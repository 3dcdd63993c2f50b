"""A whole bundle with every kind of member, made here from the standards and not by the product's maker.

`Handmade` holds the log behind it, so that a test can also play the operator who has the real key.
"""

import base64
import hashlib
import hmac
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.entry import commit, commit_principal, leaf_hash, length_prefixed
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import consistency_path, inclusion_path, root_of
from domain.proof.note import add_signatures, cosign
from domain.proof.offline.container import SUMS, sums_text
from domain.proof.offline.jsonld import jsonld_of
from domain.proof.offline.policies import own_policy
from domain.proof.offline.report import AnchorFact, BundleFacts, readme_text, report_page
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode
from domain.proof.record_sections import Anchor, AnchorMethod, LogChange, RecordKind, TimeUnit
from domain.proof.tlog_proof import TlogProof
from domain.proof.zip_form import write_zip
from tests.domain.proof.samples import LOG, NOTICE, RAW_EVENT, WITNESS, full_subtrees, make_leaves, make_record
from tests.tsa import Authority

PAGE_ID, PSID, NAME = "104567890123456", "7310482919280001", "Zoë"
NEXT_KEY = Signer(name=LOG.name, key_type=KeyType.ED25519, seed=bytes(range(7, 39)))
STRANGER = Signer(name=LOG.name, key_type=KeyType.ED25519, seed=bytes(range(9, 41)))
DELIVERY = b'{"sender":{"id":"7310482919280001"},"postback":{"title":"Yes, please"}}'
Members = dict[str, bytes]
Forge = Callable[[bytes], bytes]


def nonce(number: int) -> bytes:
    return hashlib.sha512(b"handmade %d" % number).digest()


@dataclass(slots=True)
class Handmade:
    """A log of few entries, with the authorities that hold states of it."""

    authority: Authority
    leaves: list[bytes] = field(default_factory=lambda: make_leaves(5))

    def add(self, record: ProofRecord) -> "Entry":
        """The record at the end of the log."""
        entry = Entry(encode(record), nonce(len(self.leaves)), len(self.leaves))
        self.leaves.append(entry.leaf)
        return entry

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(origin=LOG.name, size=size, root=root_of(self.leaves[:size]))

    def note(self, signer: Signer = LOG, *others: Signer) -> bytes:
        checkpoint = self.checkpoint(len(self.leaves))
        note = sign_checkpoint(checkpoint, signer)
        for other in others:
            note = add_signatures(note, sign_checkpoint(checkpoint, other).rpartition(b"\n\n")[2])
        return note

    def proof(self, entry: "Entry", note: bytes) -> bytes:
        nodes, size = full_subtrees(self.leaves), int(note.split(b"\n")[1])
        path = inclusion_path(entry.index, size, lambda level, at: nodes[level, at])
        return TlogProof(index=entry.index, path=path, checkpoint=note, extra=entry.nonce).encode()

    def stamp(self, forge: Forge = lambda answer: answer) -> "Held":
        """The newest state, stamped by the authority; the log notes whatever `forge` makes of the answer."""
        note = self.note()
        (self.authority.folder / "stamped").write_bytes(note)
        self._openssl("ts", "-query", "-sha256", "-cert", "-data", "stamped", "-out", "asked")
        answer = forge(self.authority.answer((self.authority.folder / "asked").read_bytes()))
        (self.authority.folder / "got.tsr").write_bytes(answer)
        told = self._openssl("ts", "-reply", "-in", "got.tsr", "-text")
        [time] = re.findall(r"^Time stamp: (\w+ +\d+ [0-9:]+)[0-9.]* (\d+)", told, re.MULTILINE)
        at = datetime.strptime(" ".join(time), "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        return self._held(AnchorMethod.RFC3161, "tsa.example", note, at, answer)

    def _openssl(self, *arguments: str) -> str:
        done = subprocess.run(["openssl", *arguments], cwd=self.authority.folder, check=True, capture_output=True)
        return done.stdout.decode()

    def cosigned(self, at: datetime) -> "Held":
        text = self.checkpoint(len(self.leaves)).text()
        note = add_signatures(self.note(), cosign(text, WITNESS, int(at.timestamp())))
        return self._held(AnchorMethod.WITNESS, WITNESS.name, note, at)

    def dropped(self, at: datetime) -> "Held":
        return self._held(AnchorMethod.FOLDER, "folder", self.note(), at)

    def _held(
        self, method: AnchorMethod, authority: str, note: bytes, at: datetime, answer: bytes | None = None
    ) -> "Held":
        size = len(self.leaves)
        entry = self.add(
            ProofRecord(
                kind=RecordKind.ANCHOR,
                record_id=UUID(int=100 + size),
                event_time=at,
                event_time_unit=TimeUnit.MILLISECONDS,
                received_at=at,
                log_anchor=Anchor(
                    method=method,
                    authority=authority,
                    origin=LOG.name,
                    size=size,
                    root=root_of(self.leaves).hex(),
                    checkpoint_sha256=hashlib.sha256(note).hexdigest(),
                    answer_sha256=hashlib.sha256(answer).hexdigest() if answer else None,
                ),
            )
        )
        return Held(method, size, note, answer, entry)

    def rotate(self) -> "Entry":
        """The record by which the log names its next key."""
        return self.add(
            ProofRecord(
                kind=RecordKind.KEY_ROTATED,
                record_id=UUID(int=90),
                event_time_unit=TimeUnit.MISSING,
                received_at=datetime(2026, 11, 25, tzinfo=UTC),
                log=LogChange(origin=LOG.name, vkey=NEXT_KEY.verifier.vkey, previous_vkey=LOG.verifier.vkey),
            )
        )


@dataclass(frozen=True, slots=True)
class Entry:
    record: bytes
    nonce: bytes
    index: int

    @property
    def leaf(self) -> bytes:
        return leaf_hash(commit(self.record, self.nonce))


@dataclass(frozen=True, slots=True)
class Held:
    """A state of the log in other hands, and the entry that says so."""

    method: AnchorMethod
    size: int
    note: bytes
    answer: bytes | None
    entry: Entry

    @property
    def fact(self) -> AnchorFact:
        record = json.loads(self.entry.record)
        return AnchorFact(
            method=self.method,
            authority=record["log_anchor"]["authority"],
            time=record["event_time"],
            size=self.size,
            index=self.entry.index,
        )


def make_members(
    authority: Authority,
    *,
    rotated: bool = False,
    last_key: Signer = NEXT_KEY,
    forge: Forge = lambda answer: answer,
    rebuild: Callable[[Handmade], None] = lambda log: None,
) -> Members:
    """Everything in a bundle but SHA256SUMS: a consent between two time stamps, cosigned and dropped in a folder.

    `forge` changes the second time stamp, `rebuild` the log after all anchors and before the last checkpoint.
    """
    log = Handmade(authority)
    principal, name, raw = nonce(1001), nonce(1002), nonce(1003)
    person: dict[str, Any] = {
        "page_id": PAGE_ID,
        "pii_principal_id": commit_principal(PAGE_ID, PSID, principal),
    }
    before = log.stamp()
    start = log.add(make_record(RecordKind.CONVERSATION_STARTED, record_id=UUID(int=2), **person))
    name_text = length_prefixed(b"assent/name/v1", NAME.encode())
    kept = replace(RAW_EVENT, commitment=hmac.digest(raw, DELIVERY, "sha256").hex())
    named = hmac.digest(name, name_text, "sha256").hex()
    main = log.add(make_record(raw_event=kept, name_commitment=named, **person))
    now = datetime.now(UTC).replace(microsecond=0)
    anchors = [before, log.stamp(forge), log.cosigned(now), log.dropped(now)]
    rotation = log.rotate() if rotated else None
    old_note = log.note(LOG, NEXT_KEY)
    log.leaves += make_leaves(6, seed=4)
    rebuild(log)
    note = log.note(last_key if rotated else LOG)
    keys = [LOG.verifier.vkey, *([NEXT_KEY.verifier.vkey] if rotated else [])]
    document = json.loads(main.record)
    facts = BundleFacts(
        origin=LOG.name,
        size=len(log.leaves),
        index=main.index,
        leaf=main.leaf,
        related=["conversation_started"],
        anchors=[held.fact for held in anchors],
        identity=True,
        raw_event=True,
    )
    members = {
        "README.txt": readme_text(document, facts),
        "report.html": report_page(document, facts),
        "record.json": main.record,
        "record.tlog-proof": log.proof(main, note),
        "record.jsonld": jsonld_of(main.record),
        "notice.txt": NOTICE,
        "policy.txt": own_policy(keys, [(WITNESS.name, WITNESS.verifier.vkey)]),
        "related/01-conversation_started.json": start.record,
        "related/01-conversation_started.tlog-proof": log.proof(start, note),
    }
    if rotation:
        members |= {
            "keys/01-key_rotated.json": rotation.record,
            "keys/01-key_rotated.tlog-proof": log.proof(rotation, old_note),
        }
    for number, held in enumerate(anchors, 1):
        members |= _anchor_members(f"anchors/{number:02d}-{held.method}", log, held, note)
    identity = {"page_id": PAGE_ID, "psid": PSID, "principal_nonce": b64(principal)}
    identity |= {"name": NAME, "name_nonce": b64(name)}
    members |= {
        "disclosed/identity.json": json.dumps(identity, ensure_ascii=False, separators=(",", ":")).encode(),
        "disclosed/raw-event.bin": DELIVERY,
        "disclosed/raw-event.nonce": f"{b64(raw)}\n".encode(),
        "verify.py": b"# not made here\n",
        "verify.html": b"not made here\n",
    }
    return members


def _anchor_members(name: str, log: Handmade, held: Held, note: bytes) -> Members:
    nodes = full_subtrees(log.leaves)
    path = consistency_path(held.size, len(log.leaves), lambda level, at: nodes[level, at])
    lines = [f"old {held.size}", *map(b64, path), "", ""]
    return {
        f"{name}.checkpoint": held.note,
        f"{name}.consistency": "\n".join(lines).encode() + note,
        **({f"{name}.tsr": held.answer} if held.answer else {}),
        f"{name}.json": held.entry.record,
        f"{name}.tlog-proof": log.proof(held.entry, note),
    }


def pack(members: Members) -> bytes:
    """The ZIP file, its SHA256SUMS made for whatever the members are."""
    listed = [(name, content) for name, content in members.items() if name != SUMS]
    return write_zip([*listed, (SUMS, sums_text(listed))])


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()

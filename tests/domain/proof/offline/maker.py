"""Bundles made without the product's code: another tree, another signer, another ZIP writer.

Only the words of README and report come from where everybody takes them. What our verifier accepts here follows from
the formats, and not from a habit that maker and verifier share.
"""

import base64
import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.proof.offline.jsonld import JSONLD_PREFIX
from domain.proof.offline.policies import POLICY_HEAD
from domain.proof.offline.report import AnchorFact, BundleFacts, readme_text, report_page
from domain.proof.offline.surroundings import act_of

NOTICE = b"Privacy notice, version 3.\nWe answer you.\n"
PAGE, PSID, NAME = "104567890123456", "7310482919283746", "Zoë Ñandú"
RAW_EVENT = b'{"sender":{"id":"7310482919283746"},"message":{"text":"hi"}}'
PRINCIPAL_NONCE, NAME_NONCE, RAW_NONCE = (hashlib.sha512(name).digest() for name in (b"principal", b"name", b"raw"))
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def commitment(nonce: bytes, *parts: str) -> str:
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(nonce, message, hashlib.sha256).hexdigest()


# The tree, by the recursion of RFC 6962 section 2.1, word for word


def split(size: int) -> int:
    half = 1
    while half * 2 < size:
        half *= 2
    return half


def tree(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha(b"\x01" + tree(leaves[:k]) + tree(leaves[k:]))


def inclusion(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*inclusion(m, leaves[:k]), tree(leaves[k:])]
    return [*inclusion(m - k, leaves[k:]), tree(leaves[:k])]


def consistency(m: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    if m in (0, len(leaves)):
        return [] if whole else [tree(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*consistency(m, leaves[:k], whole), tree(leaves[k:])]
    return [*consistency(m - k, leaves[k:], False), tree(leaves[:k])]


# Keys, notes, logs


@dataclass(frozen=True)
class TestKey:
    """A key pair of a log (kind 1) or a witness (kind 4)."""

    name: str
    number: int
    kind: int = 1

    __test__ = False

    @property
    def secret(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha(b"%d" % self.number))

    @property
    def public(self) -> bytes:
        return self.secret.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    def line(self, text: bytes, time: int = 0) -> bytes:
        """A signature line; a witness signs with its time."""
        if self.kind == 4:
            signed = b"cosignature/v1\ntime %d\n" % time + text
            blob = self.key_id + time.to_bytes(8, "big") + self.secret.sign(signed)
        else:
            blob = self.key_id + self.secret.sign(text)
        return f"— {self.name} {b64(blob)}\n".encode()


@dataclass
class TestLog:
    """A log that keeps its records and their nonces."""

    key: TestKey
    leaves: list[bytes] = field(default_factory=list)
    records: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    __test__ = False

    def fill(self, count: int) -> None:
        self.leaves += [sha(b"%s %d" % (self.key.name.encode(), len(self.leaves) + at)) for at in range(count)]

    def add(self, document: dict[str, Any]) -> int:
        record = compact(document)
        nonce = hashlib.sha512(b"%d" % len(self.leaves) + record).digest()
        self.records[len(self.leaves)] = record, nonce
        self.leaves.append(sha(b"\x00\x01" + hmac.new(nonce, record, hashlib.sha256).digest()))
        return len(self.leaves) - 1

    def root(self, size: int) -> bytes:
        return tree(self.leaves[:size])

    def text(self, size: int) -> bytes:
        return f"{self.key.name}\n{size}\n{b64(self.root(size))}\n".encode()

    def note(self, size: int, *keys: TestKey) -> bytes:
        text = self.text(size)
        return text + b"\n" + b"".join(key.line(text) for key in keys or (self.key,))

    def proof(self, index: int, note: bytes) -> bytes:
        size = int(note.split(b"\n")[1])
        lines = ["c2sp.org/tlog-proof@v1", f"extra {b64(self.records[index][1])}", f"index {index}"]
        return "\n".join([*lines, *map(b64, inclusion(index, self.leaves[:size])), "", ""]).encode() + note

    def consistent(self, old: int, note: bytes) -> bytes:
        size = int(note.split(b"\n")[1])
        path = map(b64, consistency(old, self.leaves[:size]))
        return "\n".join([f"old {old}", *path, "", ""]).encode() + note


@dataclass(frozen=True)
class TestAnchor:
    """What was anchored, the answer if there is one, and the index of the record that notes it."""

    method: str
    note: bytes
    index: int
    answer: bytes | None = None

    __test__ = False


def anchor_record(log: TestLog, method: str, authority: str, time: str, note: bytes, answer: bytes | None = None):
    size = int(note.split(b"\n")[1])
    said = {
        "method": method, "authority": authority, "origin": log.key.name, "size": size,
        "root": log.root(size).hex(), "checkpoint_sha256": sha(note).hex(),
    } | ({"answer_sha256": sha(answer).hex()} if answer is not None else {})  # fmt: skip
    return record("anchor", event_time=time, log_anchor=said)


# Records


STATES = {
    "notice_shown": "Requested", "consent_given": "Given", "consent_refused": "Refused",
    "consent_withdrawn": "Withdrawn",
}  # fmt: skip
SHOWS = {
    "conversation_started": "conversation start", "notice_shown": "notice shown", "consent_given": "marketing consent",
    "anchor": "anchor of the log", "key_rotated": "change of the log's key", "import_claim": "import claim",
    "erasure_done": "erasure done", "log_started": "start of a log", "record_expired": "record expired",
    "consent_refused": "refusal of marketing consent", "consent_withdrawn": "withdrawal of marketing consent",
}  # fmt: skip
ACT = {"controller": {"name": "Bakery GmbH", "contact": "privacy@bakery.example"}}
QUESTION = "May we send you news?"


def record(kind: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A whole record of this kind; None takes a field out."""
    document: dict[str, Any] = {"v": 1, "type": kind, "shows": SHOWS[kind]}
    document["schema_version"] = "dpv-27560:record-eu-gdpr"
    if kind in STATES:
        document["event_state"] = f"dpv:Consent{STATES[kind]}"
    document["record_id"] = f"00000000-0000-4000-8000-{number:012d}"
    if kind in (
        "conversation_started",
        "notice_shown",
        "consent_given",
        "consent_refused",
        "consent_withdrawn",
        "import_claim",
    ):
        document["page_id"] = PAGE
        document["pii_principal_id"] = commitment(PRINCIPAL_NONCE, "assent/principal/v1", PAGE, PSID)
        document["name_commitment"] = commitment(NAME_NONCE, "assent/name/v1", NAME)
    document |= {"event_time": "2026-11-23T16:20:01.123Z", "event_time_unit": "ms"}
    document["received_at"] = "2026-11-23T16:20:02.000Z"
    if kind in ("conversation_started", "consent_given", "consent_refused"):
        document["entry_point"] = "get_started" if kind == "conversation_started" else "quick_reply"
    if kind in ("notice_shown", "consent_given", "consent_refused"):
        document["privacy_notice"] = {"version": 3, "language": "en", "sha256": sha(NOTICE).hex(), "mid": "m_1"}
    if kind in ("consent_given", "consent_refused"):
        document["consent"] = {
            "topic": "news", "text": QUESTION, "text_sha256": sha(QUESTION.encode()).hex(), "text_version": "3",
            "language": "en", "choice": "Yes, please", "minimum_age": 16,
        }  # fmt: skip
    if kind in ("conversation_started", "consent_given"):
        document["raw_event"] = {
            "commitment": hmac.new(RAW_NONCE, RAW_EVENT, hashlib.sha256).hexdigest(), "covers": "event",
            "signature_header": "sha256=" + "33" * 32, "secret": "app-1",
        }  # fmt: skip
        document |= ACT | {"marketing_basis": "explicit"}
    if kind == "consent_withdrawn":
        document["entry_point"] = "keyword"
    if kind in ("notice_shown", "consent_refused", "consent_withdrawn"):
        document |= ACT
    if kind == "consent_given":
        document |= {"purposes": ["dpv:DirectMarketing"], "lawful_basis": "eu-gdpr:A6-1-a"}
        document |= {"withdrawal_method": ["keyword", "link"]}
    document |= changes
    return {name: value for name, value in document.items() if value is not None}


# Bundles


@dataclass
class TestBundle:
    """The parts of a bundle before they are put together; change what should be wrong."""

    log: TestLog
    index: int
    note: bytes
    related: list[tuple[TestLog, int, bytes]] = field(default_factory=list)
    keys: list[tuple[TestLog, int, bytes]] = field(default_factory=list)
    anchors: list[TestAnchor] = field(default_factory=list)
    policy_keys: list[str] = field(default_factory=list)
    policy_witnesses: list[TestKey] = field(default_factory=list)
    notice: bytes | None = NOTICE
    identity: dict[str, str] | None = None
    raw_event: bool = False

    __test__ = False

    def members(self) -> dict[str, bytes]:
        """All members; SHA256SUMS last."""
        data = self.log.records[self.index][0]
        document = json.loads(data)
        facts = self.facts()
        found = {
            "README.txt": readme_text(document, facts),
            "report.html": report_page(document, facts),
            "record.json": data,
            "record.tlog-proof": self.log.proof(self.index, self.note),
            "record.jsonld": JSONLD_PREFIX + data[1:],
        }
        if self.notice is not None and "privacy_notice" in document:
            found["notice.txt"] = self.notice
        found["policy.txt"] = self.policy()
        for folder, items in (("related", self.related), ("keys", self.keys)):
            for number, (log, index, note) in enumerate(items, 1):
                item = log.records[index][0]
                name = f"{folder}/{number:02d}-{json.loads(item)['type']}"
                found |= {f"{name}.json": item, f"{name}.tlog-proof": log.proof(index, note)}
        for number, anchor in enumerate(self.anchors, 1):
            found |= self._anchor(f"anchors/{number:02d}-{anchor.method}", anchor)
        if self.identity is not None:
            found["disclosed/identity.json"] = compact(self.identity)
        if self.raw_event:
            found |= {
                "disclosed/raw-event.bin": RAW_EVENT,
                "disclosed/raw-event.nonce": b64(RAW_NONCE).encode() + b"\n",
            }
        found |= {"verify.py": b"print('a verifier')\n", "verify.html": b"<title>a verifier</title>\n"}
        return with_sums(found)

    def _anchor(self, name: str, anchor: TestAnchor) -> dict[str, bytes]:
        size = int(anchor.note.split(b"\n")[1])
        found = {f"{name}.checkpoint": anchor.note, f"{name}.consistency": self.log.consistent(size, self.note)}
        if anchor.answer is not None:
            found[f"{name}.tsr"] = anchor.answer
        found[f"{name}.json"] = self.log.records[anchor.index][0]
        found[f"{name}.tlog-proof"] = self.log.proof(anchor.index, self.note)
        return found

    def policy(self) -> bytes:
        logs = [f"log {vkey}\n" for vkey in self.policy_keys or [self.log.key.vkey]]
        witnesses = [f"witness {key.name} {key.vkey}\n" for key in self.policy_witnesses]
        return (POLICY_HEAD + "".join(logs + witnesses) + "quorum none\n").encode()

    def facts(self) -> BundleFacts:
        anchors = []
        for anchor in self.anchors:
            document = json.loads(self.log.records[anchor.index][0])
            said = document["log_anchor"]
            anchors.append(
                AnchorFact(
                    method=said["method"],
                    authority=said["authority"],
                    time=document["event_time"],
                    size=int(anchor.note.split(b"\n")[1]),
                    index=anchor.index,
                )
            )
        return BundleFacts(
            origin=self.log.key.name,
            size=int(self.note.split(b"\n")[1]),
            index=self.index,
            leaf=self.log.leaves[self.index],
            related=[act_of(json.loads(log.records[i][0]), log.key.name, i) for log, i, _ in self.related],
            anchors=anchors,
            identity=self.identity is not None,
            raw_event=self.raw_event,
        )

    def receipt(self) -> str:
        number = int.from_bytes(self.log.leaves[self.index][:20], "big")
        digits = "".join(SYMBOLS[number >> shift & 31] for shift in range(155, -1, -5))
        return "-".join(digits[at : at + 4] for at in range(0, 32, 4))

    def made(self) -> bytes:
        return zipped(self.members())


IDENTITY = {
    "page_id": PAGE, "psid": PSID, "principal_nonce": b64(PRINCIPAL_NONCE), "name": NAME, "name_nonce": b64(NAME_NONCE),
}  # fmt: skip


def with_sums(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members with SHA256SUMS made again, last."""
    others = {name: content for name, content in members.items() if name != "SHA256SUMS"}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in others.items())
    return others | {"SHA256SUMS": sums.encode()}


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP file by the standard library's writer, which knows nothing of our exact form."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, content)
    return file.getvalue()


LOG_KEY = TestKey("log.example/2026", 1)
WITNESS = TestKey("witness.example/w", 3, kind=4)


def small_bundle(**changes: Any) -> TestBundle:
    """A consent with the conversation start and the notice before it, without anchors."""
    log = TestLog(LOG_KEY)
    log.fill(5)
    start = log.add(record("conversation_started", 2))
    shown = log.add(record("notice_shown", 3))
    log.fill(7)
    main = log.add(record("consent_given", 1, **changes))
    log.fill(8)
    note = log.note(len(log.leaves))
    return TestBundle(log, main, note, related=[(log, start, note), (log, shown, note)])

"""What is a bundle made of?

Values only: whether they belong together is checked by bundle_checks.py, and bundle.py writes them down.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.proof.add_checkpoint import AddCheckpoint
from domain.proof.encoding import to_base64
from domain.proof.entry import NONCE_BYTES, commit, leaf_hash
from domain.proof.errors import BundleError
from domain.proof.offline.policies import own_policy
from domain.proof.offline.report import AnchorFact
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode, format_time
from domain.proof.tlog_proof import TlogProof

MAX_RELATED = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRecord:
    """The committed bytes of a record with the proof of their place; the proof's `extra` is the nonce."""

    record: bytes = field(repr=False)
    proof: TlogProof

    @property
    def leaf(self) -> bytes:
        """The leaf hash these bytes and this nonce give; raises BundleError without a nonce of 64 bytes."""
        nonce = self.proof.extra
        if nonce is None or len(nonce) != NONCE_BYTES:
            raise BundleError(f"the extra line of a proof is no nonce of {NONCE_BYTES} bytes")
        return leaf_hash(commit(self.record, nonce))

    @property
    def decoded(self) -> ProofRecord:
        """What the bytes say; raises RecordError."""
        return decode(self.record)

    def members(self, name: str) -> Iterator[tuple[str, bytes]]:
        yield f"{name}.json", self.record
        yield f"{name}.tlog-proof", self.proof.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldState:
    """A checkpoint that something outside of our hands holds: the note as it was anchored, the answer it got, the path
    from there to the checkpoint of the main record, and the record of the log that says so."""

    note: bytes = field(repr=False)
    size: int
    path: tuple[bytes, ...] = field(repr=False)
    answer: bytes | None = field(repr=False)
    entry: LoggedRecord

    def fact(self) -> AnchorFact:
        """What README and report say of it; raises BundleError when its record is no anchor."""
        record = self.entry.decoded
        if record.log_anchor is None or record.event_time is None:
            raise BundleError("the record of an anchor is of another kind")
        return AnchorFact(
            method=record.log_anchor.method.value,
            authority=record.log_anchor.authority,
            time=format_time(record.event_time),
            size=self.size,
            index=self.entry.proof.index,
        )

    def members(self, number: int, main_note: bytes) -> Iterator[tuple[str, bytes]]:
        name = f"anchors/{number:02d}-{self.fact().method}"
        yield f"{name}.checkpoint", self.note
        yield f"{name}.consistency", AddCheckpoint(old=self.size, path=self.path, checkpoint=main_note).encode()
        if self.answer is not None:
            yield f"{name}.tsr", self.answer
        yield from self.entry.members(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the person is, with what opens the record's commitments to it; name and nonce stand together."""

    page_id: str
    psid: str = field(repr=False)
    principal_nonce: bytes = field(repr=False)
    name: str | None = field(default=None, repr=False)
    name_nonce: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """The bytes of disclosed/identity.json."""
        document = {"page_id": self.page_id, "psid": self.psid, "principal_nonce": to_base64(self.principal_nonce)}
        if self.name is not None and self.name_nonce is not None:
            document |= {"name": self.name, "name_nonce": to_base64(self.name_nonce)}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDelivery:
    """What is kept of the platform's delivery, with what opens the record's commitment to it."""

    content: bytes = field(repr=False)
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkers:
    """The two programs that lie in every bundle."""

    verify_py: bytes = field(repr=False)
    verify_html: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInProof:
    """Everything in a bundle, in the order in which it stands there.

    `notice` is the text as shown, None where the record names none. `log_vkeys` are all keys that signed here,
    `witnesses` the keys of witnesses by name. `identity` and `raw` are there only when they were asked for.
    """

    main: LoggedRecord
    notice: bytes | None = field(default=None, repr=False)
    log_vkeys: tuple[str, ...]
    witnesses: tuple[tuple[str, str], ...] = ()
    related: tuple[LoggedRecord, ...] = ()
    keys: tuple[LoggedRecord, ...] = ()
    anchors: tuple[HeldState, ...] = ()
    identity: Identity | None = None
    raw: RawDelivery | None = None
    checkers: Checkers

    @property
    def policy(self) -> bytes:
        """The bytes of policy.txt: the operator's own word."""
        return own_policy(self.log_vkeys, self.witnesses)

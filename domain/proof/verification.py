"""What can somebody who trusts nobody believe of a bundle?

The steps, in order; the first that fails ends the check:

 1. container    the file has the one form of a bundle, within its limits
 2. record       record.json is a record of a known version, complete for its kind
 3. entry        record and nonce give the entry that the proof is about
 4. checkpoint   a trusted log key signed the checkpoint under the log's own name
 5. witnesses    as many known witnesses as the policy asks for cosigned it
 6. inclusion    the entry stands at its index under the root of that checkpoint
 7. notice       notice.txt is the text whose SHA-256 the record names
 8. policy       policy.txt holds the keys that signed
 9. readme       README.txt says what the record says
10. related      each related record is of the same Page and person, and in a trusted log

With a pinned policy the keys come from the person who checks; without one they come from the bundle
itself, and the result says nothing about who signed. Nothing here is a statement by Facebook.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.proof.bundle import (
    LoggedRecord,
    OptInProof,
    check_notice,
    check_policy,
    check_related,
    read_bundle,
)
from domain.proof.checkpoint import OpenedCheckpoint, open_cosigned
from domain.proof.errors import BundleError, ProofError
from domain.proof.merkle import verify_inclusion
from domain.proof.policy import Policy
from domain.proof.readme import readme
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode
from domain.proof.record_sections import RecordKind, TimeUnit

Trust = Literal["pinned", "bundle"]

_MEANING: dict[Trust, str] = {
    "pinned": "The record stands in the log whose key was given for this check.",
    "bundle": "The bundle agrees with itself. Its key came with it, so this says nothing about who signed.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered check; `detail` tells what was found, or what is wrong."""

    number: int
    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a verified bundle shows."""

    shows: str
    kind: RecordKind
    page_id: str | None
    event_time: datetime | None
    event_time_unit: TimeUnit
    received_at: datetime
    origin: str
    size: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All ten steps and what they add up to; `facts` are there only when every step held."""

    steps: tuple[Step, ...]
    trust: Trust
    facts: Facts | None

    @property
    def verified(self) -> bool:
        return all(step.ok for step in self.steps)

    @property
    def meaning(self) -> str:
        """The result in one sentence that claims no more than was checked."""
        if self.verified:
            return _MEANING[self.trust]
        failed = next(step for step in self.steps if not step.ok)
        return f"Not verified: step {failed.number}, {failed.name}: {failed.detail}."


def verify_bundle(data: bytes, *, pinned: Policy | None) -> Verdict:
    """Never raises for what is in the bundle; the verdict names the step that failed."""
    check = _Check(data=data, pinned=pinned)
    steps: list[Step] = []
    for number, (name, run) in enumerate(_STEPS, 1):
        if steps and not steps[-1].ok:
            steps.append(Step(number=number, name=name, ok=False, detail="not checked, since a step failed before it"))
            continue
        try:
            steps.append(Step(number=number, name=name, ok=True, detail=run(check)))
        except ProofError as error:
            steps.append(Step(number=number, name=name, ok=False, detail=str(error)))
    verified = all(step.ok for step in steps)
    return Verdict(
        steps=tuple(steps),
        trust="bundle" if pinned is None else "pinned",
        facts=check.facts() if verified else None,
    )


@dataclass(slots=True, kw_only=True)
class _Check:
    """What earlier steps found, for the later ones."""

    data: bytes
    pinned: Policy | None
    proof: OptInProof = field(init=False)
    record: ProofRecord = field(init=False)
    leaf: bytes = field(init=False, repr=False)
    opened: OpenedCheckpoint = field(init=False)

    @property
    def trusted(self) -> Policy:
        return Policy.parse(self.proof.policy) if self.pinned is None else self.pinned

    def container(self) -> str:
        self.proof = read_bundle(self.data)
        return f"{len(self.data)} bytes, {len(self.proof.related)} related records"

    def read_record(self) -> str:
        self.record = decode(self.proof.main.record)
        return f"a record of kind {self.record.kind}: {self.record.shows}"

    def entry(self) -> str:
        self.leaf = self.proof.main.leaf
        return "the entry was made again from record and nonce"

    def checkpoint(self) -> str:
        self.opened = open_cosigned(self.proof.main.proof.checkpoint, self.trusted.verifiers)
        return f"signed by the key of {self.opened.log.name}, size {self.opened.checkpoint.size}"

    def witnesses(self) -> str:
        self.trusted.require_quorum(self.opened)
        if self.trusted.quorum is None:
            return "the policy asks for no witnesses"
        return f"{len(self.opened.cosignatures)} cosignatures, as many as the policy asks for"

    def inclusion(self) -> str:
        _verify_place(self.proof.main, self.leaf, self.opened)
        return f"entry {self.proof.main.proof.index} of {self.opened.checkpoint.size}"

    def notice(self) -> str:
        check_notice(self.record, self.proof.notice)
        return "the record names none" if self.proof.notice is None else "the text fits the record"

    def policy(self) -> str:
        own = check_policy(self.proof.policy)
        for item in (self.proof.main, *self.proof.related):
            open_cosigned(item.proof.checkpoint, own.verifiers)
        if self.opened.log not in own.verifiers:
            raise BundleError("policy.txt does not hold the key that signed the checkpoint")
        return "the operator's own word, with the key that signed"

    def readme(self) -> str:
        if self.proof.readme != readme(self.record):
            raise BundleError("README.txt says something else than the record")
        return "the text follows from the record"

    def related(self) -> str:
        check_related(self.record, self.proof.related)
        for number, item in enumerate(self.proof.related, 1):
            try:
                opened = open_cosigned(item.proof.checkpoint, self.trusted.verifiers)
                self.trusted.require_quorum(opened)
                _verify_place(item, item.leaf, opened)
            except ProofError as error:
                raise BundleError(f"related record {number}: {error}") from None
        return f"{len(self.proof.related)} related records, each in its log"

    def facts(self) -> Facts:
        return Facts(
            shows=self.record.shows,
            kind=self.record.kind,
            page_id=self.record.page_id,
            event_time=self.record.event_time,
            event_time_unit=self.record.event_time_unit,
            received_at=self.record.received_at,
            origin=self.opened.checkpoint.origin,
            size=self.opened.checkpoint.size,
            index=self.proof.main.proof.index,
        )


_STEPS: tuple[tuple[str, Callable[[_Check], str]], ...] = (
    ("container", _Check.container),
    ("record", _Check.read_record),
    ("entry", _Check.entry),
    ("checkpoint", _Check.checkpoint),
    ("witnesses", _Check.witnesses),
    ("inclusion", _Check.inclusion),
    ("notice", _Check.notice),
    ("policy", _Check.policy),
    ("readme", _Check.readme),
    ("related", _Check.related),
)


def _verify_place(item: LoggedRecord, leaf: bytes, opened: OpenedCheckpoint) -> None:
    checkpoint = opened.checkpoint
    verify_inclusion(leaf, item.proof.index, checkpoint.size, item.proof.path, checkpoint.root)

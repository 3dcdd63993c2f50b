"""What can somebody who trusts nobody believe of a bundle?

The steps, in order; the first that fails ends the check:

 1. container    the file has the one form of a bundle, within its limits
 2. record       record.json is strict JSON of a known version, complete for its kind, and says what its kind may say
 3. entry        record and nonce give the entry that the proof is about; the receipt, when one was given, is its
 4. keys         the accepted keys, and those that accepted keys handed over to in keys/
 5. checkpoint   an accepted log key signed it under the log's own name; a kept checkpoint does not contradict it
 6. witnesses    as many known witnesses as the given policy asks for cosigned it
 7. inclusion    the entry stands at its index under the root of that checkpoint
 8. notice       notice.txt is the text whose SHA-256 the record names
 9. policy       policy.txt is in its exact form and holds every key that signed
10. related      each related record is sound, of the same Page and person, there once, and in its log
11. anchors      each anchor holds in itself, fits its record, and the state above continues it
12. disclosed    the disclosed parts are those that the record commits to
13. jsonld       record.jsonld is the record behind its constant prefix
14. report       README.txt and report.html say exactly what the facts give
15. sums         SHA256SUMS has the digest of every other member

Accepted keys are those that the auditor brought. Without any they come from the bundle itself, and the result says
nothing about who signed. Nothing here is a statement by Facebook.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.proof.offline.anchoring import AnchorKeys, AnchorStatus, check_anchor
from domain.proof.offline.certificates import Certificate
from domain.proof.offline.container import (
    IDENTITY,
    NOTICE,
    RAW_EVENT,
    RAW_NONCE,
    SUMS,
    Container,
    read_container,
    sums_text,
)
from domain.proof.offline.entries import Entry, SeenStates, place_entry, read_entry
from domain.proof.offline.errors import UnknownSigner, Unreadable, Wrong
from domain.proof.offline.jsonld import jsonld_of
from domain.proof.offline.kept import HeldStates, Kept, KeptStatus, kept_status
from domain.proof.offline.notes import LOG_KEY, Key, Opened, from_base64, open_note, read_key, read_note
from domain.proof.offline.paths import read_entry_proof
from domain.proof.offline.policies import Policy, read_own_policy, read_policy
from domain.proof.offline.records import Record, read_record
from domain.proof.offline.report import BundleFacts, readme_text, receipt_of, report_page
from domain.proof.offline.strict_json import read_json
from domain.proof.offline.surroundings import Act, act_of
from domain.proof.offline.tree import NONCE_BYTES, check_inclusion, leaf_of


@dataclass(frozen=True, slots=True)
class Brought:
    """What the auditor has from elsewhere; `policy` None means that no key was given.

    `program` is the verify.py that runs, where it can read itself.
    """

    policy: Policy | None = None
    roots: tuple[Certificate, ...] = ()
    kept: tuple[Kept, ...] = ()
    receipt: str | None = None
    psid: str | None = None
    program: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered check; `held` is None where a step before it failed."""

    number: int
    name: str
    held: bool | None
    detail: str


@dataclass(slots=True)
class Check:
    """What earlier steps found, for the later ones and for the verdict."""

    data: bytes = field(repr=False)
    brought: Brought
    container: Container = field(init=False)
    record: Record = field(init=False)
    entry: Entry = field(init=False)
    logs: tuple[Key, ...] = ()
    older_logs: tuple[Key, ...] = ()
    guest_logs: tuple[Key, ...] = ()
    own: Policy = field(default_factory=Policy)
    opened: Opened = field(init=False)
    states: SeenStates = field(init=False)
    related: list[Act] = field(default_factory=list)
    guests: list[str] = field(default_factory=list)
    anchors: list[AnchorStatus] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = SeenStates(self.brought.kept)

    @property
    def members(self) -> Mapping[str, bytes]:
        return self.container.members

    @property
    def pinned(self) -> Policy:
        """The policy that decides: the auditor's, else the bundle's own."""
        return self.own if self.brought.policy is None else self.brought.policy

    @property
    def witnesses(self) -> tuple[Key, ...]:
        """Every known witness: a cosignature by any of them must fit, whether or not it is asked for."""
        return tuple(dict.fromkeys((*self.pinned.witness_keys, *self.own.witness_keys)))

    def step_container(self) -> str:
        self.container = read_container(self.data)
        return f"{len(self.data)} bytes, {len(self.members)} members"

    def step_record(self) -> str:
        self.record = read_record(self.members["record.json"])
        return f"a record of kind {self.record.kind}"

    def step_entry(self) -> str:
        proof = read_entry_proof(self.members["record.tlog-proof"])
        self.entry = Entry(self.record, proof, leaf_of(self.members["record.json"], proof.nonce))
        if self.brought.receipt is None:
            return "made again from record and nonce"
        if self.brought.receipt != receipt_of(self.entry.leaf).replace("-", ""):
            raise Wrong("the receipt that was given belongs to another entry")
        return "made again from record and nonce; its receipt is the one that was given"

    def step_keys(self) -> str:
        given = self.brought.policy
        try:
            self.own = read_policy(self.members["policy.txt"])
        except Wrong:
            if given is None:
                raise
        self.logs = self.pinned.logs
        names = {key.name for key in self.logs}
        self.guest_logs = tuple(key for key in self.own.logs if key.name not in names)
        changes = [(item.name, read_entry(item, "key_rotated")) for item in self.container.keys]
        waiting = changes
        while waiting:
            left = [one for one in waiting if not self._hand_over(*one)]
            if len(left) == len(waiting):
                raise Wrong(f"{left[0][0]}: no log key that is accepted here has signed its checkpoint")
            waiting = left
        for name, entry in changes:  # once more, now that the keys handed over to are known
            self._hand_over(name, entry)
        came = "came with the bundle" if given is None else "given"
        return f"log keys: {len(self.pinned.logs)} {came}, {len(self.logs) - len(self.pinned.logs)} more by keys/"

    def _hand_over(self, name: str, entry: Entry) -> bool:
        """Accepts the key that an accepted one handed over to; False when no accepted key signed that yet."""
        try:
            opened = place_entry(entry, (*self.logs, *self.older_logs, *self.guest_logs))
            self.states.add(opened.checkpoint)
            change = entry.record.part("log")
            new, before = read_key(change["vkey"]), read_key(change.get("previous_vkey", change["vkey"]))
            for key in (new, before):
                if key.kind != LOG_KEY or not key.name == change["origin"] == opened.checkpoint.origin:
                    raise Wrong("it names a key of another log")
        except UnknownSigner:
            return False
        except Wrong as error:
            raise type(error)(f"{name}: {error}") from None
        if set(opened.signers) & set(self.logs):
            self.logs = _with(self.logs, new)
            self.older_logs = _with(self.older_logs, before)
        elif set(opened.signers) & set(self.older_logs):
            self.older_logs = _with(self.older_logs, before)
        else:
            self.guest_logs = _with(self.guest_logs, new)
        return True

    def step_checkpoint(self) -> str:
        self.opened = open_note(self.entry.proof.note, self.logs, self.witnesses)
        self.states.add_newest(self.opened.checkpoint, self.entry.proof.note)
        return f"size {self.opened.checkpoint.size}, signed by the key of {self.opened.checkpoint.origin}"

    def step_witnesses(self) -> str:
        if self.pinned.quorum is None:
            return "no policy asks for any"
        self.pinned.require_quorum(self.opened)
        return f"{len(self.opened.cosignatures)} cosignatures of known witnesses, as many as the policy asks for"

    def step_inclusion(self) -> str:
        proof, checkpoint = self.entry.proof, self.opened.checkpoint
        check_inclusion(self.entry.leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)
        return f"entry {proof.index} of {checkpoint.size}"

    def step_notice(self) -> str:
        named, notice = self.record.document.get("privacy_notice"), self.members.get(NOTICE)
        if named is None and notice is None:
            return "the record names none"
        if named is None or notice is None:
            raise Wrong("notice.txt is there, or not, against what the record says")
        if hashlib.sha256(notice).hexdigest() != named["sha256"]:
            raise Wrong("notice.txt is not the text whose SHA-256 the record names")
        return "the text that the record names"

    def step_policy(self) -> str:
        self.own = read_own_policy(self.members["policy.txt"])
        self._require_listed("record", self.entry.proof.note)
        for item in (*self.container.keys, *self.container.related):
            try:
                note = read_entry_proof(item.parts["tlog-proof"]).note
                read_note(note)
            except Wrong:
                continue  # said by step 10, where it belongs
            self._require_listed(item.name, note)
        return "the operator's own word, with the keys that signed"

    def _require_listed(self, where: str, note: bytes) -> None:
        """Every signature line is by a key in policy.txt, so that none can be changed unnoticed."""
        listed = {(key.name, key.key_id) for key in (*self.own.logs, *self.own.witness_keys)}
        if any((line.name, line.key_id) not in listed for line in read_note(note)[1]):
            raise Wrong(f"policy.txt does not hold every key that signed the checkpoint of {where}")

    def step_related(self) -> str:
        person = ("page_id", "pii_principal_id")
        if self.container.related and self.record.text("pii_principal_id") is None:
            raise Wrong("the record concerns nobody, and there are related ones")
        seen = {self.record.text("record_id")}
        for item in self.container.related:
            try:
                entry = read_entry(item)
                other = entry.record
                if any(other.text(name) in (None, "") or other.text(name) != self.record.text(name) for name in person):
                    raise Wrong("it is of another Page or person")
                if other.text("record_id") in seen:
                    raise Wrong("it is in the bundle twice")
                seen.add(other.text("record_id"))
                opened = place_entry(entry, (*self.logs, *self.older_logs, *self.guest_logs), self.witnesses)
                self.states.add_newest(opened.checkpoint, entry.proof.note)
            except Wrong as error:
                raise type(error)(f"{item.name}: {error}") from None
            if not set(opened.signers) & set(self.logs):
                self.guests.append(opened.checkpoint.origin)
            self.related.append(act_of(other.document, opened.checkpoint.origin, entry.proof.index))
        return f"{len(self.related)}, each in its log"

    def step_anchors(self) -> str:
        brought = self.brought
        given = brought.policy.witness_keys if brought.policy else ()
        keys = AnchorKeys(
            self.logs, self.older_logs, given, self.witnesses, brought.roots, brought.kept
        )  # fmt: skip
        for item in self.container.anchors:
            try:
                self._require_listed(item.name, item.parts["checkpoint"])
                self.anchors.append(check_anchor(item, self.opened, self.entry.proof.note, keys, self.states))
            except Wrong as error:
                raise type(error)(f"{item.name}: {error}") from None
        confirmed = sum(anchor.confirmed for anchor in self.anchors)
        return f"{len(self.anchors)} hold in themselves, {confirmed} of them confirmed by what was given"

    def step_disclosed(self) -> str:
        found = []
        if IDENTITY in self.members:
            self._check_identity(read_json(self.members[IDENTITY], "it"))
            found.append("identity")
        elif self.brought.psid is not None:
            found.append("no identity, so the id that was given was not compared")
        if RAW_EVENT in self.members:
            self._check_raw_event(self.members[RAW_EVENT], self.members[RAW_NONCE])
            found.append("raw event")
        return ", ".join(found) or "nothing"

    def _check_identity(self, identity: Mapping[str, Any]) -> None:
        needed, named = ["page_id", "psid", "principal_nonce"], ["name", "name_nonce"]
        if list(identity) not in (needed, needed + named) or not all(isinstance(v, str) for v in identity.values()):
            raise Wrong(f"{IDENTITY} has other fields than it should")
        page_id, psid = identity["page_id"], identity["psid"]
        commitment = _commitment(identity["principal_nonce"], b"assent/principal/v1", page_id, psid)
        if page_id != self.record.text("page_id") or commitment != self.record.text("pii_principal_id"):
            raise Wrong(f"{IDENTITY} is not the person that the record commits to")
        if "name" in identity:
            commitment = _commitment(identity["name_nonce"], b"assent/name/v1", identity["name"])
            if commitment != self.record.text("name_commitment"):
                raise Wrong(f"{IDENTITY} has another name than the record commits to")
        if self.brought.psid not in (None, psid):
            raise Wrong("the id that was given is not the disclosed one")

    def _check_raw_event(self, raw: bytes, nonce: bytes) -> None:
        committed = self.record.document.get("raw_event", {}).get("commitment")
        key = _nonce(nonce.decode("ascii", "replace").removesuffix("\n"))
        if not nonce.endswith(b"\n") or hmac.digest(key, raw, "sha256").hex() != committed:
            raise Wrong(f"{RAW_EVENT} is not what the record commits to")

    def step_jsonld(self) -> str:
        if self.members["record.jsonld"] != jsonld_of(self.members["record.json"]):
            raise Wrong("record.jsonld is not the record behind its constant prefix")
        return "the record behind its constant prefix"

    def facts(self) -> BundleFacts:
        return BundleFacts(
            origin=self.opened.checkpoint.origin,
            size=self.opened.checkpoint.size,
            index=self.entry.proof.index,
            leaf=self.entry.leaf,
            related=self.related,
            anchors=[anchor.fact for anchor in self.anchors],
            identity=IDENTITY in self.members,
            raw_event=RAW_EVENT in self.members,
        )

    def kept(self) -> tuple[KeptStatus, ...]:
        """What each checkpoint that was kept was good for, once every step held."""
        main, index = self.opened.checkpoint, self.entry.proof.index
        held = HeldStates(
            origin=main.origin,
            connected={main.text, *(anchor.text for anchor in self.anchors)},
            covering={main.text, *(anchor.text for anchor in self.anchors if anchor.fact.size > index)},
            others=self.states.roots.keys(),
        )
        return tuple(kept_status(one, held, (*self.logs, *self.older_logs)) for one in self.brought.kept)

    def step_report(self) -> str:
        facts = self.facts()
        for name, made in (("README.txt", readme_text), ("report.html", report_page)):
            if self.members[name] != made(self.record.document, facts):
                raise Wrong(f"{name} says something else than the facts give")
        return "README.txt and report.html say what the facts give"

    def step_sums(self) -> str:
        others = [(name, content) for name, content in self.members.items() if name != SUMS]
        if self.members[SUMS] != sums_text(others):
            raise Wrong(f"{SUMS} does not have the digest of {_first_other(self.members[SUMS], others)}")
        return f"the digests of {len(others)} members"


STEPS: tuple[tuple[str, Callable[[Check], str]], ...] = (
    ("container", Check.step_container),
    ("record", Check.step_record),
    ("entry", Check.step_entry),
    ("keys", Check.step_keys),
    ("checkpoint", Check.step_checkpoint),
    ("witnesses", Check.step_witnesses),
    ("inclusion", Check.step_inclusion),
    ("notice", Check.step_notice),
    ("policy", Check.step_policy),
    ("related", Check.step_related),
    ("anchors", Check.step_anchors),
    ("disclosed", Check.step_disclosed),
    ("jsonld", Check.step_jsonld),
    ("report", Check.step_report),
    ("sums", Check.step_sums),
)


def run_steps(check: Check) -> tuple[tuple[Step, ...], bool]:
    """All steps with what they found, and whether the file could be looked at; raises nothing for its content."""
    steps: list[Step] = []
    readable = True
    for number, (name, run) in enumerate(STEPS, 1):
        if steps and not steps[-1].held:
            steps.append(Step(number, name, None, "not checked, since a step before it failed"))
            continue
        try:
            steps.append(Step(number, name, True, run(check)))
        except Wrong as error:
            readable = not isinstance(error, Unreadable)
            steps.append(Step(number, name, False, str(error)))
    return tuple(steps), readable


def _with(keys: tuple[Key, ...], key: Key) -> tuple[Key, ...]:
    return keys if key in keys else (*keys, key)


def _nonce(encoded: str) -> bytes:
    value = from_base64(encoded, "a nonce")
    if len(value) != NONCE_BYTES:
        raise Wrong(f"a nonce is {len(value)} bytes long, not {NONCE_BYTES}")
    return value


def _commitment(nonce: str, label: bytes, *parts: str) -> str:
    message = b"".join(len(part).to_bytes(4, "big") + part for part in (label, *(part.encode() for part in parts)))
    return hmac.digest(_nonce(nonce), message, "sha256").hex()


def _first_other(sums: bytes, others: list[tuple[str, bytes]]) -> str:
    """The first member whose line is not there, so that the finding can name it."""
    lines = set(sums.split(b"\n"))
    for name, content in others:
        if sums_text([(name, content)]).removesuffix(b"\n") not in lines:
            return name
    return "exactly the other members, in their order"

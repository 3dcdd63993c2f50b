"""What does an officer hand over, so that somebody else can check one record offline?

The plain form of an OptInProof: a ZIP file that comes out byte for byte the same from equal parts.
Making checks that the parts fit together; reading checks shape and limits only, and
`verify_bundle` (verification.py) says what can be believed.
"""

import hashlib
import re
from dataclasses import dataclass, field

from domain.proof.entry import NONCE_BYTES, commit, leaf_hash
from domain.proof.errors import BundleError
from domain.proof.policy import MAX_POLICY_BYTES, Policy
from domain.proof.readme import readme
from domain.proof.record import ProofRecord
from domain.proof.record_json import MAX_RECORD_BYTES, decode
from domain.proof.tlog_proof import MAX_PROOF_BYTES, TlogProof
from domain.proof.zip_form import read_zip, write_zip

MAX_NOTICE_BYTES = 1_048_576
MAX_README_BYTES = 1_048_576
MAX_RELATED = 99

README, RECORD, PROOF = "README.txt", "record.json", "record.tlog-proof"
NOTICE, POLICY = "notice.txt", "policy.txt"
_RELATED = re.compile(r"related/(?P<number>[0-9]{2})-(?P<kind>[a-z_]{1,40})\.(?P<end>json|tlog-proof)", re.ASCII)
_LIMITS = {
    README: MAX_README_BYTES,
    RECORD: MAX_RECORD_BYTES,
    PROOF: MAX_PROOF_BYTES,
    NOTICE: MAX_NOTICE_BYTES,
    POLICY: MAX_POLICY_BYTES,
}
_RELATED_LIMITS = {"json": MAX_RECORD_BYTES, "tlog-proof": MAX_PROOF_BYTES}
_POLICY_HEAD = """\
# Supplied by the operator together with the proof, for convenience.
# It says nothing about who holds the key: compare it with a copy that you got another way.
"""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInProof:
    """Everything in a bundle. `notice` is the text as shown; None where the record names none.

    `policy` and `readme` are the bytes as they stand in the file; `assemble` makes them.
    """

    main: LoggedRecord
    notice: bytes | None
    policy: bytes
    readme: bytes = field(repr=False)
    related: tuple[LoggedRecord, ...] = ()


def assemble(
    main: LoggedRecord,
    *,
    notice: bytes | None,
    vkeys: tuple[str, ...],
    related: tuple[LoggedRecord, ...] = (),
) -> OptInProof:
    """The proof with its README and policy; `vkeys` are the keys of all logs the records stand in."""
    return OptInProof(
        main=main,
        notice=notice,
        policy=operator_policy(vkeys),
        readme=readme(decode(main.record)),
        related=related,
    )


def operator_policy(vkeys: tuple[str, ...]) -> bytes:
    """The policy.txt of a bundle: the log keys, marked as the operator's own word."""
    lines = [f"log {vkey}\n" for vkey in dict.fromkeys(vkeys)]
    return (_POLICY_HEAD + "".join(lines) + "quorum none\n").encode()


def make_bundle(proof: OptInProof) -> bytes:
    """The ZIP file; equal proofs give equal bytes. Raises a ProofError when the parts do not fit together."""
    check_parts(proof)
    members = [(README, proof.readme), (RECORD, proof.main.record), (PROOF, proof.main.proof.encode())]
    if proof.notice is not None:
        members.append((NOTICE, proof.notice))
    members.append((POLICY, proof.policy))
    for number, item in enumerate(proof.related, 1):
        name = f"related/{number:02d}-{decode(item.record).kind}"
        members += [(f"{name}.json", item.record), (f"{name}.tlog-proof", item.proof.encode())]
    for member, content in members:
        _check_size(member, content)
    return write_zip(members)


def read_bundle(data: bytes) -> OptInProof:
    """The parts of a bundle, in shape but not verified; raises a ProofError for any other file."""
    members = read_zip(data)
    for name, content in members.items():
        _check_size(name, content)
    for name in (README, RECORD, PROOF, POLICY):
        if name not in members:
            raise BundleError(f"the bundle has no {name}")
    proof = OptInProof(
        main=_logged(members, RECORD, PROOF),
        notice=members.get(NOTICE),
        policy=members[POLICY],
        readme=members[README],
        related=_related(members),
    )
    expected = [README, RECORD, PROOF, *([NOTICE] if NOTICE in members else []), POLICY]
    if list(members)[: len(expected)] != expected:
        raise BundleError("the members of the bundle are not in their order")
    return proof


def check_parts(proof: OptInProof) -> None:
    """Raises a ProofError unless notice, policy, README and related records belong to the main record."""
    record = decode(proof.main.record)
    check_notice(record, proof.notice)
    check_policy(proof.policy)
    if proof.readme != readme(record):
        raise BundleError("README.txt says something else than the record")
    check_related(record, proof.related)


def check_notice(record: ProofRecord, notice: bytes | None) -> None:
    named = record.privacy_notice
    if named is None and notice is not None:
        raise BundleError("notice.txt is there, and the record names no notice")
    if named is not None and notice is None:
        raise BundleError("the record names a notice, and notice.txt is not there")
    if named is not None and notice is not None and hashlib.sha256(notice).hexdigest() != named.sha256:
        raise BundleError("notice.txt is not the text whose SHA-256 the record names")


def check_policy(data: bytes) -> Policy:
    """The bundle's own policy; raises unless it is exactly what `operator_policy` writes."""
    policy = Policy.parse(data)
    if not policy.logs or operator_policy(tuple(log.verifier.vkey for log in policy.logs)) != data:
        raise BundleError("policy.txt is not the list of log keys a bundle carries")
    return policy


def check_related(record: ProofRecord, related: tuple[LoggedRecord, ...]) -> None:
    """Every related record is of the same Page and person; no record is there twice."""
    if len(related) > MAX_RELATED:
        raise BundleError(f"the bundle has more than {MAX_RELATED} related records")
    seen = {record.record_id}
    for number, item in enumerate(related, 1):
        other = decode(item.record)
        if (other.page_id, other.pii_principal_id) != (record.page_id, record.pii_principal_id):
            raise BundleError(f"related record {number} is of another Page or person")
        if other.record_id in seen:
            raise BundleError(f"related record {number} is in the bundle twice")
        seen.add(other.record_id)


def _logged(members: dict[str, bytes], record: str, proof: str) -> LoggedRecord:
    return LoggedRecord(record=members[record], proof=TlogProof.parse(members[proof]))


def _related(members: dict[str, bytes]) -> tuple[LoggedRecord, ...]:
    names = [name for name in members if name.startswith("related/")]
    if len(names) % 2:
        raise BundleError("a related record has no proof, or a proof no record")
    pairs = list(zip(names[::2], names[1::2], strict=True))
    found = []
    for number, (first, second) in enumerate(pairs, 1):
        item = _logged(members, first, second)
        name = f"related/{number:02d}-{decode(item.record).kind}"
        if (first, second) != (f"{name}.json", f"{name}.tlog-proof"):
            raise BundleError(f"related record {number} does not bear the name of its number and kind")
        found.append(item)
    return tuple(found)


def _check_size(name: str, content: bytes) -> None:
    matched = _RELATED.fullmatch(name)
    limit = _RELATED_LIMITS[matched["end"]] if matched else _LIMITS.get(name)
    if limit is None:
        raise BundleError("the bundle has a member that does not belong in it")
    if len(content) > limit:
        raise BundleError(f"{name} is longer than {limit} bytes")

"""How do packages of other people read a bundle?

Nothing here uses the product. metamorphic-log (Rust) checks checkpoints, inclusion and consistency, PyNaCl (libsodium)
the cosignatures, pymerkle builds the tree of a whole log. What stands here is only what no package does: to take the
files apart and to rebuild the leaf.
"""

import base64
import hashlib
import hmac
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import metamorphic_log
import pymerkle
from nacl.signing import VerifyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """The parts of a .tlog-proof file."""

    nonce: bytes
    index: int
    path: list[bytes]
    note: str

    @classmethod
    def read(cls, data: bytes) -> "ProofFile":
        head, _, note = data.decode().partition("\n\n")
        header, extra, index, *path = head.split("\n")
        assert header == "c2sp.org/tlog-proof@v1"
        return cls(
            nonce=base64.b64decode(extra.removeprefix("extra "), validate=True),
            index=int(index.removeprefix("index ")),
            path=[base64.b64decode(line, validate=True) for line in path],
            note=note,
        )


def leaf_of(record: bytes, nonce: bytes) -> bytes:
    """RFC 6962 leaf of the commitment to a record."""
    assert len(nonce) == 64
    return hashlib.sha256(b"\x00\x01" + hmac.new(nonce, record, "sha256").digest()).digest()


def members_of(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as unpacked:
        return {name: unpacked.read(name) for name in unpacked.namelist()}


def check_bundle(bundle: bytes, vkeys: list[str]) -> dict[str, int]:
    """How many inclusions, consistencies and digests of a bundle fit; raises at the first that does not.

    Rotated keys are followed as the bundle orders them.
    """
    members = members_of(bundle)
    trusted = list(vkeys)
    counts = {"included": 0, "consistent": 0, "digests": 0}
    names = [name.removesuffix(".tlog-proof") for name in members if name.endswith(".tlog-proof")]
    for name in sorted(names, key=lambda name: not name.startswith("keys/")):
        proof, record = ProofFile.read(members[f"{name}.tlog-proof"]), members[f"{name}.json"]
        leaf = leaf_of(record, proof.nonce)
        metamorphic_log.checkpoint_verify_inclusion(proof.note, trusted, proof.index, leaf, proof.path)
        counts["included"] += 1
        if name.startswith("keys/"):
            trusted.append(_log_vkey(record))
    for name in (name for name in members if name.endswith(".consistency")):
        old, path, newer = read_consistency(members[name])
        older = members[name.replace(".consistency", ".checkpoint")].decode()
        assert metamorphic_log.checkpoint_verify(older, trusted).size == old
        metamorphic_log.checkpoint_verify_consistency(older, newer, trusted, path)
        counts["consistent"] += 1
    for line in members["SHA256SUMS"].decode().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256(members[name]).hexdigest() == digest, name
        counts["digests"] += 1
    return counts


def whole_log(folder: Path, vkey: str) -> list[bytes]:
    """The leaf hashes of a log exported as static tiles, once pymerkle's tree of its entries has the signed root."""
    head = metamorphic_log.checkpoint_verify((folder / "checkpoint").read_text(encoding="utf-8"), [vkey])
    tree = pymerkle.InmemoryTree("sha256")
    for number in range(0, head.size, 256):
        width = min(256, head.size - number)
        name = f"{number // 256:03d}" if width == 256 else f"{number // 256:03d}.p/{width}"
        bundle = io.BytesIO((folder / "tile" / "entries" / name).read_bytes())
        for _ in range(width):
            tree.append_entry(bundle.read(int.from_bytes(bundle.read(2), "big")))
        assert bundle.read() == b""
    assert tree.get_root() == bytes(head.root)
    return [tree.get_leaf(number) for number in range(1, head.size + 1)]


def read_consistency(data: bytes) -> tuple[int, list[bytes], str]:
    """Old size, path and newer note of a file in the form of an add-checkpoint request."""
    head, _, note = data.decode().partition("\n\n")
    old, *path = head.split("\n")
    return int(old.removeprefix("old ")), [base64.b64decode(line, validate=True) for line in path], note


def cosigned_at(note: bytes, vkey: str) -> int:
    """POSIX seconds at which this witness cosigned the checkpoint; libsodium raises when the signature is bad."""
    text, _, signatures = note.decode().rpartition("\n\n")
    name, key_id, key = vkey.split("+", 2)
    for line in signatures.splitlines():
        _, signer, blob = line.split(" ")
        raw = base64.b64decode(blob, validate=True)
        if signer == name and raw[:4].hex() == key_id:
            time = int.from_bytes(raw[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{text}\n".encode()
            VerifyKey(base64.b64decode(key, validate=True)[1:]).verify(message, raw[12:])
            return time
    raise AssertionError(f"{name} has not cosigned")


def _log_vkey(record: bytes) -> str:
    return str(json.loads(record)["log"]["vkey"])

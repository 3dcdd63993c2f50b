"""Do programs of other people, which share nothing with ours, see the same trees, notes and proofs?"""

import base64
import hashlib
import random
import re
import subprocess
from pathlib import Path

import cbor2
import metamorphic_log
import pymerkle
import pytest
import scitt_cose
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import consistency_path, inclusion_path, root_of
from domain.proof.note import add_signatures, cosign
from tests.domain.proof.offline.maker import LOG_KEY, WITNESS
from tests.domain.proof.samples import VECTORS, full_subtrees
from tests.privacy.foreign import check_bundle, cosigned_at, read_consistency
from tests.privacy.handmade import SEEN, STRANGER, Authority, make_members, pack
from tests.programs import require

TREE, KEYS = VECTORS["ct_tree"], VECTORS["keys"]
ENTRIES = [bytes.fromhex(entry) for entry in TREE["entries_hex"]]
LEAVES = [bytes.fromhex(leaf) for leaf in TREE["leaf_hashes"]]
ROOTS = {int(size): bytes.fromhex(root) for size, root in TREE["roots"].items()}
COSIGNED_AT = 1_790_000_000
LARGEST = 1500


def hashes(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def foreign_tree(entries: list[bytes]) -> pymerkle.InmemoryTree:
    tree = pymerkle.InmemoryTree("sha256")
    tree.append_entries(entries)
    return tree


# The published values


def test_every_tree_vector_is_what_other_programs_compute() -> None:
    tree = foreign_tree(ENTRIES)
    tried = {"leaves": 0, "roots": 0, "inclusion": 0, "consistency": 0}
    for number, leaf in enumerate(LEAVES, 1):
        assert tree.get_leaf(number) == leaf == bytes.fromhex(scitt_cose.leaf_hash(ENTRIES[number - 1].hex()))
        tried["leaves"] += 1
    for size, root in ROOTS.items():
        assert tree.get_root(size) == root
        assert scitt_cose.merkle_root(TREE["entries_hex"][:size]) == root.hex()
        tried["roots"] += 1
    for vector in TREE["inclusion"]:
        index, size, path = vector["index"], vector["size"], hashes(vector["proof"])
        # Its indexes start at one, and its path with the leaf itself.
        assert list(tree.prove_inclusion(index + 1, size).path[1:]) == path
        assert scitt_cose.inclusion_proof(TREE["entries_hex"][:size], index) == vector["proof"]
        metamorphic_log.verify_inclusion(index, size, LEAVES[index], path, ROOTS[size])
        tried["inclusion"] += 1
    for vector in TREE["consistency"]:
        old, new = vector["old"], vector["new"]
        assert scitt_cose.consistency_proof(TREE["entries_hex"], old, new) == vector["proof"]
        metamorphic_log.verify_consistency(old, new, hashes(vector["proof"]), ROOTS[old], ROOTS[new])
        tried["consistency"] += 1
    assert tried == {"leaves": 8, "roots": 9, "inclusion": 36, "consistency": 28}


def test_every_key_vector_is_what_libsodium_computes() -> None:
    tried = 0
    for who in ("log", "witness"):
        key = SigningKey(bytes.fromhex(KEYS[f"{who}_seed_hex"]))
        assert key.verify_key.encode().hex() == KEYS[f"{who}_public_hex"]
        name, key_id, typed = KEYS[f"{who}_vkey"].split("+", 2)
        assert base64.b64decode(typed)[1:] == key.verify_key.encode()
        assert hashlib.sha256(name.encode() + b"\n" + base64.b64decode(typed)).digest()[:4].hex() == key_id
        tried += 3
    assert tried == len(KEYS)


@pytest.mark.parametrize(("name", "size"), [("checkpoint_6", 6), ("checkpoint_8", 8), ("checkpoint_8_cosigned", 8)])
def test_every_checkpoint_vector_opens_elsewhere(name: str, size: int) -> None:
    head = metamorphic_log.checkpoint_verify(VECTORS[name], [KEYS["log_vkey"]])
    assert (head.origin, head.size, bytes(head.root)) == ("log.example/optin", size, ROOTS[size])
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify(VECTORS[name].replace(f"\n{size}\n", "\n7\n"), [KEYS["log_vkey"]])


def test_the_cosignature_vector_verifies_with_libsodium() -> None:
    cosigned = VECTORS["checkpoint_8_cosigned"].encode()
    assert cosigned == (VECTORS["checkpoint_8"] + VECTORS["add_checkpoint_response"]).encode()
    assert cosigned_at(cosigned, KEYS["witness_vkey"]) == COSIGNED_AT
    with pytest.raises(BadSignatureError):
        cosigned_at(cosigned.replace(b"\n8\n", b"\n7\n"), KEYS["witness_vkey"])


def test_the_proof_file_vector_verifies_elsewhere() -> None:
    head, _, note = VECTORS["tlog_proof_index_5"].partition("\n\n")
    path = [base64.b64decode(line) for line in head.split("\n")[2:]]
    metamorphic_log.checkpoint_verify_inclusion(note, [KEYS["log_vkey"]], 5, LEAVES[5], path)
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify_inclusion(note, [KEYS["log_vkey"]], 4, LEAVES[5], path)


def test_the_witness_request_vector_verifies_elsewhere() -> None:
    old, path, newer = read_consistency(VECTORS["add_checkpoint_request_6_to_8"].encode())
    assert old == 6
    metamorphic_log.checkpoint_verify_consistency(VECTORS["checkpoint_6"], newer, [KEYS["log_vkey"]], path)
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify_consistency(VECTORS["checkpoint_6"], newer, [KEYS["log_vkey"]], path[:-1])


def test_the_ml_dsa_cosignature_vector_is_these_bytes_and_can_be_signed() -> None:
    """The post-quantum cosignature of tlog-cosignature 1.1; the product neither makes nor asks for one."""
    witness, origin = b"witness.example/w1", b"log.example/optin"
    message = b"subtree/v1\n\x00" + bytes([len(witness)]) + witness + COSIGNED_AT.to_bytes(8, "big")
    message += bytes([len(origin)]) + origin + (0).to_bytes(8, "big") + (8).to_bytes(8, "big") + ROOTS[8]
    assert message.hex() == VECTORS["mldsa_cosigned_message_hex"]
    key = MLDSA44PrivateKey.generate()
    signature = key.sign(message)
    assert (len(key.public_key().public_bytes_raw()), len(signature)) == (1312, 2420)
    key.public_key().verify(signature, message)


def test_the_cose_receipt_vector_comes_out_of_our_tree_and_verifies_elsewhere() -> None:
    """The same proof in the form of RFC 9942; the product does not hand it out."""
    nodes = full_subtrees(LEAVES)
    path = list(inclusion_path(5, 8, lambda level, index: nodes[level, index]))
    protected = cbor2.dumps({1: -8, 4: b"k1", 15: {1: "log.example/optin", 2: "entry"}, 395: 1})
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEYS["log_seed_hex"]))
    signature = key.sign(cbor2.dumps(["Signature1", protected, b"", ROOTS[8]]))
    unprotected = {396: {-1: [cbor2.dumps([8, 5, path])]}}
    receipt = cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, None, signature]))
    assert receipt.hex() == VECTORS["cose_receipt_hex"]
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    found = scitt_cose.verify_receipt(receipt, leaf_entry_hex=ENTRIES[5].hex(), log_public_key_pem=pem)
    assert (found.ok, found.root, found.tree_size, found.leaf_index) == (True, ROOTS[8].hex(), 8, 5)
    other = scitt_cose.verify_receipt(receipt, leaf_entry_hex=ENTRIES[4].hex(), log_public_key_pem=pem)
    assert not other.ok


def test_the_commitment_vector_is_what_openssl_computes(tmp_path: Path) -> None:
    vector = VECTORS["commitment"]
    (tmp_path / "record.json").write_text(vector["record"], encoding="utf-8")
    digest = openssl("dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{vector['nonce_hex']}", "-binary",
                     str(tmp_path / "record.json"))  # fmt: skip
    assert digest.hex() == vector["hmac_hex"]
    entry = b"\x01" + digest
    assert (entry.hex(), scitt_cose.leaf_hash(entry.hex())) == (vector["entry_hex"], vector["leaf_hash"])


def test_the_time_stamp_request_vector_is_read_by_openssl(tmp_path: Path) -> None:
    vector = VECTORS["tsq"]
    stamped = VECTORS[vector["stamped"]].encode()
    assert hashlib.sha256(stamped).hexdigest() == vector["sha256"]
    query = tmp_path / "checkpoint.tsq"
    query.write_bytes(bytes.fromhex(vector["der_hex"]))
    text = openssl("ts", "-query", "-in", str(query), "-text").decode()
    dumped = "".join(re.findall(r"^ {4}[0-9a-f]{4} - ([0-9a-f -]{47})", text, re.MULTILINE))
    assert dumped.replace(" ", "").replace("-", "") == vector["sha256"]
    assert f"Nonce: 0x{vector['nonce']}" in text
    assert "Certificate required: yes" in text


def openssl(*arguments: str) -> bytes:
    require("openssl")
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


# Trees and notes of ours that nobody published


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 1024, LARGEST])
def test_our_trees_are_those_of_other_programs(size: int) -> None:
    chosen = random.Random(size)
    entries = [b"\x01" + chosen.randbytes(32) for _ in range(size)]
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
    tree, nodes = foreign_tree(entries), full_subtrees(leaves)
    assert tree.get_root() == root_of(leaves)
    for index in {0, size - 1, *(chosen.randrange(size) for _ in range(20))}:
        path = list(inclusion_path(index, size, lambda level, at: nodes[level, at]))
        assert list(tree.prove_inclusion(index + 1).path[1:]) == path
        metamorphic_log.verify_inclusion(index, size, leaves[index], path, tree.get_root())
    for old in {1, size, *(chosen.randint(1, size) for _ in range(20))}:
        path = list(consistency_path(old, size, lambda level, at: nodes[level, at]))
        metamorphic_log.verify_consistency(old, size, path, tree.get_root(old), tree.get_root())


def test_our_checkpoints_and_cosignatures_verify_elsewhere_and_foreign_signatures_equal_ours() -> None:
    log = Signer(name="bakery.example/log/2026", key_type=KeyType.ED25519, seed=bytes(range(32)))
    witness = Signer(name="witness.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(range(1, 33)))
    checkpoint = Checkpoint(origin=log.name, size=8, root=ROOTS[8])
    note = sign_checkpoint(checkpoint, log)
    cosigned = add_signatures(note, cosign(checkpoint.text(), witness, COSIGNED_AT))
    for signed in (note, cosigned):
        assert metamorphic_log.checkpoint_verify(signed.decode(), [log.verifier.vkey]).size == 8
    assert cosigned_at(cosigned, witness.verifier.vkey) == COSIGNED_AT
    assert SigningKey(log.seed).sign(checkpoint.text()).signature == log.sign(checkpoint.text())
    VerifyKey(log.verifier.public_key).verify(checkpoint.text(), log.sign(checkpoint.text()))
    Ed25519PublicKey.from_public_bytes(bytes(VerifyKey(log.verifier.public_key))).verify(
        SigningKey(log.seed).sign(checkpoint.text()).signature, checkpoint.text()
    )


# A whole bundle


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("rotated", [False, True], ids=["one key", "a changed key"])
def test_a_whole_bundle_verifies_elsewhere(rotated: bool, authority: Authority) -> None:
    members = make_members(authority, rotated=rotated)
    counts = check_bundle(pack(members), [LOG_KEY.vkey])
    assert counts == {"included": 6 + rotated, "consistent": 4, "digests": len(members) - 1}
    assert cosigned_at(members["anchors/03-witness.checkpoint"], WITNESS.vkey) == SEEN.timestamp()


@pytest.mark.parametrize(
    "name", ["record.json", "record.tlog-proof", "anchors/02-rfc3161.checkpoint", "anchors/03-witness.consistency"]
)
def test_a_changed_bundle_is_refused_elsewhere(name: str, authority: Authority) -> None:
    members = make_members(authority)
    at = (
        members[name].rfind(b"\n", 0, len(members[name]) // 2) + 1
    )  # a line's last letter may hold bits that say nothing
    members[name] = members[name][:at] + bytes([members[name][at] ^ 1]) + members[name][at + 1 :]
    with pytest.raises((metamorphic_log.VerifyError, ValueError)):
        check_bundle(pack(members), [LOG_KEY.vkey])
    with pytest.raises(metamorphic_log.VerifyError):
        check_bundle(pack(make_members(authority)), [STRANGER.vkey])

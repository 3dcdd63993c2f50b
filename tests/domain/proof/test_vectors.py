"""Every published value comes out exactly; each test counts how many it tried."""

import hashlib

import pytest

from domain.proof.checkpoint import Checkpoint, open_checkpoint, open_cosigned, sign_checkpoint
from domain.proof.entry import commit, leaf_hash, opens
from domain.proof.keys import KeyType, Signer, Verifier, cosigned_message
from domain.proof.merkle import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from domain.proof.note import add_signatures, cosign, open_note
from domain.proof.tiles import ENTRIES, decode_entries, encode_entries, grown_tiles, tile_bytes, tile_path, tiles_for
from domain.proof.tlog_proof import TlogProof

from .samples import VECTORS, full_subtrees

TREE = VECTORS["ct_tree"]
KEYS = VECTORS["keys"]
ENTRIES_OF_TREE = [bytes.fromhex(entry) for entry in TREE["entries_hex"]]
LEAVES = [bytes.fromhex(leaf) for leaf in TREE["leaf_hashes"]]
ROOTS = {int(size): bytes.fromhex(root) for size, root in TREE["roots"].items()}
NODES = full_subtrees(LEAVES)
LOG = Signer(name="log.example/optin", key_type=KeyType.ED25519, seed=bytes.fromhex(KEYS["log_seed_hex"]))
WITNESS = Signer(name="witness.example/w1", key_type=KeyType.COSIGNATURE, seed=bytes.fromhex(KEYS["witness_seed_hex"]))
COSIGNED_AT = 1_790_000_000


def read(level: int, index: int) -> bytes:
    return NODES[level, index]


def hashes(values: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(value) for value in values)


def test_all_leaf_hashes_come_out() -> None:
    tried = [leaf_hash(entry) == leaf for entry, leaf in zip(ENTRIES_OF_TREE, LEAVES, strict=True)]
    assert tried == [True] * 8


def test_all_roots_come_out() -> None:
    tried = [root_of(LEAVES[:size]) == root == tree_root(size, read) for size, root in ROOTS.items()]
    assert tried == [True] * 9
    assert ROOTS[0] == EMPTY_ROOT


def test_all_inclusion_paths_come_out_and_verify() -> None:
    tried = 0
    for vector in TREE["inclusion"]:
        index, size, path = vector["index"], vector["size"], hashes(vector["proof"])
        assert inclusion_path(index, size, read) == path
        verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])
        tried += 1
    assert tried == 36


def test_all_consistency_paths_come_out_and_verify() -> None:
    tried = 0
    for vector in TREE["consistency"]:
        old, new, path = vector["old"], vector["new"], hashes(vector["proof"])
        assert consistency_path(old, new, read) == path
        verify_consistency(old, new, path, ROOTS[old], ROOTS[new])
        tried += 1
    assert tried == 28


@pytest.mark.parametrize(("signer", "who"), [(LOG, "log"), (WITNESS, "witness")], ids=["the log's", "the witness's"])
def test_key_texts_come_out(signer: Signer, who: str) -> None:
    assert signer.verifier.public_key.hex() == KEYS[f"{who}_public_hex"]
    assert signer.verifier.vkey == KEYS[f"{who}_vkey"]
    assert Verifier.from_vkey(KEYS[f"{who}_vkey"]) == signer.verifier
    assert Signer.from_skey(signer.skey) == signer


@pytest.mark.parametrize("size", [6, 8])
def test_signed_checkpoints_come_out_exactly(size: int) -> None:
    checkpoint = Checkpoint(origin="log.example/optin", size=size, root=ROOTS[size])
    note = VECTORS[f"checkpoint_{size}"].encode()
    assert sign_checkpoint(checkpoint, LOG) == note
    assert open_checkpoint(note, LOG.verifier) == checkpoint


def test_the_time_stamped_bytes_are_those_of_the_signed_checkpoint() -> None:
    assert hashlib.sha256(VECTORS["checkpoint_8"].encode()).hexdigest() == VECTORS["tsq"]["sha256"]


def test_the_cosignature_comes_out_exactly() -> None:
    note = VECTORS["checkpoint_8"].encode()
    text = Checkpoint(origin="log.example/optin", size=8, root=ROOTS[8]).text()
    line = cosign(text, WITNESS, COSIGNED_AT)
    assert line == VECTORS["add_checkpoint_response"].encode()
    assert cosigned_message(text, COSIGNED_AT).startswith(b"cosignature/v1\ntime 1790000000\nlog.example/optin\n")
    cosigned = add_signatures(note, line)
    assert cosigned == VECTORS["checkpoint_8_cosigned"].encode()
    opened = open_cosigned(cosigned, (LOG.verifier, WITNESS.verifier))
    assert [(c.verifier, c.time) for c in opened.cosignatures] == [(WITNESS.verifier, COSIGNED_AT)]


def test_the_example_of_the_note_specification_opens() -> None:
    verifier = Verifier.from_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    note = (
        "This is an example message.\n\n— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    ).encode()
    assert open_note(note, [verifier]).text == b"This is an example message.\n"


def test_the_proof_file_of_entry_5_comes_out_and_verifies() -> None:
    data = VECTORS["tlog_proof_index_5"].encode()
    made = TlogProof(
        index=5,
        path=inclusion_path(5, 8, read),
        checkpoint=VECTORS["checkpoint_8_cosigned"].encode(),
    )
    assert made.encode() == data
    assert TlogProof.parse(data) == made
    checkpoint = open_cosigned(made.checkpoint, (LOG.verifier, WITNESS.verifier)).checkpoint
    verify_inclusion(LEAVES[5], made.index, checkpoint.size, made.path, checkpoint.root)


def test_the_witness_request_from_6_to_8_holds_our_path_and_checkpoint() -> None:
    head, checkpoint = VECTORS["add_checkpoint_request_6_to_8"].split("\n\n", 1)
    lines = TlogProof(index=0, path=consistency_path(6, 8, read), checkpoint=b"-").encode().decode()
    assert head.split("\n") == ["old 6", *lines.split("\n")[2:-2]]
    assert checkpoint == VECTORS["checkpoint_8"]


def test_the_tile_of_the_tree_comes_out() -> None:
    tile = bytes.fromhex(VECTORS["tile_0_000_p_8_hex"])
    [only] = tiles_for(0, 8)
    assert tile_path(*only) == "tile/0/000.p/8"
    assert tile_bytes(only, read) == tile
    assert grown_tiles(0, 8, [(*at, value) for at, value in NODES.items()], {}) == {only: tile}


def test_the_entry_bundle_of_the_tree_comes_out() -> None:
    bundle = bytes.fromhex(VECTORS["entries_000_p_8_hex"])
    assert tile_path(ENTRIES, 0, 8) == "tile/entries/000.p/8"
    assert encode_entries(ENTRIES_OF_TREE) == bundle
    assert decode_entries(bundle, 8) == tuple(ENTRIES_OF_TREE)


def test_the_commitment_comes_out() -> None:
    vector = VECTORS["commitment"]
    record, nonce = vector["record"].encode(), bytes.fromhex(vector["nonce_hex"])
    entry = commit(record, nonce)
    assert entry.hex() == vector["entry_hex"] == "01" + vector["hmac_hex"]
    assert leaf_hash(entry).hex() == vector["leaf_hash"]
    assert opens(entry, record, nonce)

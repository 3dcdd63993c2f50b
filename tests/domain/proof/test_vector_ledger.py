"""Is every published value tried by some test, by name and by number?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .samples import VECTORS

TESTS = Path(__file__).parents[2]
OURS, FOREIGN = "domain/proof/test_vectors.py", "privacy/test_foreign_tools.py"

# Each part of the file: how many values it holds, a test with our code, a test with somebody else's. ML-DSA
# cosignatures and COSE receipts are no forms of ours: their bytes are made in the test and read by others.
RUN_BY: dict[str, tuple[int, str | None, str | None]] = {
    "ct_tree.entries_hex": (
        8,
        "test_all_leaf_hashes_come_out",
        "test_every_tree_vector_is_what_other_programs_compute",
    ),
    "ct_tree.leaf_hashes": (
        8,
        "test_all_leaf_hashes_come_out",
        "test_every_tree_vector_is_what_other_programs_compute",
    ),
    "ct_tree.roots": (9, "test_all_roots_come_out", "test_every_tree_vector_is_what_other_programs_compute"),
    "ct_tree.inclusion": (
        36,
        "test_all_inclusion_paths_come_out_and_verify",
        "test_every_tree_vector_is_what_other_programs_compute",
    ),
    "ct_tree.consistency": (
        28,
        "test_all_consistency_paths_come_out_and_verify",
        "test_every_tree_vector_is_what_other_programs_compute",
    ),
    "keys": (6, "test_key_texts_come_out", "test_every_key_vector_is_what_libsodium_computes"),
    "checkpoint_6": (1, "test_signed_checkpoints_come_out_exactly", "test_every_checkpoint_vector_opens_elsewhere"),
    "checkpoint_8": (1, "test_signed_checkpoints_come_out_exactly", "test_every_checkpoint_vector_opens_elsewhere"),
    "checkpoint_8_cosigned": (
        1,
        "test_the_cosignature_comes_out_exactly",
        "test_the_cosignature_vector_verifies_with_libsodium",
    ),
    "tlog_proof_index_5": (
        1,
        "test_the_proof_file_of_entry_5_comes_out_and_verifies",
        "test_the_proof_file_vector_verifies_elsewhere",
    ),
    "add_checkpoint_request_6_to_8": (
        1,
        "test_the_witness_request_from_6_to_8_holds_our_path_and_checkpoint",
        "test_the_witness_request_vector_verifies_elsewhere",
    ),
    "add_checkpoint_response": (
        1,
        "test_the_cosignature_comes_out_exactly",
        "test_the_cosignature_vector_verifies_with_libsodium",
    ),
    "tile_0_000_p_8_hex": (1, "test_the_tile_of_the_tree_comes_out", None),
    "entries_000_p_8_hex": (1, "test_the_entry_bundle_of_the_tree_comes_out", None),
    "mldsa_cosigned_message_hex": (
        1,
        None,
        "test_the_ml_dsa_cosignature_vector_is_these_bytes_and_can_be_signed",
    ),
    "cose_receipt_hex": (
        1,
        None,
        "test_the_cose_receipt_vector_comes_out_of_our_tree_and_verifies_elsewhere",
    ),
    "commitment": (5, "test_the_commitment_comes_out", "test_the_commitment_vector_is_what_openssl_computes"),
    "tsq": (
        4,
        "test_the_time_stamped_bytes_are_those_of_the_signed_checkpoint",
        "test_the_time_stamp_request_vector_is_read_by_openssl",
    ),
}


def test_every_value_of_the_file_is_tried_and_they_are_a_hundred_and_fourteen() -> None:
    assert {name: (count, *RUN_BY.get(name, (0, None, None))[1:]) for name, count in _parts(VECTORS)} == RUN_BY
    assert sum(count for count, _, _ in RUN_BY.values()) == 114


def test_the_tests_that_try_them_exist() -> None:
    ours = {name for _, name, _ in RUN_BY.values() if name}
    foreign = {name for _, _, name in RUN_BY.values() if name}
    assert (ours - _tests_of(OURS), foreign - _tests_of(FOREIGN)) == (set(), set())


def _parts(vectors: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for name, value in vectors.items():
        if name == "ct_tree":
            yield from ((f"{name}.{part}", len(values)) for part, values in value.items())
        else:
            yield name, len(value) if isinstance(value, dict) else 1


def _tests_of(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

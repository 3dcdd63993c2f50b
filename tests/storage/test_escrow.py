"""Does the sheet bring back the newest keys, and never more than that?"""

import random
from datetime import UTC, datetime, timedelta

import pytest

from storage.escrow import escrow_sheet, fingerprint, open_copy, read_root, root_fingerprint, seal_copy
from storage.keyring import KeyRing, RingUnreadable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make_ring(seed: int = 7) -> KeyRing:
    return KeyRing.create(random.Random(seed).randbytes, NOW)


def code_of(ring: KeyRing) -> str:
    return escrow_sheet(ring).split("Root\n")[1].split("\n\n")[0]


def test_the_root_is_read_back_from_its_sheet() -> None:
    assert read_root(code_of(make_ring())) == make_ring().root


def test_the_root_may_be_typed_in_small_letters_with_look_alikes_and_hyphens() -> None:
    typed = code_of(make_ring()).lower().replace(" ", "-").replace("o", "0").replace("i", "1").replace("b", "8")
    assert read_root(typed) == make_ring().root


def test_every_single_slip_in_typing_is_noticed() -> None:
    code = "".join(code_of(make_ring()).split())
    for position, letter in enumerate(code):
        slip = code[:position] + ("A" if letter != "A" else "C") + code[position + 1 :]
        with pytest.raises(RingUnreadable):
            read_root(slip)
    for typed in ("", "A", code[:-1], code + "A", "not a root at all!"):
        with pytest.raises(RingUnreadable):
            read_root(typed)


def test_the_fingerprint_names_the_root_and_survives_rotation() -> None:
    ring = make_ring()
    later = ring.rotate_kek(random.Random(1).randbytes, NOW + timedelta(days=7))
    assert fingerprint(later) == fingerprint(ring) == root_fingerprint(ring.root)
    assert fingerprint(ring.with_root(bytes(32))) != fingerprint(ring) != fingerprint(make_ring(8))
    assert [len(group) for group in fingerprint(ring).split("-")] == [4, 4, 4, 4]


def test_the_sheet_holds_no_key_that_opens_the_database() -> None:
    ring = make_ring()
    without_keys = make_ring(8)
    twin = KeyRing(
        install_id=ring.install_id,
        revision=ring.revision,
        root=ring.root,
        keks=without_keys.keks,
        index=without_keys.index,
        links=without_keys.links,
        suppression_key=without_keys.suppression_key,
        system_secret=without_keys.system_secret,
        log_seeds={},
    )
    assert escrow_sheet(twin) == escrow_sheet(ring)


def test_a_copy_opens_with_the_root_alone() -> None:
    ring = make_ring()
    assert open_copy(ring.root, seal_copy(ring)) == ring


def test_a_copy_does_not_open_with_another_root() -> None:
    with pytest.raises(RingUnreadable):
        open_copy(make_ring(8).root, seal_copy(make_ring()))


def test_an_altered_copy_does_not_open() -> None:
    copy = seal_copy(make_ring())
    for position in range(0, len(copy), 7):
        altered = bytearray(copy)
        altered[position] ^= 1
        with pytest.raises(RingUnreadable):
            open_copy(make_ring().root, bytes(altered))
    for length in (0, 10, 30, len(copy) - 1):
        with pytest.raises(RingUnreadable):
            open_copy(make_ring().root, copy[:length])


def test_a_copy_is_to_be_deleted_when_its_first_key_is_destroyed() -> None:
    ring = make_ring()
    assert ring.copies_end_at(NOW) == NOW + timedelta(days=14)
    later = ring.rotate_kek(random.Random(1).randbytes, NOW + timedelta(days=7))
    assert later.copies_end_at(NOW + timedelta(days=7)) == NOW + timedelta(days=14)

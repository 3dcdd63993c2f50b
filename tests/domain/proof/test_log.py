"""Are logs named so that no name is used twice, and is it clear at each moment which keys sign?"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.errors import LogNameError
from domain.proof.keys import check_key_name
from domain.proof.log import (
    KEY_OVERLAP,
    MAX_PART,
    KeyState,
    LogKey,
    LogName,
    newest_seed,
    next_seed,
    seed_number,
    signing_keys,
)

INSTALL = UUID("00112233-4455-6677-8899-aabbccddeeff")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = st.builds(LogName, st.integers(1000, 9999), st.integers(1, MAX_PART))


def test_the_first_log_of_a_year_bears_the_year_and_the_next_ones_a_part():
    assert LogName(2026).origin("log.example", INSTALL) == "log.example/assent/001122334455/2026"
    assert LogName(2026, 2).origin("log.example", INSTALL) == "log.example/assent/001122334455/2026.2"
    assert (LogName(2026).log_id, LogName(2026, 2).log_id) == (2026, 202602)


@given(one=NAMES, other=NAMES)
def test_two_logs_never_share_a_number_or_a_name(one, other):
    same = one == other
    assert (one.log_id == other.log_id) is same
    assert (one.origin("h", INSTALL) == other.origin("h", INSTALL)) is same
    check_key_name(one.origin("127.0.0.1:8080", INSTALL))


@given(name=NAMES)
def test_what_comes_after_a_log_compares_greater(name):
    assert all(coming > name for coming in name.coming)
    if name.part < MAX_PART:
        assert name.following in name.coming


@pytest.mark.parametrize("place", [(999, 1), (10000, 1), (2026, 0), (2026, 100)])
def test_no_log_has_an_impossible_place(place):
    with pytest.raises(LogNameError):
        LogName(*place)


@given(number=st.integers(1, 900_000))
def test_seeds_are_numbered_and_the_next_one_is_newer_than_all(number):
    name = next_seed(["log"] if number == 1 else [f"log-{number}"])
    assert seed_number(name) == number + 1
    assert newest_seed(["log", name, "another"]) == name


@pytest.mark.parametrize(
    "name", ["", "log-", "log-0", "log-1", "log-02", "log-2 ", "log-x", "logs", "example.org/log/2"]
)
def test_other_names_are_no_seeds_of_the_log(name):
    assert seed_number(name) == 0
    assert newest_seed([name]) is None
    assert next_seed([name]) == "log"


@given(rotations=st.lists(st.integers(0, 30 * 24), max_size=6), hours=st.integers(0, 200 * 24))
def test_the_key_in_use_signs_first_and_the_ones_before_it_for_the_overlap(rotations, hours):
    keys, at, size = [LogKey(vkey="1", seed_name="log", from_size=0)], NOW, 1
    for number, span in enumerate(rotations, 2):
        at, size = at + timedelta(hours=span), size + 1
        last = keys.pop()
        keys.append(LogKey(vkey=last.vkey, seed_name="x", from_size=last.from_size, until=at + KEY_OVERLAP))
        keys.append(LogKey(vkey=str(number), seed_name="x", from_size=size))
    stored_at = at + timedelta(hours=hours)
    signing = signing_keys(keys, size, stored_at)
    assert signing[0] == keys[-1]
    assert set(signing[1:]) == {key for key in keys[:-1] if key.until and stored_at < key.until}
    assert [key.from_size for key in signing] == sorted((key.from_size for key in signing), reverse=True)


def test_a_key_signs_no_head_that_is_smaller_than_its_first_one():
    old = LogKey(vkey="1", seed_name="log", from_size=0, until=NOW + KEY_OVERLAP)
    new = LogKey(vkey="2", seed_name="log-2", from_size=5)
    assert signing_keys([old, new], 4, NOW) == [old]
    assert signing_keys([old, new], 5, NOW) == [new, old]
    assert [key.state(NOW + KEY_OVERLAP) for key in (old, new)] == [KeyState.RETIRED, KeyState.SIGNING]
    assert old.state(NOW) is KeyState.RETIRING

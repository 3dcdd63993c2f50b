import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import Psid
from domain.personal import Pii

PRIVATE = "Anna Sevenhundred"


@pytest.mark.parametrize(
    "shown",
    [
        repr(Pii(PRIVATE)),
        str(Pii(PRIVATE)),
        f"{Pii(PRIVATE)}",
        f"{Pii(PRIVATE)!r:>40}".strip(),
        f"{Pii(PRIVATE):>40}",
        "%s" % Pii(PRIVATE),  # noqa: UP031  old formatting is what the logging module uses
        "{}".format(Pii(PRIVATE)),  # noqa: UP032  the method form must be safe too
        json.dumps(Pii(PRIVATE), default=str).strip('"'),
    ],
)
def test_every_way_of_printing_shows_only_a_mark(shown: str) -> None:
    assert shown == "<pii>"


def test_a_dataclass_that_holds_one_does_not_print_it() -> None:
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Holder:
        psid: Pii[Psid]

    assert PRIVATE not in repr(Holder(psid=Pii(Psid(PRIVATE))))
    assert PRIVATE not in repr(dataclasses.asdict(Holder(psid=Pii(Psid(PRIVATE)))))


def test_reveal_gives_the_value_to_whoever_says_why() -> None:
    assert Pii(PRIVATE).reveal("shown to the person in the chat") == PRIVATE


@pytest.mark.parametrize("reason", ["", "   "])
def test_reveal_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match="say why"):
        Pii(PRIVATE).reveal(reason)


def test_json_and_pickle_refuse_it() -> None:
    with pytest.raises(TypeError):
        json.dumps({"psid": Pii(PRIVATE)})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="seal it"):
            pickle.dumps(Pii(PRIVATE), protocol)


def test_it_is_no_string_and_behaves_like_none() -> None:
    held = Pii(PRIVATE)
    assert not isinstance(held, str)
    for attempt in (lambda: held + "x", lambda: "".join([held]), lambda: len(held), lambda: list(held)):  # type: ignore[operator,list-item,arg-type,call-overload]  # each must fail
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(TypeError):
        hash(held)
    assert not hasattr(held, "__dict__")


def test_it_cannot_be_changed() -> None:
    held = Pii(PRIVATE)
    with pytest.raises(AttributeError):
        held.other = 1
    with pytest.raises(AttributeError):
        delattr(held, "_Pii__value")
    assert copy.copy(held) is held
    assert copy.deepcopy(held) is held


@given(st.text(), st.text())
def test_two_are_equal_exactly_when_their_values_are(left: str, right: str) -> None:
    assert (Pii(left) == Pii(right)) is (left == right)
    assert Pii(left) == Pii(left)
    assert Pii(left) != left

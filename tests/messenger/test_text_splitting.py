import pytest
from hypothesis import given
from hypothesis import strategies as st

from messenger.limits import TEXT_SPLIT_AT, units
from messenger.text_splitting import split_text

TEXTS = st.text(st.sampled_from("ab äß\n😀👩‍🚀é"), max_size=120)


@given(TEXTS, st.integers(2, 40))
def test_parts_fit_and_only_white_space_at_the_cuts_is_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < units(part) <= limit for part in parts)
    assert all(part == part.strip() for part in parts)
    assert "".join("".join(part.split()) for part in parts) == "".join(text.split())


@given(TEXTS)
def test_a_text_that_fits_is_one_part(text: str) -> None:
    assert split_text(text) == ((text.strip(),) if text.strip() else ())


@given(st.lists(st.text("abcdef", min_size=1, max_size=9), min_size=1, max_size=40))
def test_words_that_fit_are_never_cut(words: list[str]) -> None:
    assert [word for part in split_text(" ".join(words), 10) for word in part.split()] == words


def test_a_blank_line_is_the_best_place_to_cut() -> None:
    first, second = "a " * 600, "b " * 600
    assert split_text(f"{first.strip()}\n\n{second.strip()}") == (first.strip(), second.strip())


def test_an_emoji_of_several_code_points_stays_whole() -> None:
    family = "👩‍👩‍👧"
    assert set("".join(split_text(family * 10, 20)).split(family)) == {""}
    assert all(part in {family, family * 2} for part in split_text(family * 10, 20))


def test_a_long_word_is_cut_at_the_limit() -> None:
    assert [len(part) for part in split_text("x" * 4000)] == [TEXT_SPLIT_AT, TEXT_SPLIT_AT, 200]


def test_a_limit_without_room_for_one_character_is_refused() -> None:
    with pytest.raises(ValueError, match="2 or more"):
        split_text("a", 1)

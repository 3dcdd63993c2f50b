"""Can a name get into a text without bringing anything else along?"""

from __future__ import annotations

import re
import unicodedata

import pytest
import regex  # type: ignore[import-untyped]  # the library ships no types
from hypothesis import example, given
from hypothesis import strategies as st

from domain import personalisation
from domain.personalisation import (
    VALUE_GRAPHEMES,
    VALUE_UTF16,
    TemplateRefused,
    TooLong,
    Variable,
    clean,
    longest,
    parse,
    personalise,
    render,
)
from domain.texts import utf16_length

PLAIN = st.text(st.characters(exclude_characters="{}|", exclude_categories=["Cs"]), max_size=80)
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
ANYTHING = st.text(max_size=300)
LINK = re.compile(r"\S\.\S|://|www\.|[/\\@]", re.IGNORECASE)


@given(PLAIN, WORDS, PLAIN, st.from_regex(r"[A-Za-zÄÖÜäöüéèñç]{1,20}", fullmatch=True))
def test_a_value_stands_where_the_variable_was_and_nothing_else_changes(
    before: str, fallback: str, after: str, name: str
) -> None:
    template = f"{before}{{{{first_name|{fallback}}}}}{after}"
    assert personalise(template, first_name=name) == f"{before}{unicodedata.normalize('NFC', name)}{after}"
    assert personalise(template, first_name=None) == f"{before}{fallback}{after}"


@given(ANYTHING)
@example("Eve http://evil.example/x")
@example("evil.com")
@example("a．b。c")
@example("Tap m.me/evil @everyone mailto:x")
@example("\u202eelive\u2066")
@example("Zoë\n\nYou won! Call 1")
@example("{{first_name|x}}")
def test_no_value_brings_a_link_a_line_break_or_a_variable(value: str) -> None:
    cleaned = clean(value)
    assert not LINK.search(cleaned)
    assert not set(cleaned) & set("\n\r\t\u2028\u2029\u202e\u2066{}<>")
    assert cleaned == " ".join(cleaned.split())


@given(ANYTHING)
@example("👨‍👩‍👧‍👦" * 70)
@example("e" + "\u0301" * 500)
@example("x" * 500)
@example("🙂" * 200)
def test_every_value_is_short_in_graphemes_and_in_units(value: str) -> None:
    cleaned = clean(value)
    assert len(regex.findall(r"\X", cleaned)) <= VALUE_GRAPHEMES
    assert utf16_length(cleaned) <= VALUE_UTF16


@given(ANYTHING)
def test_cleaning_twice_changes_nothing(value: str) -> None:
    assert clean(clean(value)) == clean(value)


@given(ANYTHING, WORDS)
def test_a_value_of_which_nothing_is_left_gives_way_to_the_fallback(value: str, fallback: str) -> None:
    text = personalise(f"{{{{first_name|{fallback}}}}}", first_name=value)
    assert text == (clean(value) or fallback)


@given(ANYTHING, PLAIN)
def test_nothing_a_person_is_called_is_longer_than_the_longest_text(value: str, words: str) -> None:
    template = f"{words} {{{{first_name|there}}}}, {{{{ first_name | you }}}}"
    assert utf16_length(personalise(template, first_name=value)) <= utf16_length(longest(template))


@given(st.text(alphabet="{}|ab first_name", max_size=60))
def test_any_template_is_taken_or_refused_with_a_position_inside_it(template: str) -> None:
    refused_at = 1
    try:
        parsed = parse(template)
    except TemplateRefused as refused:
        refused_at = refused.position
    else:
        assert parsed.names <= personalisation.NAMES
        assert "{{" not in render(parsed, {})
    assert 1 <= refused_at <= max(1, len(template))


@pytest.mark.parametrize("name", ["Zoë", "María José", "O’Brien", "Jean-Luc", "李小龙", "محمد", "नरेन्द्र", "St. Clair"])
def test_names_of_people_stay_as_they_are(name: str) -> None:
    assert clean(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("template", "position", "problem"),
    [
        ("Hi {{name|x}}", 4, "no such variable"),
        ("Hi {{first_name}}", 4, "without a value"),
        ("Hi {{first_name|}}", 4, "without a value"),
        ("Hi {{first_name|  }}", 4, "without a value"),
        ("Hi {{first_name|a\nb}}", 4, "one line"),
        ("Hi {{first_name|there", 4, "belong to no variable"),
        ("Hi first_name|there}}", 20, "belong to no variable"),
        ("{{first_name|a|b}}", 1, "belong to no variable"),
        ("ok {{first_name|a}} {{first_name.__class__|a}}", 21, "no such variable"),
        ("{{first_name|{{first_name|x}}}}", 1, "belong to no variable"),
        ("x" * 5_000, 1, "longer than"),
    ],
)
def test_a_wrong_template_is_refused_at_its_place(template: str, position: int, problem: str) -> None:
    with pytest.raises(TemplateRefused, match=problem) as refused:
        parse(template)
    assert refused.value.position == position


def test_single_braces_and_percent_signs_are_ordinary_characters() -> None:
    assert personalise("{x} %s {0} 100 %", first_name="Zoë") == "{x} %s {0} 100 %"


def test_spaces_around_name_and_fallback_do_not_matter() -> None:
    assert parse("{{ first_name | dear friend }}").pieces == (Variable("first_name", "dear friend"),)


def test_a_rendered_text_above_the_limit_is_refused_by_its_utf16_length() -> None:
    template = parse("🙂🙂🙂")
    assert render(template, {}, limit=6) == "🙂🙂🙂"
    with pytest.raises(TooLong) as refused:
        render(template, {}, limit=5)
    assert (refused.value.length, refused.value.limit) == (6, 5)

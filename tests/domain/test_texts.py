"""Does everybody get texts they can read, with exactly the values that were put in?"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts import TextCatalog, TextError, Texts, accepted_languages, own_name, utf16_length

ENGLISH = Texts.of(
    "en",
    {
        "hello": "Hello {name}, welcome to {page}!",
        "plain": "Nothing here",
        "deep": {"er": {"still": "yes"}},
        "tries": {"one": "{count} try", "other": "{count} tries by {name}"},
        "until": "until {date}",
        "many": "{number} people",
    },
)
POLISH = Texts.of("pl", {"tries": {"one": "{count} próba", "few": "{count} próby", "other": "{count} prób"}})
CATALOG = TextCatalog(by_language={"en": ENGLISH, "pl": POLISH, "pt": Texts.of("pt", {}), "pt-pt": Texts.of("pt", {})})


@given(st.text(), st.text())
def test_values_are_put_in_once_and_never_read_again(name: str, page: str) -> None:
    assert ENGLISH.text("hello", name=name, page=page) == f"Hello {name}, welcome to {page}!"


def test_a_value_that_looks_like_a_placeholder_stays_text() -> None:
    assert ENGLISH.text("hello", name="{page}", page="{0.__class__}") == "Hello {page}, welcome to {0.__class__}!"


@pytest.mark.parametrize("values", [{}, {"name": "Zoë"}, {"name": "Zoë", "Page": "x"}])
def test_a_missing_value_is_an_error_that_names_the_placeholder(values: dict[str, str]) -> None:
    with pytest.raises(TextError, match=r"page|name"):
        ENGLISH.text("hello", **values)


def test_an_error_never_repeats_a_value() -> None:
    with pytest.raises(TextError) as failed:
        ENGLISH.text("hello", name="Zoë Secret")
    assert "Zoë" not in str(failed.value)


def test_a_value_of_another_type_is_an_error() -> None:
    with pytest.raises(TextError, match="name"):
        ENGLISH.text("hello", name=object(), page="x")  # type: ignore[arg-type]  # that is the point


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(TextError, match="nowhere"):
        ENGLISH.text("nowhere")


def test_nested_tables_become_dotted_keys() -> None:
    assert ENGLISH.text("deep.er.still") == "yes"
    assert ENGLISH.keys == {"hello", "plain", "deep.er.still", "tries", "until", "many"}


@pytest.mark.parametrize(("count", "text"), [(1, "1 próba"), (3, "3 próby"), (5, "5 prób"), (22, "22 próby")])
def test_a_plural_follows_the_rules_of_the_language(count: int, text: str) -> None:
    assert POLISH.text("tries", count=count) == text


def test_a_missing_plural_category_falls_to_other() -> None:
    assert Texts.of("es", {"n": {"one": "uno", "other": "{count}"}}).text("n", count=2_000_000) == "2.000.000"


def test_a_plural_without_a_number_is_an_error() -> None:
    with pytest.raises(TextError, match="count"):
        ENGLISH.text("tries", count="3", name="x")


def test_dates_and_numbers_are_written_as_the_language_writes_them() -> None:
    german = Texts.of("de", {"until": "bis {date}", "n": "{count}"})
    assert german.text("until", date=date(2026, 3, 5)) == "bis 5. März 2026"
    assert german.text("until", date=datetime(2026, 3, 5, 23, tzinfo=UTC)) == "bis 5. März 2026"
    assert german.text("n", count=12_345) == "12.345"
    assert german.listed(["a", "b", "c"]) == "a, b und c"


@pytest.mark.parametrize("template", ["{", "}", "{}", "{a b}", "{0}", "{a.b}", "{a!r}", "{a:>9}", "{{a}}", "{A}"])
def test_a_brace_that_is_no_placeholder_is_refused_when_loading(template: str) -> None:
    with pytest.raises(TextError, match="brace"):
        Texts.of("en", {"x": template})


def test_a_value_that_is_no_text_is_refused_when_loading() -> None:
    with pytest.raises(TextError, match="must be a text"):
        Texts.of("en", {"x": 3})


def test_what_a_text_needs_is_known() -> None:
    assert ENGLISH.placeholders("hello") == {"name", "page"}
    assert ENGLISH.placeholders("tries") == {"count", "name"}
    assert ENGLISH.raw("hello") == ("Hello {name}, welcome to {page}!",)
    assert len(ENGLISH.raw("tries")) == 2


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ((), "en"),
        (("pl",), "pl"),
        (("pl_PL",), "pl"),
        (("PT-br",), "pt"),
        (("pt_PT",), "pt-pt"),
        ((None, "", "xx", "pl-PL"), "pl"),
        (("zh-Hant-TW", "de"), "en"),
        (("../../etc", "a" * 500, "pl\n"), "en"),
    ],
)
def test_the_first_wanted_language_that_exists_is_chosen(wanted: tuple[str | None, ...], language: str) -> None:
    chosen = CATALOG.choose(*wanted)
    assert chosen is CATALOG.by_language[language]


@given(st.lists(st.none() | st.text(max_size=20), max_size=4))
def test_choosing_always_finds_a_language(wanted: list[str | None]) -> None:
    assert CATALOG.choose(*wanted).language in {"en", "pl", "pt"}


def test_a_catalog_without_english_is_refused() -> None:
    with pytest.raises(TextError, match="en"):
        TextCatalog(by_language={"pl": POLISH})


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("de-AT, de;q=0.9, en;q=0.5", ("de-AT", "de", "en")),
        ("en;q=0.1, fr;q=0.8", ("fr", "en")),
        ("*", ()),
        ("de;q=0, en", ("en",)),
        ("de;q=nan, en;x=1", ()),
        ("", ()),
    ],
)
def test_the_browsers_wishes_are_read_best_first(header: str, tags: tuple[str, ...]) -> None:
    assert accepted_languages(header) == tags


@given(st.text(max_size=600))
def test_any_header_is_read_without_error(header: str) -> None:
    assert all(tag.isascii() for tag in accepted_languages(header))


def test_direction_follows_the_script() -> None:
    assert ENGLISH.direction == "ltr"
    assert Texts.of("ar", {}).direction == "rtl"


def test_languages_are_named_in_their_own_words() -> None:
    assert [own_name(tag) for tag in ("de", "fr", "pt", "x-odd")] == ["Deutsch", "Français", "Português", "x-odd"]


@given(st.text())
def test_utf16_length_counts_as_the_platform_does(text: str) -> None:
    assert utf16_length(text) == sum(2 if ord(char) > 0xFFFF else 1 for char in text)

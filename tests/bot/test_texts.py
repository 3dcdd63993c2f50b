"""Do all languages say the same things, within the platform's limits and in words the bot understands?"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from bot.texts import load_texts
from domain.data_request import ExtensionReason, RefusalReason
from domain.keywords import Command, match_command
from domain.texts import Texts, Value, utf16_length
from privacy.catalog import CATALOG as CATALOG_OF_DATA

CATALOG = load_texts()
LANGUAGES = ("de", "en", "es", "fr", "it", "pt")
ENGLISH = CATALOG.by_language["en"]

TITLE_CHARACTERS = 20
MENU_CHARACTERS = 30
PROFILE_GREETING_CHARACTERS = 160
BUTTON_TEMPLATE_CHARACTERS = 640
TEXT_CHARACTERS = 1_900

# Longest values that may be put in: a Page name of 50 characters, addresses of 120, a reason of two sentences.
LONG: dict[str, Value] = {
    "campaign": str(2**63 - 1),
    "page": "P" * 50,
    "controller": "C" * 80,
    "notice_url": "https://" + "n" * 112,
    "status_url": "https://" + "s" * 112,
    "link": "https://" + "l" * 112,
    "url": "https://" + "u" * 112,
    "first_name": "F" * 60,
    "topic": "t" * 60,
    "contact": "c" * 100,
    "reason": "r" * 300,
    "code": "ABCD-" * 8,
    "receipt": "ABCD-" * 8,
    "counts": "k" * 150,
    "date": date(2026, 9, 30),
    "age": 16,
    "hours": 72,
    "minutes": 10,
    "count": 1_000,
    "version": 12,
    "request_id": "i" * 36,
}
TITLES = sorted(key for key in ENGLISH.keys if key.startswith("chat.") and key.endswith("_title"))
# Sent with buttons, so the text of a button template is the limit.
WITH_BUTTONS = ("chat.consent.question", "chat.start.again", "chat.rights.question", "chat.erase.explain")
UNDERSTOOD = {
    "chat.consent.yes_title": Command.YES,
    "chat.consent.no_title": Command.NO,
    "chat.help.offers_title": Command.START,
    "chat.help.data_title": Command.EXPORT,
    "chat.help.stop_title": Command.STOP,
    "chat.help.human_title": Command.HUMAN,
    "chat.rights.export_title": Command.EXPORT,
    "chat.rights.erase_title": Command.ERASE,
    "chat.erase.save_title": Command.EXPORT,
    "chat.erase.confirm_title": Command.ERASE,
    "chat.erase.cancel_title": Command.CANCEL,
    "chat.campaign.unsubscribe_title": Command.STOP,
    "menu.offers": Command.START,
    "menu.data": Command.EXPORT,
    "menu.stop": Command.STOP,
}
ASKED = re.compile(r"""["']((?:chat|menu|topics|frame)\.[a-z_.]+)["']""")
ABBREVIATIONS = {"JSON", "ZIP", "USA"}
CAPITALS = re.compile(r"\b[A-ZÀ-Ý]{3,}(?: [A-ZÀ-Ý]+)*\b|\b[A-ZÀ-Ý]{1,2}(?: [A-ZÀ-Ý]{3,})+\b")

every_language = pytest.mark.parametrize("texts", [CATALOG.by_language[tag] for tag in LANGUAGES], ids=LANGUAGES)


def longest(texts: Texts, key: str) -> int:
    return utf16_length(texts.text(key, **{name: LONG[name] for name in texts.placeholders(key)}))


def test_all_six_languages_are_there() -> None:
    assert CATALOG.languages == LANGUAGES


@every_language
def test_every_language_has_the_same_keys_and_placeholders(texts: Texts) -> None:
    assert texts.keys == ENGLISH.keys
    for key in texts.keys:
        assert texts.placeholders(key) == ENGLISH.placeholders(key), key


@every_language
def test_every_text_is_written_and_clean(texts: Texts) -> None:
    for key in texts.keys:
        for words in texts.raw(key):
            assert words.strip() == words, key
            assert words, key
            assert "  " not in words, key
            assert "'" not in words, f"{key}: write the typographic apostrophe"
            assert not re.search(r"<[a-z]|&[a-z]+;", words), f"{key}: no markup"


@every_language
def test_titles_of_quick_replies_and_buttons_fit(texts: Texts) -> None:
    assert len(TITLES) >= 13
    assert {key: texts.text(key) for key in TITLES if longest(texts, key) > TITLE_CHARACTERS} == {}


@every_language
def test_menu_items_and_the_greeting_before_the_first_message_fit(texts: Texts) -> None:
    for key in texts.keys:
        if key.startswith("menu."):
            assert longest(texts, key) <= MENU_CHARACTERS, key
    assert longest(texts, "profile.greeting") <= PROFILE_GREETING_CHARACTERS


@every_language
def test_every_message_fits_with_the_longest_values(texts: Texts) -> None:
    for key in texts.keys:
        assert longest(texts, key) <= TEXT_CHARACTERS, key
    for key in WITH_BUTTONS:
        assert longest(texts, key) <= BUTTON_TEMPLATE_CHARACTERS, key


@every_language
def test_a_title_typed_by_hand_is_understood_like_a_tap(texts: Texts) -> None:
    assert {key: match_command(texts.text(key)) for key in UNDERSTOOD} == UNDERSTOOD


@every_language
def test_every_word_in_capitals_is_a_command_the_bot_understands(texts: Texts) -> None:
    found = 0
    for key in texts.keys:
        for words in texts.raw(key):
            for capitals in set(CAPITALS.findall(words)) - ABBREVIATIONS:
                assert match_command(capitals) is not None, f"{key}: {capitals}"
                found += 1
    assert found >= 30


@every_language
def test_every_question_for_consent_says_who_what_age_and_how_to_stop(texts: Texts) -> None:
    for key in ("chat.consent.question", "chat.start.again"):
        assert texts.placeholders(key) == {"page", "topic", "age"}
        asked = texts.raw(key)[0]
        assert any(match_command(capitals) is Command.STOP for capitals in CAPITALS.findall(asked)), key


@every_language
def test_the_greeting_says_that_it_is_a_bot_who_runs_it_and_where_the_notice_is(texts: Texts) -> None:
    for key in ("chat.greeting.named", "chat.greeting.unnamed"):
        assert {"page", "controller", "notice_url"} <= texts.placeholders(key)
        assert " bot " in texts.raw(key)[0].lower()
    assert "bot" in texts.raw("profile.greeting")[0].lower()


@every_language
def test_the_erasure_receipt_holds_the_date_when_backups_are_unreadable(texts: Texts) -> None:
    assert texts.placeholders("chat.erase.receipt") == {"page", "counts", "date", "receipt", "status_url"}
    assert "date" in texts.placeholders("chat.erase.explain")


@every_language
def test_names_in_followers_pages_titles_hold_nothing_personal(texts: Texts) -> None:
    for key in texts.keys:
        if key.endswith(".title") or key == "frame.preview_title":
            assert texts.placeholders(key) == set(), key


def test_every_text_that_the_program_asks_for_is_written() -> None:
    root = Path(__file__).parents[2]
    asked: set[str] = set()
    for room in ("app", "bot", "broadcast", "privacy", "webhooks"):
        for file in (root / room).rglob("*.py"):
            asked |= set(ASKED.findall(file.read_text(encoding="utf-8")))
    assert len(asked) >= 25
    assert asked <= ENGLISH.keys


@every_language
def test_every_category_of_data_and_every_reason_has_its_words(texts: Texts) -> None:
    for category in CATALOG_OF_DATA:
        for part in ("title", "purpose", "retention"):
            assert texts.text(f"data.{category.name}.{part}")
    for reason in (*RefusalReason, *ExtensionReason):
        assert texts.text(f"data.reason.{reason.value}")

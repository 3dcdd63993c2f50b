"""Does every Page get a first notice that says what the law asks for, in every language?"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.notices import LANGUAGES, Periods, default_notices, render_notice
from domain.ids import PageId
from domain.keywords import Command, match_command
from domain.page import MarketingBasis, Page
from domain.personal import Pii
from domain.texts import TextError
from tests.bot.test_texts import CAPITALS

PAGE = Page(
    page_id=PageId("104567890123456"),
    name="Bakery Müller & Sons",
    region="EU",
    language="de",
    time_zone="Europe/Vienna",
    controller_name="Müller GmbH",
    controller_contact="privacy@mueller.example",
    dpo_contact="dpo@mueller.example",
    marketing_basis=MarketingBasis.EXPLICIT,
    minimum_age=14,
    pace=20,
    takeover_hours=12,
    use_first_name=True,
    state="connected",
    paused_cause=None,
    token=Pii("token"),
    connected_at=datetime(2026, 11, 23, tzinfo=UTC),
)

in_every_language = pytest.mark.parametrize("language", LANGUAGES)


def shape(notice: str) -> list[str]:
    return [found[0] if (found := re.match(r"#+ |- ", line)) else "p" for line in notice.splitlines() if line]


def test_the_notice_has_the_same_sections_and_items_in_every_language() -> None:
    shapes = {language: shape(notice) for language, notice in default_notices(PAGE).items()}
    assert tuple(shapes) == LANGUAGES
    assert all(found == shapes["en"] for found in shapes.values())
    assert shapes["en"].count("## ") == 8


@in_every_language
def test_the_notice_names_page_controller_contact_officer_age_and_all_periods(language: str) -> None:
    notice = default_notices(PAGE, Periods(horizon_days=21, retention_deliveries_months=11))[language]
    for named in (PAGE.name, PAGE.controller_name, PAGE.controller_contact, PAGE.dpo_contact, "14", "21", "11", "72"):
        assert named in notice, named
    assert not re.search(r"[{}\[\]]", notice)


@in_every_language
def test_the_notice_names_the_articles_of_information_rights_and_complaint(language: str) -> None:
    numbers = set(re.findall(r"\d+", default_notices(PAGE)[language]))
    assert {"15", "16", "17", "18", "20", "21", "28", "77", "32"} <= numbers


@in_every_language
def test_every_word_to_write_in_the_chat_is_understood(language: str) -> None:
    words = set(CAPITALS.findall(default_notices(PAGE)[language])) - {"GDPR", "DSGVO", "RGPD", "USA", "EUA"}
    meant = {match_command(word) for word in words}
    assert {Command.STOP, Command.EXPORT, Command.ERASE, Command.HUMAN} == meant, words


@in_every_language
def test_only_the_basis_the_page_stands_on_is_named(language: str) -> None:
    explicit = default_notices(PAGE)[language]
    started = default_notices(replace(PAGE, marketing_basis=MarketingBasis.CONVERSATION_START))[language]
    assert explicit != started
    assert len(explicit.splitlines()) == len(started.splitlines())


@in_every_language
def test_what_a_page_has_not_is_left_out(language: str) -> None:
    full = default_notices(PAGE)[language].splitlines()
    bare = default_notices(replace(PAGE, dpo_contact="", controller_contact="", use_first_name=False))[language]
    assert len(full) - len(bare.splitlines()) == 3


def test_a_missing_value_is_an_error_and_an_unknown_language_too() -> None:
    with pytest.raises(TextError, match="page"):
        render_notice("en", {})
    with pytest.raises(LookupError, match="xx"):
        render_notice("xx", {})


def test_a_name_with_braces_is_put_in_as_it_is() -> None:
    assert "{controller}" in default_notices(replace(PAGE, name="{controller}"))["en"]

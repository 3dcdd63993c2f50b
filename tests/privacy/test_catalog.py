"""Is every column of the database either somebody's data with a purpose and an end, or nobody's?"""

import re
from collections import Counter
from pathlib import Path

from bot.texts import load_texts
from domain.data_request import ExtensionReason, RefusalReason
from privacy.catalog import CATALOG
from privacy.not_personal import NOT_PERSONAL
from tests.privacy.people import World

DOCUMENT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
COLUMNS = """
select c.relname as table_name, a.attname as column_name
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
  and not a.attisdropped and c.relname not like 'pgqueuer%'
"""


def named() -> Counter[tuple[str, str]]:
    personal = [(table, name) for part in CATALOG for table, names in part.columns.items() for name in names]
    return Counter([*personal, *((table, name) for table, names in NOT_PERSONAL.items() for name in names)])


async def test_every_column_of_the_database_is_named_once_and_every_name_is_a_column(world: World) -> None:
    found = {(row["table_name"], row["column_name"]) for row in await world.fetch(COLUMNS)}
    assert len(found) > 150
    names = named()
    assert sorted(found - set(names)) == []
    assert sorted(set(names) - found) == []
    assert [name for name, times in names.items() if times > 1] == []


async def test_every_sealed_column_but_the_installations_own_belongs_to_a_category(world: World) -> None:
    names = {(table, name) for table, listed in NOT_PERSONAL.items() for name in listed}
    found = {(row["table_name"], row["column_name"]) for row in await world.fetch(COLUMNS)}
    sealed = {(table, name) for table, name in found if name.endswith("_sealed")}
    assert sealed & names == {("page", "token_sealed"), ("audit_entry", "reason_sealed")}


def test_every_category_says_what_for_how_long_and_on_which_basis_in_every_language() -> None:
    for texts in load_texts().by_language.values():
        for category in CATALOG:
            for word in ("title", "purpose", "retention"):
                assert texts.text(f"data.{category.name}.{word}")
        for reason in (*RefusalReason, *ExtensionReason):
            assert texts.text(f"data.reason.{reason.value}")
    for category in CATALOG:
        assert category.basis.startswith("GDPR 6(1)")
        assert category.forms
        assert category.retention
        assert category.source


def test_what_is_erased_or_stays_is_said_for_every_category_that_has_columns() -> None:
    with_the_lead = {"conversation", "notices"}
    for category in CATALOG:
        assert category.cut or category.sweep or category.stays or category.name in with_the_lead, category.name


def test_the_document_lists_every_category_as_the_catalog_has_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", DOCUMENT, re.MULTILINE)
    assert [row[0] for row in rows] == [category.name for category in CATALOG]
    for row, category in zip(rows, CATALOG, strict=True):
        _, tables, form, basis, retention, stays = row
        assert re.findall(r"`(\w+)`", tables) == list(category.columns)
        assert form == ", ".join(part.value for part in category.forms)
        assert basis == category.basis
        assert retention == category.retention
        assert stays == (category.stays or "nothing")


def test_the_document_names_every_table_that_is_about_nobody() -> None:
    listed = DOCUMENT.partition("## About nobody")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(NOT_PERSONAL)

"""Does the database look as the code and the design believe?"""

import asyncio

import asyncpg
import pytest
from tortoise import fields

from storage import tables
from storage.database import SchemaMismatch, check_applied, connect_arguments, migrate, migrations

NOT_PAGE_OWNED = {
    "installation",
    "key_check",
    "day_key",
    "webhook_count",
    "lane",
    "log",
    "log_key",
    "log_record",
    "anchor",
    "anchor_state",
    "audit_entry",
    "log_pending",
    "log_entry",
    "log_tile",
    "checkpoint",
    "schema_migration",
}
KNOWN = len(migrations())
SQL_TYPES: dict[type[fields.Field], str] = {
    fields.TextField: "text",
    fields.CharField: "text",  # Tortoise wants it for keys; the catalog has text
    fields.SmallIntField: "smallint",
    fields.IntField: "integer",
    fields.BigIntField: "bigint",
    fields.BooleanField: "boolean",
    fields.BinaryField: "bytea",
    fields.DatetimeField: "timestamp with time zone",
    fields.UUIDField: "uuid",
}


@pytest.fixture
async def connection(database_dsn: str):
    connection = await asyncpg.connect(**connect_arguments(database_dsn))
    yield connection
    await connection.close()


async def test_page_id_leads_every_key_of_page_owned_tables(connection):
    rows = await connection.fetch(
        "select c.relname, i.relname as index_name, a.attname from pg_index x "
        "join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid "
        "join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0] "
        "where n.nspname = 'public' and x.indisunique and c.relname not like 'pgqueuer%'"
    )
    assert len(rows) > 20
    wrong = [dict(row) for row in rows if row["relname"] not in NOT_PAGE_OWNED and row["attname"] != "page_id"]
    assert wrong == []


async def test_page_id_leads_every_foreign_key_of_page_owned_tables(connection):
    rows = await connection.fetch(
        "select c.relname, k.conname, a.attname from pg_constraint k join pg_class c on c.oid = k.conrelid "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1] "
        "join pg_namespace n on n.oid = c.relnamespace where k.contype = 'f' and n.nspname = 'public'"
    )
    assert rows
    wrong = [dict(row) for row in rows if row["relname"] not in NOT_PAGE_OWNED and row["attname"] != "page_id"]
    assert wrong == []


async def test_every_model_is_a_view_of_its_table(connection):
    models = [model for model in vars(tables).values() if isinstance(model, type) and hasattr(model, "_meta")]
    checked = 0
    for model in models:
        if model.__module__ != "storage.tables":
            continue
        rows = await connection.fetch(
            "select column_name, data_type, is_nullable from information_schema.columns where table_name = $1",
            model._meta.db_table,
        )
        catalog = {row["column_name"]: (row["data_type"], row["is_nullable"] == "YES") for row in rows}
        declared = {name: (SQL_TYPES[type(field)], field.null) for name, field in model._meta.fields_map.items()}
        assert declared == catalog, model._meta.db_table
        checked += 1
    assert checked >= 2


async def test_two_migrators_at_once_apply_everything_once(database_dsn, connection):
    await asyncio.gather(migrate(database_dsn), migrate(database_dsn))
    applied = await connection.fetchval("select count(*) from schema_migration")
    assert applied == KNOWN


def test_a_changed_migration_is_refused():
    with pytest.raises(SchemaMismatch, match="was changed"):
        check_applied({1: "a"}, {1: "b"})


def test_a_newer_database_is_refused():
    with pytest.raises(SchemaMismatch, match="does not know"):
        check_applied({1: "a", 2: "b"}, {1: "a"})


async def test_consent_records_can_only_lose_their_sealed_parts(connection):
    await connection.execute(
        "insert into consent_record (page_id, record_id, lead_id, kind, event_time, received_at, record_sealed) "
        "values ('1', gen_random_uuid(), gen_random_uuid(), 'conversation_started', now(), now(), 'x')"
    )
    for statement in (
        "update consent_record set kind = 'consent_given'",
        "update consent_record set record_sealed = 'y'",
        "delete from consent_record",
        "truncate consent_record",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
    await connection.execute("update consent_record set record_sealed = null")


@pytest.mark.parametrize(
    ("dsn", "host", "port", "database"),
    [
        ("postgres://u:p%40w@db.example:6543/assent?sslmode=require", "db.example", 6543, "assent"),
        ("postgresql:///assent?host=/run/pg", "/run/pg", 5432, "assent"),
        ("postgresql://localhost/assent", "localhost", 5432, "assent"),
    ],
)
def test_addresses_are_read_as_platforms_write_them(dsn, host, port, database):
    arguments = connect_arguments(dsn)
    assert (arguments["host"], arguments["port"], arguments["database"]) == (host, port, database)
    assert "sslmode" not in arguments

"""Does an error leave storage without any value that was stored, asked for or refused?"""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import pydantic
import pytest
from tortoise import Tortoise
from tortoise import exceptions as orm

from storage.database import tortoise_config
from storage.errors import (
    Busy,
    Conflict,
    ConstraintBroken,
    OpenFailed,
    QueryRefused,
    RowMissing,
    ShapeBroken,
    StorageError,
    Unavailable,
    ValueRefused,
    boundary,
)
from storage.labels import Label

NAME = "Zoë Canary"
PSID = "73104829192837465"

Server: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def server(database_dsn: str) -> AsyncIterator[Server]:
    connection = await asyncpg.connect(database_dsn)
    await connection.execute(
        "create table person (name text constraint person_once primary key, age integer not null "
        "constraint person_age check (age between 0 and 150), small varchar(4))"
    )
    await connection.execute("insert into person values ($1, 40)", NAME)
    yield connection
    await connection.close()


def assert_says_nothing(error: BaseException) -> None:
    """Looks at every way in which a log, a reporter or a person could see more than our own text."""
    everything = [str(error), repr(error), repr(error.args), repr(vars(error))]
    everything += traceback.format_exception(error)
    for text in everything:
        for planted in (NAME, "Canary", PSID, "Zo\\xeb", "Zo\\u00eb"):
            # The frames of the test itself show its source line, which names the constant and not the value.
            assert planted not in text
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize(
    ("sql", "values", "expected", "names"),
    [
        ("insert into person values ($1, 41)", [NAME], Conflict, "person_once"),
        ("insert into person values ($1, 151)", [NAME + PSID], ConstraintBroken, "person_age"),
        ("insert into person values ($1, null)", [PSID], ConstraintBroken, "23502"),
        ("insert into person values ('x', 1, $1)", [NAME], ValueRefused, "22001"),
        ("select $1::text::integer", [NAME], ValueRefused, "22P02"),
        ("insert into person (age) values ($1)", [NAME], ValueRefused, "22000"),
        (f"select nothing from person where name = '{NAME}'", [], QueryRefused, "42703"),
        (f"selec '{PSID}'", [], QueryRefused, "42601"),
        ("select $1::text, $2::text", [NAME], Unavailable, "InterfaceError"),
    ],
)
async def test_no_refused_statement_shows_its_values(
    server: Server, sql: str, values: list[object], expected: type[StorageError], names: str
) -> None:
    with pytest.raises(expected, match=names) as caught, boundary():
        await server.execute(sql, *values)
    assert_says_nothing(caught.value)


async def test_a_conflict_names_its_constraint(server: Server) -> None:
    with pytest.raises(Conflict) as caught, boundary():
        await server.execute("insert into person values ($1, 41)", NAME)
    assert caught.value.constraint == "person_once"


async def test_a_row_that_another_transaction_holds_is_busy(server: Server, database_dsn: str) -> None:
    other = await asyncpg.connect(database_dsn)
    try:
        async with server.transaction():
            await server.execute("select from person where name = $1 for update", NAME)
            with pytest.raises(Busy, match="55P03") as caught, boundary():
                await other.execute("select from person where name = $1 for update nowait", NAME)
    finally:
        await other.close()
    assert_says_nothing(caught.value)


async def test_a_statement_that_the_server_stopped_is_unavailable(server: Server) -> None:
    await server.execute("set statement_timeout = '1ms'")
    with pytest.raises(Unavailable, match="57014"), boundary():
        await server.execute("select pg_sleep(5), $1::text", NAME)


async def test_a_closed_connection_is_unavailable(database_dsn: str) -> None:
    connection = await asyncpg.connect(database_dsn)
    await connection.close()
    with pytest.raises(Unavailable, match="InterfaceError"), boundary():
        await connection.execute("select $1::text", NAME)


async def test_a_server_that_is_not_there_is_unavailable(unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable, match="ConnectionRefusedError") as caught, boundary():
        await asyncpg.connect(host="127.0.0.1", port=unused_tcp_port, user="u", password=PSID, database="d")
    assert_says_nothing(caught.value)


async def test_a_time_out_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="TimeoutError"), boundary():
        raise TimeoutError(NAME)


async def test_errors_of_the_orm_show_no_values(server: Server, database_dsn: str) -> None:
    await Tortoise.init(config=tortoise_config(database_dsn))
    try:
        client = Tortoise.get_connection("default")
        for sql, values, expected in (
            ("insert into person values ($1, 41)", [NAME], Conflict),
            ("insert into person values ($1, 151)", [PSID], ConstraintBroken),
            ("select $1::text::integer", [NAME], ValueRefused),
            (f"select nothing from person where name = '{NAME}'", [], QueryRefused),
        ):
            with pytest.raises(expected) as caught, boundary():
                await client.execute_query(sql, values)
            assert_says_nothing(caught.value)
    finally:
        await Tortoise.close_connections()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (orm.DoesNotExist(NAME), RowMissing),
        (orm.MultipleObjectsReturned(NAME), RowMissing),
        (orm.ValidationError(f"name: {NAME}"), ValueRefused),
        (orm.DBConnectionError(NAME), Unavailable),
        (orm.OperationalError(NAME), QueryRefused),
        (asyncpg.InternalClientError(NAME), Unavailable),
        (EOFError(NAME), Unavailable),
    ],
)
def test_errors_without_a_sqlstate_show_no_values(error: Exception, expected: type[StorageError]) -> None:
    with pytest.raises(expected) as caught, boundary():
        raise error
    assert_says_nothing(caught.value)


class Profile(pydantic.BaseModel):
    age: int


def test_a_stored_value_of_the_wrong_shape_is_named_by_its_class_alone() -> None:
    with pytest.raises(ShapeBroken, match="Profile") as caught, boundary():
        Profile.model_validate_json(json.dumps({"age": NAME}))
    assert_says_nothing(caught.value)


@pytest.mark.parametrize("raw", [f'{{"name": "{NAME}"'.encode(), b"\xff" + NAME.encode()])
def test_a_stored_text_that_cannot_be_read_shows_nothing_of_itself(raw: bytes) -> None:
    with pytest.raises(ShapeBroken) as caught, boundary():
        json.loads(raw)
    assert_says_nothing(caught.value)


async def test_errors_of_a_group_of_tasks_show_no_values(server: Server) -> None:
    async def insert() -> None:
        await server.execute("insert into person values ($1, 41)", NAME)

    with pytest.raises(Conflict) as caught, boundary():
        async with asyncio.TaskGroup() as group:
            group.create_task(insert())
    assert_says_nothing(caught.value)


async def test_a_decorated_coroutine_is_guarded_while_it_runs(server: Server) -> None:
    @boundary()
    async def insert(name: str) -> None:
        await server.execute("insert into person values ($1, 41)", name)

    with pytest.raises(Conflict) as caught:
        await insert(NAME)
    assert_says_nothing(caught.value)


async def test_an_error_handled_further_out_shows_no_values_either(server: Server) -> None:
    """An outer error that happens to be in flight must not bring the driver's text along."""
    try:
        raise LookupError("outer")
    except LookupError:
        with pytest.raises(Conflict) as caught, boundary():
            await server.execute("insert into person values ($1, 41)", NAME)
    assert_says_nothing(caught.value)


def test_our_own_errors_pass_unchanged() -> None:
    ours = OpenFailed(Label.MSG_BODY, b"\x01")
    with pytest.raises(OpenFailed) as caught, boundary():
        raise ours
    assert caught.value is ours


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyError("k"), AssertionError("a")])
def test_cancellation_and_errors_of_the_program_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, boundary():
        raise error
    assert caught.value is error


def test_nothing_happens_without_an_error() -> None:
    with boundary():
        pass

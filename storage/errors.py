"""What can go wrong in storage, said without a single stored value?

StorageError
├── Unavailable        the database cannot be reached or gave up; the outcome may be unknown
├── Busy               another transaction was in the way; the same transaction may be tried again
├── Conflict           a row with this unique key is there already
├── ConstraintBroken   any other constraint said no
├── ValueRefused       the driver or the server could not take a value
├── QueryRefused       the server refused the statement: no right, no such table, wrong syntax
├── RowMissing         one row was expected and there was not exactly one
├── ShapeBroken        what is stored is not what the code expects to read
├── SchemaMismatch     the schema of the database is not one this program knows (storage/database.py)
├── OpenFailed         a sealed value did not open
├── KeyRefused         a wrapped data key did not unwrap
└── KeyRingError       the key ring is missing, wrong or cannot be written (storage/keyring.py)

Texts of drivers, the ORM and pydantic repeat whole rows and arguments. `boundary` lets none of them out:
only a SQLSTATE, the name of a constraint or of a class gets through.
"""

import functools
import json
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, ClassVar, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
import pydantic
import tortoise.exceptions as orm

from storage.labels import Label

P = ParamSpec("P")
R = TypeVar("R")


class StorageError(Exception):
    """Base of all: `code` is stable and documented, the text is safe to show and says what to do next."""

    code: ClassVar[str] = "storage.failed"


class Unavailable(StorageError):
    code = "storage.unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database is not available ({reason}); try again, check the server if it lasts")
        self.reason = reason


class Busy(StorageError):
    code = "storage.busy"

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"another transaction was in the way (SQLSTATE {sqlstate}); run it again")
        self.sqlstate = sqlstate


class Conflict(StorageError):
    code = "storage.conflict"

    def __init__(self, constraint: str) -> None:
        super().__init__(f"a row with this key exists already ({constraint}); read it instead")
        self.constraint = constraint


class ConstraintBroken(StorageError):
    code = "storage.constraint_broken"

    def __init__(self, sqlstate: str, constraint: str) -> None:
        super().__init__(
            f"the database refused a row by its rule {constraint} (SQLSTATE {sqlstate}); nothing was written"
        )
        self.sqlstate = sqlstate
        self.constraint = constraint


class ValueRefused(StorageError):
    code = "storage.value_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"a value does not fit its column ({reason}); nothing was written")
        self.reason = reason


class QueryRefused(StorageError):
    code = "storage.query_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the database refused a statement ({reason}); run `assent migrate`, then check the role's rights"
        )
        self.reason = reason


class RowMissing(StorageError):
    code = "storage.row_missing"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the row asked for is not there exactly once ({reason}); look it up again")


class ShapeBroken(StorageError):
    code = "storage.shape_broken"

    def __init__(self, expected: str) -> None:
        super().__init__(f"a stored value is not a valid {expected}; another version of the program may have made it")
        self.expected = expected


class OpenFailed(StorageError):
    code = "storage.open_failed"

    def __init__(self, label: Label, row_id: bytes) -> None:
        super().__init__(f"the sealed {label} of row {row_id.hex()} did not open: altered, moved, or its key is gone")
        self.label = label
        self.row_id = row_id


class KeyRefused(StorageError):
    code = "storage.key_refused"

    def __init__(self, owner: UUID, kid: int) -> None:
        super().__init__(f"the data key of {owner} did not unwrap under key {kid}; it was altered or moved")
        self.owner = owner
        self.kid = kid


class boundary:  # noqa: N801 - reads as a verb at the call: `with boundary():`, `@boundary()`
    """Turns every error of the driver, the ORM and pydantic into ours, with no cause and no context.

    Works as `with boundary():`, around awaits too, and as `@boundary()` on a coroutine function. Our own
    errors, cancellation and errors of the program itself pass unchanged.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ours = None if error is None else translate(error)
        if ours is None:
            return
        try:
            raise ours from None
        finally:
            # `from None` only hides the driver's error from the printed text; a reporter that walks
            # __context__ would still find the row in it.
            ours.__context__ = None

    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @functools.wraps(function)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            with boundary():
                return await function(*args, **kwargs)

        return guarded


def translate(error: BaseException) -> StorageError | None:
    """Our error for a foreign one, holding none of its text; None for errors that are not storage's."""
    if isinstance(error, StorageError):
        return None
    if isinstance(error, BaseExceptionGroup):
        found = (translate(inner) for inner in error.exceptions)
        return next((ours for ours in found if ours is not None), None)
    if isinstance(error, orm.BaseORMException):
        return _from_orm(error)
    if isinstance(error, asyncpg.PostgresError):
        return _from_server(error)
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return Unavailable(type(error).__name__)
    if isinstance(error, pydantic.ValidationError):
        return ShapeBroken(error.title)
    if isinstance(error, json.JSONDecodeError | UnicodeError):
        return ShapeBroken("text")
    if isinstance(error, OSError | EOFError):
        return Unavailable(type(error).__name__)
    return None


def _from_server(error: asyncpg.PostgresError) -> StorageError:
    sqlstate = error.sqlstate or "XX000"
    constraint = error.constraint_name or "unnamed"
    if sqlstate in {"23505", "23P01"}:
        return Conflict(constraint)
    if sqlstate in {"40001", "40P01", "55P03"}:
        return Busy(sqlstate)
    match sqlstate[:2]:
        case "23":
            return ConstraintBroken(sqlstate, constraint)
        case "22":
            return ValueRefused(f"SQLSTATE {sqlstate}")
        case "08" | "53" | "57" | "58":
            return Unavailable(f"SQLSTATE {sqlstate}")
        case _:
            return QueryRefused(f"SQLSTATE {sqlstate}")


def _from_orm(error: orm.BaseORMException) -> StorageError:
    inner = error.args[0] if error.args else None
    if isinstance(inner, asyncpg.PostgresError):
        return _from_server(inner)
    name = type(error).__name__
    if isinstance(error, orm.DoesNotExist | orm.MultipleObjectsReturned):
        return RowMissing(name)
    if isinstance(error, orm.DBConnectionError):
        return Unavailable(name)
    if isinstance(error, orm.ValidationError):
        return ValueRefused(name)
    return QueryRefused(name)

"""How does one command get what it needs, say what it found, and end with the right exit status?

0 success, 1 failure, 2 wrong use, 78 wrong configuration. Errors go to stderr as one sentence that says what to do;
a foreign error is named by its class only, because its text may hold what nobody should see.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from app.runtime import Runtime
    from app.settings import Settings
    from domain.page import Page

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

FAILURE = 1
WRONG_CONFIGURATION = 78
TELL_THE_KEY = (
    "Publish the new key where people expect it, and give it to your witnesses and to whoever checks your proofs: "
    "a witness cosigns nothing under a key that it does not know."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
PageOption = Annotated[str | None, typer.Option("--page", help="The Page's id; may be left out where there is one.")]


class CommandFailed(Exception):
    """The command cannot do what was asked; the text says why and what to do."""


def read_settings() -> "Settings":
    """The settings of this environment; ends the process with 78 and every fault if something is wrong."""
    from app.environment import SettingsError
    from app.settings import Settings

    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        leave(str(error), WRONG_CONFIGURATION)
    for notice in settings.notices:
        print(notice, file=sys.stderr)  # noqa: T201 - a command talks to its terminal
    return settings


def log_to(settings: "Settings", *, quiet: bool = False) -> None:
    """Log lines of this process: to stdout for services, to stderr and only warnings for commands."""
    from app.logs import configure_logs

    wanted = logging.getLevelNamesMapping()[settings.log_level.upper()]
    level = max(logging.WARNING, wanted) if quiet else wanted
    configure_logs(level, settings.log_format, sys.stderr if quiet else None)


@asynccontextmanager
async def opened() -> AsyncIterator["Runtime"]:
    """The runtime for one command, over the running or a briefly started database."""
    from app.runtime import keyring_from, running
    from app.up import database_for

    settings = read_settings()
    log_to(settings, quiet=True)
    keyring = keyring_from(os.environ)
    async with database_for(settings) as dsn, running(settings, dsn, keyring=keyring) as runtime:
        yield runtime


def with_runtime(work: Callable[["Runtime"], Awaitable[T]]) -> T:
    """Runs the work of one command and translates its failure into an exit status."""

    async def run() -> T:
        async with opened() as runtime:
            return await work(runtime)

    return finish(run())


def finish(work: Awaitable[T]) -> T:
    """The result of the work; ends the process with a sentence and a status when it fails."""

    async def run() -> T:
        return await work

    try:
        return asyncio.run(run())
    except typer.Exit:
        raise
    except Exception as error:
        leave(*explained(error))


def explained(error: Exception) -> tuple[str, int]:
    """What to say of a failure, and the exit status."""
    from app.demo import DemoBusy, SimulatorFailed
    from app.environment import SettingsError
    from broadcast.previews import TestRefused
    from domain.audience_text import AudienceRefused
    from domain.campaign import CampaignRefused
    from domain.page import BasisRefused
    from domain.proof.errors import ProofError
    from messenger.errors import CallFailed
    from privacy.proofs import ProofUnavailable
    from privacy.requests import RequestRefused
    from storage.errors import StorageError
    from storage.keyring import KeyRingError
    from storage.server_files import ServerUnavailable

    if isinstance(error, SettingsError | KeyRingError):
        return str(error), WRONG_CONFIGURATION
    ours = (
        CommandFailed,
        AudienceRefused,
        StorageError,
        CampaignRefused,
        TestRefused,
        BasisRefused,
        ProofError,
        ProofUnavailable,
        CallFailed,
    )
    if isinstance(error, (*ours, ServerUnavailable, RequestRefused, DemoBusy, SimulatorFailed)):
        return str(error), FAILURE
    logging.getLogger(__name__).error("command.failed", exc_info=True)
    return f"something went wrong ({type(error).__name__}); run `assent check`, and look at the log", FAILURE


def leave(text: str, status: int) -> NoReturn:
    """Says why and ends the process."""
    print(text, file=sys.stderr)  # noqa: T201 - a command talks to its terminal
    raise typer.Exit(status)


def show(document: Any, lines: list[str], *, as_json: bool) -> None:
    """The result of a command: one JSON document, or lines for people."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=2, default=str))  # noqa: T201
        return
    for line in lines:
        print(line)  # noqa: T201


def one_of(choices: type[E], text: str) -> E:
    """The member with this value; raises CommandFailed naming all values."""
    try:
        return choices(text)
    except ValueError:
        raise CommandFailed(f"{text!r} is none of: {', '.join(choices)}") from None


async def chosen_page(runtime: "Runtime", page_id: str | None) -> "Page":
    """The Page that is meant; raises CommandFailed when that is not clear."""
    from domain.ids import PageId

    if page_id is not None:
        page = await runtime.store.pages.get(PageId(page_id))
        if page is None:
            raise CommandFailed(f"Page {page_id} is not connected here; `assent pages list` shows those that are")
        return page
    pages = await runtime.store.pages.all()
    if len(pages) != 1:
        what = "no Page is connected; `assent pages connect`" if not pages else "several Pages are connected; --page"
        raise CommandFailed(f"{what} says which one")
    return pages[0]

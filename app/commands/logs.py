"""proofs: checkpoint, new-log, tiles."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import TELL_THE_KEY, AsJson, leave, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from privacy.log_changes import LogBegun

WRONG_USE = 2
RING_FOR_NEW_LOG = """\
The line on stdout is the key ring with a new key for the log, secret in full. This program cannot set it, and changed
nothing:
  1. Set ASSENT_KEYRING to that line, the same for web and worker, and start all processes again together.
  2. Run `assent proofs new-log` again, with the same reason.
Each call makes another ring: use one of them, once."""


def checkpoint(as_json: AsJson = False) -> None:
    """Show each log: its keys, size, newest signed head, and how old that is."""

    async def work(runtime: "Runtime") -> list[dict[str, Any]]:
        log, now = runtime.store.log, runtime.clock()
        found = []
        async with runtime.store.database.transaction() as tx:
            for head in await log.heads(tx):
                newest, keys = await log.newest_checkpoint(tx, head.log_id), await log.keys.of_log(tx, head.log_id)
                found.append(
                    {
                        "log": head.log_id,
                        "origin": head.origin,
                        "vkey": head.vkey,
                        "keys": [{"vkey": key.vkey, "state": key.state(now).value, "until": key.until} for key in keys],
                        "entries": head.size,
                        "closed": head.closed_reason,
                        "size": 0 if newest is None else newest.size,
                        "checkpoint": None if newest is None else newest.note,
                        "age_seconds": None if newest is None else int((now - newest.stored_at).total_seconds()),
                    }
                )
        return found

    found = with_runtime(work)
    lines = [line for one in found for line in _lines(one)]
    show(found, lines or ["There is no log yet; the first one begins when a worker runs."], as_json=as_json)


def new_log(
    reason: Annotated[str, typer.Option(help="Why; it stands in the log for everybody to read, so name nobody.")],
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint of the lost log that you kept; may be given several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give up a log whose database was restored or whose key is lost, and begin the next one, which says so."""
    if not reason.strip():
        leave("say why, in words that may be published", WRONG_USE)
    try:
        known = [file.read_bytes() for file in checkpoint or ()]
    except OSError as error:
        leave(f"the checkpoint cannot be read ({type(error).__name__})", WRONG_USE)

    async def work(runtime: "Runtime") -> tuple[dict[str, Any], str | None]:
        from storage.keyring import KeyRing
        from storage.keyring_json import encode

        begun = await runtime.sequencer.new_log(reason.strip(), known=known)
        return ({}, encode(begun)) if isinstance(begun, KeyRing) else (_begun(begun), None)

    document, ring = with_runtime(work)
    if ring is not None:
        print(RING_FOR_NEW_LOG, file=sys.stderr)  # noqa: T201 - a command talks to its terminal
        show(None, [ring], as_json=False)
        return
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in document.items() if value is not None]
    show(document, [*lines, TELL_THE_KEY], as_json=as_json)


def tiles(
    to: Annotated[Path, typer.Option(help="The folder; each log gets one of its own in it, named by its number.")],
    as_json: AsJson = False,
) -> None:
    """Write every log as static files in the C2SP tile layout; goes on where it broke off."""

    async def work(runtime: "Runtime") -> list[dict[str, Any]]:
        from privacy.log_tiles import LogTiles
        from privacy.tile_export import TileExport

        exported = await TileExport(LogTiles(runtime.store)).run(to)
        return [
            {"log": one.log_id, "origin": one.origin, "size": one.size, "folder": str(one.folder), "new": one.written}
            for one in exported
        ]

    found = with_runtime(work)
    lines = [f"log {one['log']}: {one['size']} entries in {one['folder']}, {one['new']} new tiles" for one in found]
    show(found, lines or ["There is no signed log yet."], as_json=as_json)


def _begun(begun: "LogBegun") -> dict[str, Any]:
    return {
        "log": begun.head.log_id,
        "origin": begun.head.origin,
        "vkey": begun.head.vkey,
        "continues": begun.previous.origin,
        "continues_at_size": begun.previous.size,
        "entries_without_signature": begun.unproven,
    }


def _lines(one: dict[str, Any]) -> list[str]:
    age = "never signed" if one["age_seconds"] is None else f"signed {timedelta(seconds=one['age_seconds'])} ago"
    closed = "" if one["closed"] is None else f", closed: {one['closed']}"
    lines = [f"log {one['log']}: {one['entries']} entries, newest head over {one['size']}, {age}{closed}"]
    for key in one["keys"]:
        until = "" if key["until"] is None else f" (until {key['until']:%Y-%m-%d %H:%M} UTC)"
        lines.append(f"key, {key['state']}{until}: {key['vkey']}")
    return [*lines, "", one["checkpoint"] or ""]

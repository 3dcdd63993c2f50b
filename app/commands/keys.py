"""keys: status, rotate, rotate-log, escrow, verify-escrow."""

import sys
from typing import TYPE_CHECKING, Any

import typer

from app.commands.running import TELL_THE_KEY, AsJson, CommandFailed, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime

NEW_RING = """\
The line on stdout is the new key ring, secret in full. This program cannot set it, and changed nothing:
  1. Set ASSENT_KEYRING to that line, the same for web and worker.
  2. Start all processes again together. A worker then wraps every living key under the new one.
  3. Replace the former value in every copy of it. It does not fit the database any more after step 2.
Each call makes another ring: use one of them, once."""

NEW_LOG_KEY = """\
The line on stdout is the key ring with a new key for the log, secret in full. This program cannot set it, and changed
nothing:
  1. Set ASSENT_KEYRING to that line, the same for web and worker, and start all processes again together.
  2. Run `assent keys rotate-log` again: then the new key takes over.
Each call makes another ring: use one of them, once."""

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The keys: how old they are, a new one, and a sheet for the safe."
)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say where the keys are kept, how old they are, and by when what is erased today is unreadable in backups."""

    async def work(runtime: "Runtime") -> dict[str, Any]:
        from storage.escrow import fingerprint

        ring, now = runtime.store.keys.ring, runtime.clock()
        return {
            "kept_in": runtime.store.keys.holder.provider.describe(),
            "escrow_fingerprint": fingerprint(ring),
            "keys": [{"kid": key.kid, "state": key.state.value, "since": key.created_at} for key in ring.keks],
            "rotation_due": ring.rotation_due(now),
            "erased_today_unreadable_by": ring.horizon(now),
            "log_key": await runtime.sequencer.vkey(),
        }

    found = with_runtime(work)
    lines = [f"{name}: {value}" for name, value in found.items() if name != "keys"]
    lines += [f"key {one['kid']}: {one['state']} since {one['since']:%Y-%m-%d}" for one in found["keys"]]
    show(found, lines, as_json=as_json)


@app.command()
def rotate() -> None:
    """Begin a new key epoch now and wrap every living key anew; the old epoch is destroyed after its grace.

    A key ring that came from ASSENT_KEYRING is not changed: the new value to set is printed.
    """

    async def work(runtime: "Runtime") -> str | None:
        from storage.keyring_json import encode

        if runtime.key_epochs.by_hand:
            return encode(runtime.key_epochs.next_ring())
        await runtime.key_epochs.rotate_now()
        return None

    ring = with_runtime(work)
    if ring is not None:
        print(NEW_RING, file=sys.stderr)  # noqa: T201 - a command talks to its terminal
    show(None, ["A new key epoch has begun." if ring is None else ring], as_json=False)


@app.command("rotate-log")
def rotate_log() -> None:
    """Let a new key sign the log from now on; the old one signs beside it for a week.

    A key ring that came from ASSENT_KEYRING is not changed: unless it has a newer key, the new value to set is printed.
    """

    async def work(runtime: "Runtime") -> tuple[str, bool]:
        from storage.keyring import KeyRing
        from storage.keyring_json import encode

        rotated = await runtime.sequencer.rotate_key()
        return (encode(rotated), True) if isinstance(rotated, KeyRing) else (rotated.vkey, False)

    text, by_hand = with_runtime(work)
    if by_hand:
        print(NEW_LOG_KEY, file=sys.stderr)  # noqa: T201 - a command talks to its terminal
        show(None, [text], as_json=False)
        return
    said = "The log is signed by a new key from now on, and for a week by the old one too."
    show(None, [said, TELL_THE_KEY, text], as_json=False)


@app.command()
def escrow() -> None:
    """Print the sheet for the safe: the root that opens backup copies of the key ring."""

    async def work(runtime: "Runtime") -> str:
        from storage.escrow import escrow_sheet

        return escrow_sheet(runtime.store.keys.ring)

    show(None, [with_runtime(work)], as_json=False)


@app.command("verify-escrow")
def verify_escrow() -> None:
    """Check a typed sheet against the keys in use."""
    typed = typer.prompt("Type the root from the sheet", hide_input=True)

    async def work(runtime: "Runtime") -> None:
        from storage.escrow import fingerprint as fingerprint_of
        from storage.escrow import read_root, root_fingerprint

        try:
            same = root_fingerprint(read_root(typed)) == fingerprint_of(runtime.store.keys.ring)
        except ValueError:
            same = False
        if not same:
            raise CommandFailed("this is not the root of the keys in use; look for a newer sheet")

    with_runtime(work)
    show(None, ["The sheet fits the keys in use."], as_json=False)

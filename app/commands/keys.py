"""keys: status, rotate, escrow, verify-escrow."""

from typing import TYPE_CHECKING, Any

import typer

from app.commands.running import AsJson, CommandFailed, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime

app = typer.Typer(no_args_is_help=True, help="The keys: how old they are, a new one, and a sheet for the safe.")


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
        }

    found = with_runtime(work)
    lines = [f"{name}: {value}" for name, value in found.items() if name != "keys"]
    lines += [f"key {one['kid']}: {one['state']} since {one['since']:%Y-%m-%d}" for one in found["keys"]]
    show(found, lines, as_json=as_json)


@app.command()
def rotate() -> None:
    """Begin a new key epoch now and wrap every living key anew; the old epoch is destroyed after its grace."""
    with_runtime(lambda runtime: runtime.key_epochs.rotate_now())
    show(None, ["A new key epoch has begun."], as_json=False)


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

"""proofs: export, verify."""

import contextlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.running import FAILURE, AsJson, CommandFailed, PageOption, chosen_page, leave, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from privacy.proofs import Cover, ExportedProof

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Hand over proofs, and check them without database, settings or network.",
)

WRONG_USE = 2

OWNER_ONLY = 0o600
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A bundle's file; `kept` when another content lies there and was left alone."""

    file: Path
    left_out: int
    disclosed: tuple[str, ...]
    kept: bool

    @property
    def line(self) -> str:
        """What is said of it."""
        without = f" ({self.left_out} other records of the person are not in it: export them alone)"
        return f"Wrote {self.file}{without if self.left_out else ''}"


@app.command()
def export(
    name: Annotated[str | None, typer.Argument(help="A receipt, or the id of a record.")] = None,
    to: Annotated[Path, typer.Option(help="The folder the files are written to.")] = Path(),
    every: Annotated[
        str | None, typer.Option("--every", help="All records of this kind, for instance conversation_started.")
    ] = None,
    identity: Annotated[bool, typer.Option("--identity", help="Disclose who the person is. Needs --reason.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Disclose what the platform sent. Needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is disclosed; written down, sealed, for an audit.")] = "",
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Write the file that proves one act: record, place in the log, notice as shown, related records, anchors."""
    if (name is None) == (every is None):
        leave("give a receipt or record id, or --every with a kind of record", WRONG_USE)
    if (identity or raw) and (every is not None or not reason.strip()):
        leave("--identity and --raw need a --reason, and are for one record at a time", WRONG_USE)
    if every is not None:
        _known(every)

    async def work(runtime: "Runtime") -> list[Written]:
        from privacy.proofs import Disclosure

        disclosure = Disclosure(identity=identity, raw=raw, reason=reason)
        if every is not None:
            chosen = await chosen_page(runtime, page)
            wanted = await runtime.proofs.of_kind(chosen.page_id, every)
        else:
            wanted = [await runtime.proofs.find(name or "")]
        cover = _covering(runtime, unstamped)
        return [_write(to, await runtime.proofs.export(one, disclosure=disclosure, cover=cover)) for one in wanted]

    unstamped: set[str] = set()
    written = with_runtime(work)
    for missing in sorted(unstamped):
        print(f"Handed over without a newer time stamp: {missing}", file=sys.stderr)  # noqa: T201 - beside the result
    _say(written, to, as_json=as_json)


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Bundles, as `export` writes them.")],
    vkey: Annotated[list[str] | None, typer.Option(help="A log's key that you got elsewhere; repeatable.")] = None,
    policy: Annotated[Path | None, typer.Option(help="The keys you trust, as a C2SP tlog-policy file.")] = None,
    tsa_root: Annotated[
        list[Path] | None, typer.Option(help="Root certificate of a time-stamping authority, PEM; repeatable.")
    ] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A checkpoint that you kept; repeatable.")] = None,
    receipt: Annotated[str | None, typer.Option(help="The code in the person's thread; with one bundle.")] = None,
    psid: Annotated[str | None, typer.Option(help="The person's id, to compare with the disclosed one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check bundles offline, in fifteen steps, as the verify.py in each bundle does.

    Ends with 0 verified and anchored, 3 verified under a key you gave, 4 with the bundle's own keys only, 1 failed, 2
    unreadable.
    """
    from domain.proof.offline.command import Asked, WrongUse, answer
    from privacy.kit import verify_py

    asked = Asked(
        bundles=files,
        policy=policy,
        vkeys=vkey or (),
        tsa_roots=tsa_root or (),
        checkpoints=checkpoint or (),
        receipt=receipt,
        psid=psid,
        as_json=as_json,
        program=verify_py(),
    )
    try:
        status = answer(asked, sys.stdout)
    except WrongUse as error:
        leave(str(error), WRONG_USE)
    raise typer.Exit(status)


@app.command()
def anchors(as_json: AsJson = False) -> None:
    """Show who outside holds the log's checkpoints, how many entries of it, and since when."""
    from app.anchoring import in_words
    from privacy.anchors.overview import Overview, overview

    async def work(runtime: "Runtime") -> list[Overview]:
        return await overview(runtime.store, runtime.anchoring.anchors, runtime.clock())

    found = with_runtime(work)
    documents = [
        {name: getattr(one, name) for name in ("method", "authority", "origin", "size", "failures", "error", "overdue")}
        | {
            "kept_at": one.kept_at,
            "age_seconds": one.age and int(one.age.total_seconds()),
            "interval_seconds": one.interval and int(one.interval.total_seconds()),
        }
        for one in found
    ]
    lines = [f"{one.method:8} {one.authority}: {in_words(one)}" for one in found]
    show(documents, lines or ["Nobody outside holds the log's checkpoints."], as_json=as_json)


def _covering(runtime: "Runtime", unstamped: set[str]) -> "Cover":
    """Asks for a time stamp before an export, and notes why there is none where one was to be had."""
    from privacy.anchors.coverage import Coverage

    async def cover(log_id: int, index: int) -> None:
        coverage = await runtime.covering.cover(log_id, index)
        if coverage not in (Coverage.COVERED, Coverage.NOT_CONFIGURED):
            unstamped.add(coverage.value)

    return cover


def _known(kind: str) -> None:
    """Ends with wrong use when no record is of this kind."""
    from domain.proof.record_sections import RecordKind

    if kind not in {one.value for one in RecordKind}:
        leave(f"{kind!r} is no kind of record; there are: {', '.join(sorted(RecordKind))}", WRONG_USE)


def _write(folder: Path, proof: "ExportedProof") -> Written:
    """Writes the file unless another content has its name: nothing that was handed out or kept is replaced."""
    file = folder / proof.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = not (_made(file, proof.content, private=bool(proof.disclosed)) or file.read_bytes() == proof.content)
        if proof.disclosed and not kept:
            file.chmod(OWNER_ONLY)
    except OSError as error:
        raise CommandFailed(f"cannot write {file} ({type(error).__name__})") from None
    return Written(file=file, left_out=proof.left_out, disclosed=proof.disclosed, kept=kept)


def _made(file: Path, content: bytes, *, private: bool) -> bool:
    """Makes the file; False when there is one. What cannot be written whole does not stay."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY if private else 0o666)
    except FileExistsError:
        return False
    try:
        with open(opened, "wb") as out:
            out.write(content)
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink()
        raise
    return True


def _say(written: "list[Written]", folder: Path, *, as_json: bool) -> None:
    """Names what was written, warns of what is personal, and ends with 1 for files that were left alone."""
    new = [one for one in written if not one.kept]
    lines = [one.line for one in new[:SHOWN]]
    if len(new) > len(lines):
        lines.append(f"... {len(new)} files in all, in {folder}")
    warning = _warning(new)
    if warning and as_json:
        print(warning, file=sys.stderr)  # noqa: T201 - stdout is one JSON document
    elif warning:
        lines.append(warning)
    if not written:
        lines.append("There is no record of this kind.")
    show([str(one.file) for one in new], lines, as_json=as_json)
    kept = [str(one.file) for one in written if one.kept]
    if kept:
        more = f", nor the other {len(kept) - 1} like it" if len(kept) > 1 else ""
        leave(
            f"{kept[0]} is there already with another content, and is not overwritten{more}; a bundle changes when the "
            "log or its anchors do. Move it away, or choose another folder with --to",
            FAILURE,
        )


def _warning(written: "Iterable[Written]") -> str:
    """Who may have files that show what is personal; empty when none does."""
    what = sorted({part for one in written for part in one.disclosed}, reverse=True)
    if not what:
        return ""
    return (
        f"This file holds personal data: {' and '.join(what)}. Only your account can read it. Give it to nobody but "
        "whom your reason names, by a way that others cannot read, and delete it when that is done."
    )

"""proofs: export, verify, checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import FAILURE, AsJson, CommandFailed, PageOption, chosen_page, leave, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from domain.proof.policy import Policy
    from domain.proof.verification import Verdict
    from privacy.proofs import ExportedProof

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Hand over proofs, and check them without database, settings or network.",
)

WRONG_USE = 2


@app.command()
def export(
    name: Annotated[str | None, typer.Argument(help="A receipt, or the id of a record.")] = None,
    to: Annotated[Path, typer.Option(help="The folder the files are written to.")] = Path(),
    every: Annotated[
        str | None, typer.Option("--every", help="All records of this kind, for instance conversation_started.")
    ] = None,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Write the file that proves one act: record, place in the log, notice as shown, related records."""
    if (name is None) == (every is None):
        leave("give a receipt or record id, or --every with a kind of record", WRONG_USE)

    async def work(runtime: "Runtime") -> list[Path]:
        if every is not None:
            chosen = await chosen_page(runtime, page)
            wanted = await runtime.proofs.of_kind(chosen.page_id, every)
        else:
            wanted = [await runtime.proofs.find(name or "")]
        return [_write(to, await runtime.proofs.export(record_id)) for record_id in wanted]

    files = with_runtime(work)
    shown = [f"Wrote {file}" for file in files[:20]]
    if len(files) > len(shown):
        shown.append(f"... {len(files)} files in all, in {to}")
    show([str(file) for file in files], shown or ["There is no such record."], as_json=as_json)


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Bundles, as `export` writes them.")],
    policy: Annotated[
        Path | None, typer.Option(help="The keys you trust, as a policy file you got another way than the bundle.")
    ] = None,
    vkey: Annotated[list[str] | None, typer.Option(help="A log key you trust; may be given several times.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check bundles offline. Ends with 0 when all of them hold, 1 when one does not, 2 when one cannot be read."""
    from domain.proof.errors import ProofError
    from domain.proof.verification import verify_bundle

    try:
        pinned = _pinned(policy, vkey or [])
        contents = [(file, file.read_bytes()) for file in files]
    except (OSError, ProofError) as error:
        leave(f"cannot be read: {error}", WRONG_USE)
    verdicts = [(file, verify_bundle(content, pinned=pinned)) for file, content in contents]
    lines: list[str] = []
    for file, verdict in verdicts:
        lines += _lines(file, verdict, brief=len(files) > 1)
    good = sum(verdict.verified for _, verdict in verdicts)
    if len(files) > 1:
        lines.append(
            f"{good:,} of {len(files):,} verified. {verdicts[0][1].meaning if good == len(files) else ''}".rstrip()
        )
    documents = [_document(file, verdict) for file, verdict in verdicts]
    show(documents[0] if len(files) == 1 else documents, lines, as_json=as_json)
    if good < len(files):
        raise typer.Exit(FAILURE)


@app.command()
def checkpoint(as_json: AsJson = False) -> None:
    """Show the newest signed head of each log, and the key to check it with."""

    async def work(runtime: "Runtime") -> list[dict[str, Any]]:
        async with runtime.store.database.transaction() as tx:
            heads = await runtime.store.log.heads(tx)
            newest = [await runtime.store.log.newest_checkpoint(tx, head.log_id) for head in heads]
        return [
            {"origin": head.origin, "vkey": head.vkey, "size": stored.size, "checkpoint": stored.note}
            for head, stored in zip(heads, newest, strict=True)
            if stored is not None
        ]

    found = with_runtime(work)
    lines = [line for one in found for line in (f"key: {one['vkey']}", "", one["checkpoint"])]
    show(found, lines or ["The log is empty."], as_json=as_json)


def _write(folder: Path, proof: "ExportedProof") -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / proof.file_name
        file.write_bytes(proof.content)
    except OSError as error:
        raise CommandFailed(f"cannot write to {folder} ({type(error).__name__})") from None
    return file


def _pinned(policy: Path | None, vkeys: list[str]) -> "Policy | None":
    from domain.proof.note import Verifier
    from domain.proof.policy import Policy

    if policy is not None:
        return Policy.parse(policy.read_bytes())
    return Policy.of_logs([Verifier.from_vkey(one) for one in vkeys]) if vkeys else None


def _lines(file: Path, verdict: "Verdict", *, brief: bool) -> list[str]:
    if brief:
        return [] if verdict.verified else [f"{file}: {verdict.meaning}"]
    lines = [f"{'ok  ' if step.ok else 'FAIL'} {step.number:>2} {step.name}: {step.detail}" for step in verdict.steps]
    if verdict.facts is not None:
        lines += ["", *(f"{name}: {value}" for name, value in _facts(verdict).items())]
    return [*lines, "", verdict.meaning]


def _facts(verdict: "Verdict") -> dict[str, Any]:
    facts = verdict.facts
    return {} if facts is None else {name: getattr(facts, name) for name in facts.__dataclass_fields__}


def _document(file: Path, verdict: "Verdict") -> dict[str, Any]:
    return {
        "file": str(file),
        "verified": verdict.verified,
        "trust": verdict.trust,
        "meaning": verdict.meaning,
        "facts": {name: str(value) for name, value in _facts(verdict).items()},
        "steps": [
            {"number": step.number, "name": step.name, "ok": step.ok, "detail": step.detail} for step in verdict.steps
        ],
    }

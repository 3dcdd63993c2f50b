"""proofs: audit, account."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.running import FAILURE, AsJson, finish, leave, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from domain.proof.keys import Verifier
    from privacy.accounting import Accounted
    from privacy.audit.kept import KeptCheckpoint
    from privacy.audit.report import AuditReport

WRONG_USE = 2
SHOWN = 100


def audit(
    folder: Annotated[
        Path | None, typer.Option(help="Audit the exported logs in this folder instead; needs --vkey or --policy.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="The keys you trust, as a policy file.")] = None,
    vkey: Annotated[list[str] | None, typer.Option(help="A log key you trust; may be given several times.")] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint you kept; may be given several times.")
    ] = None,
    limit_findings: Annotated[int, typer.Option(min=1, max=100_000, help="How many findings are shown.")] = SHOWN,
    as_json: AsJson = False,
) -> None:
    """Check the whole log: every entry, tile, checkpoint, anchor and opening. Ends with 1 when anything is wrong."""
    from domain.proof.errors import ProofError

    try:
        keys = _trusted(policy, vkey or [])
        kept = [_kept(file) for file in checkpoint or []]
    except (OSError, ProofError) as error:
        leave(f"cannot be read: {error}", WRONG_USE)
    if folder is not None:
        report = _of_folder(folder, keys, kept, limit_findings)
    else:
        report = with_runtime(lambda runtime: _of_database(runtime, keys, kept, limit_findings))
    show(report.document(), report.lines(), as_json=as_json)
    if not report.good:
        raise typer.Exit(FAILURE)


async def _of_database(
    runtime: "Runtime", keys: "list[Verifier]", kept: "list[KeptCheckpoint]", limit: int
) -> "AuditReport":
    from app.hardening import harden_process
    from privacy.audit.folder import trusted_keys
    from privacy.audit.live_log import LiveAudit

    audit = LiveAudit(dsn=runtime.store.database.dsn, ring=runtime.store.keys.ring, prepare=harden_process)
    return await audit.run(limit=limit, trusted=trusted_keys(keys) if keys else None, kept=kept)


def _of_folder(folder: Path, keys: "list[Verifier]", kept: "list[KeptCheckpoint]", limit: int) -> "AuditReport":
    from privacy.audit.folder import FolderUnreadable
    from privacy.audit.folders import audit_folder

    if not keys:
        leave("give the key of the log with --vkey or --policy; a folder proves nothing about who signed", WRONG_USE)

    async def work() -> "AuditReport | str":
        try:
            return await audit_folder(folder, keys, limit=limit, kept=kept)
        except FolderUnreadable as error:
            return str(error)

    found = finish(work())
    if isinstance(found, str):
        leave(found, WRONG_USE)
    return found


def _trusted(policy: Path | None, vkeys: list[str]) -> "list[Verifier]":
    from domain.proof.keys import Verifier
    from domain.proof.policy import Policy

    found = [] if policy is None else list(Policy.parse(policy.read_bytes()).verifiers)
    return [*found, *(Verifier.from_vkey(one) for one in vkeys)]


def _kept(file: Path) -> "KeptCheckpoint":
    from privacy.audit.kept import KeptCheckpoint

    return KeptCheckpoint.read(file.name, file.read_bytes())


def account(
    reason: Annotated[str, typer.Option(help="Why: which backup was restored, and when. Kept sealed.")],
    as_json: AsJson = False,
) -> None:
    """After a restore: name in the log the entries that nobody can open any more and nothing names."""

    async def work(runtime: "Runtime") -> "Accounted":
        from privacy.accounting import Accounting

        accounting = Accounting(store=runtime.store, clock=runtime.clock, random_bytes=os.urandom)
        return await accounting.account(reason)

    found = with_runtime(work)
    document = {"entries": found.entries, "records": [str(record_id) for record_id in found.records]}
    said = f"Named {found.entries:,} entries in {len(found.records)} records; `assent proofs audit` counts them."
    show(document, [said if found.entries else "There is nothing to name."], as_json=as_json)

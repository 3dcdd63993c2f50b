"""Which exported logs lie in a folder, and do they all hold together?

`assent proofs tiles` gives each log a folder of its own below the one that it is told. Whoever audits may name either.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from domain.proof.keys import Verifier
from privacy.audit.folder import FolderAudit, FolderUnreadable
from privacy.audit.kept import KeptCheckpoint
from privacy.audit.report import AuditReport, joined


async def audit_folder(
    folder: Path, trusted: Sequence[Verifier], *, limit: int, kept: Sequence[KeptCheckpoint] = ()
) -> AuditReport:
    """One report of the log in this folder, or of every log in the folders right below it.

    Raises FolderUnreadable when one of them is none that can be checked: no log is left out in silence.
    """
    audits = [FolderAudit(folder=one, trusted=trusted) for one in await asyncio.to_thread(_logs_in, folder)]
    if not audits:
        return await FolderAudit(folder=folder, trusted=trusted).run(limit=limit, kept=kept)
    origins = [await _origin(audit) for audit in audits]
    reports = []
    for number, (audit, origin) in enumerate(zip(audits, origins, strict=True)):
        # A checkpoint of a log that is not here is a finding; the first report has it.
        own = [one for one in kept if one.said.origin == origin or (not number and one.said.origin not in origins)]
        reports.append(await audit.run(limit=limit, kept=own))
    return joined(reports, limit=limit)


async def _origin(audit: FolderAudit) -> str:
    try:
        return (await asyncio.to_thread(audit.head)).origin
    except FolderUnreadable as error:
        raise FolderUnreadable(f"{audit.folder}: {error}; give the key of every log in the folder above") from None


def _logs_in(folder: Path) -> list[Path]:
    """The folders below that hold a log, also one that has lost its head; none when this one is a log's own."""
    if _is_log(folder) or not folder.is_dir():
        return []
    found = [one for one in folder.iterdir() if one.is_dir() and _is_log(one)]
    return sorted(found, key=lambda one: (len(one.name), one.name))


def _is_log(folder: Path) -> bool:
    return (folder / "checkpoint").exists() or (folder / "tile").exists()

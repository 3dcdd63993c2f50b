"""What does an audit say in the end?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.proof.findings import MEANINGS, Finding
from privacy.audit.book import FindingBook

PEOPLE = "people_of_unopenable_entries"
MARKS = "erasure_marks_before_break"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """One log: its size and root as computed from its entries."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Counts of what was looked at, and every finding; nothing personal."""

    logs: tuple[LogSummary, ...]
    counts: dict[str, int]
    records: Counter[str]
    audit_chain: str | None
    findings: tuple[Finding, ...]
    finding_counts: dict[str, int]

    @property
    def good(self) -> bool:
        return not self.finding_counts

    @property
    def found(self) -> int:
        return sum(self.finding_counts.values())

    def document(self) -> dict[str, Any]:
        """One JSON document."""
        return {
            "good": self.good,
            "logs": [{"origin": log.origin, "size": log.size, "root": log.root} for log in self.logs],
            "counts": self.counts,
            "records": dict(sorted(self.records.items())),
            "audit_chain": self.audit_chain,
            "finding_counts": self.finding_counts,
            "findings": [
                {
                    "kind": one.kind.value,
                    "origin": one.origin,
                    "index": one.index,
                    "row": one.row,
                    "meaning": one.meaning,
                }
                for one in self.findings
            ],
        }

    def lines(self) -> list[str]:
        """The same for people."""
        lines = [f"log {log.origin}: {log.size:,} entries, root {log.root}" for log in self.logs]
        lines += [f"{name.replace('_', ' ')}: {number:,}" for name, number in self.counts.items()]
        lines += [f"records of kind {kind}: {number:,}" for kind, number in sorted(self.records.items())]
        if self.audit_chain is not None:
            lines.append(f"newest hash of what operators did: {self.audit_chain}")
        more = self.counts.get(PEOPLE, 0) - self.counts.get(MARKS, 0)
        if more > 0:
            lines.append(f"of {more:,} of these people no mark says that they were erased before the break")
        lines.append("")
        if self.good:
            lines.append("Nothing wrong was found.")
            return lines
        lines.append(f"{self.found:,} findings:")
        lines += [str(one) for one in self.findings]
        hidden = self.found - len(self.findings)
        if hidden:
            lines.append(f"... and {hidden:,} more; by kind:")
            lines += [f"{kind}: {number:,}" for kind, number in self.finding_counts.items()]
        return lines


def summed_up(
    book: FindingBook,
    *,
    logs: list[LogSummary],
    counts: dict[str, int],
    records: Counter[str],
    audit_chain: str | None,
    limit: int,
) -> AuditReport:
    """The report of these findings, at most `limit` of them shown."""
    ordered = [kind for kind in MEANINGS if book.counts[kind]]
    return AuditReport(
        logs=tuple(logs),
        counts=counts,
        records=records,
        audit_chain=audit_chain,
        findings=tuple(book.in_order()[:limit]),
        finding_counts={kind.value: book.counts[kind] for kind in ordered},
    )


def joined(reports: Sequence[AuditReport], *, limit: int) -> AuditReport:
    """One report of several logs that were audited apart, at most `limit` findings of them shown."""
    counts: Counter[str] = Counter()
    found: Counter[str] = Counter()
    records: Counter[str] = Counter()
    for one in reports:
        counts.update(one.counts)
        found.update(one.finding_counts)
        records.update(one.records)
    return AuditReport(
        logs=tuple(log for one in reports for log in one.logs),
        counts=dict(counts),
        records=records,
        audit_chain=None,
        findings=tuple(finding for one in reports for finding in one.findings)[:limit],
        finding_counts={kind.value: found[kind.value] for kind in MEANINGS if found[kind.value]},
    )

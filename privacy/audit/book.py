"""Where do findings go when there may be a million of them?

All are counted by kind; a bounded number of each kind is kept, the first ones, to be shown with log and index.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.proof.findings import Finding, FindingKind

KEPT = 100


@dataclass(slots=True, kw_only=True)
class FindingBook:
    """The findings of one audit, or of a part of it; `limit` is how many of each kind are kept."""

    limit: int = KEPT
    counts: Counter[FindingKind] = field(default_factory=Counter)
    kept: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if self.counts[finding.kind] <= self.limit:
            self.kept.append(finding)

    def add_all(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.add(finding)

    def merge(self, other: "FindingBook") -> None:
        """Takes over what another part of the audit found."""
        for finding in other.kept:
            self.add(finding)
        for kind, count in other.counts.items():
            self.counts[kind] += count - sum(finding.kind is kind for finding in other.kept)

    def in_order(self) -> list[Finding]:
        """What was kept, by log, index and kind."""
        return sorted(self.kept, key=lambda one: (one.origin or "", one.index or 0, one.kind.value, one.row or ""))

"""Do the logs of an installation, and the keys of each, follow one another as their own records say?

The first entry of each log says that it starts, under which key, and which log it continues. Every further key of a log
is introduced by an entry of that log. So whoever trusts the first key need trust no row of the database.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.proof.findings import Finding, FindingKind
from domain.proof.log import LogKey
from domain.proof.record_sections import LogChange, RecordKind

BEGINNINGS = frozenset({RecordKind.LOG_STARTED, RecordKind.LOG_DISCONTINUITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedChange:
    """What an entry says of a log; `index` is where it stands."""

    kind: RecordKind
    index: int
    change: LogChange


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """One log as the database has it, and what its own entries say of it, in order."""

    origin: str
    size: int
    keys: Sequence[LogKey]
    changes: Sequence[LoggedChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRoot:
    """What the root of a log at this size has to be, and the finding if it is another."""

    origin: str
    size: int
    root: bytes
    otherwise: Finding


def chain_findings(logs: Sequence[LogFacts]) -> Iterator[Finding]:
    """Every fault of the chain that shows without the trees; the logs are in their order, the oldest first."""
    for number, log in enumerate(logs):
        if not log.size:
            continue
        first = log.changes[0] if log.changes else None
        if first is None or first.index != 0 or first.kind not in BEGINNINGS or first.change.origin != log.origin:
            yield Finding(kind=FindingKind.LOG_NOT_STARTED, origin=log.origin, index=0)
            continue
        if not _continues(first, logs[number - 1] if number else None):
            yield Finding(kind=FindingKind.LOG_CHAIN_BROKEN, origin=log.origin, index=0)
        yield from _key_findings(log, first)


def expected_roots(logs: Sequence[LogFacts]) -> Iterator[ExpectedRoot]:
    """The roots that the first entries state of the logs before, where these are still as long."""
    known = {log.origin: log for log in logs}
    for log in logs:
        for one in log.changes:
            change = one.change
            before = known.get(change.previous_origin or "")
            if before is None or change.previous_size is None or change.previous_root is None:
                continue
            if change.previous_size <= before.size:
                yield ExpectedRoot(
                    origin=before.origin,
                    size=change.previous_size,
                    root=bytes.fromhex(change.previous_root),
                    otherwise=Finding(
                        kind=FindingKind.LOG_CHAIN_BROKEN,
                        origin=before.origin,
                        index=change.previous_size,
                        row=f"entry {one.index} of {log.origin}",
                    ),
                )


def untrusted_keys(logs: Sequence[LogFacts], trusted: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """The logs whose first key is not among those the auditor trusts under its name."""
    for log in logs:
        if log.changes and log.changes[0].change.vkey not in trusted.get(log.origin, frozenset()):
            yield Finding(kind=FindingKind.LOG_KEY_UNKNOWN, origin=log.origin, index=0)


def _continues(first: LoggedChange, before: LogFacts | None) -> bool:
    """Whether a log begins where the one before it ended; after a break that one may be lost, or shorter."""
    change = first.change
    if first.kind is RecordKind.LOG_DISCONTINUITY:
        return change.previous_origin is not None and change.reason is not None
    if before is None:
        return change.previous_origin is None
    keys = {key.vkey for key in before.keys}
    return (
        change.previous_origin == before.origin and change.previous_size == before.size and change.previous_vkey in keys
    )


def _key_findings(log: LogFacts, first: LoggedChange) -> Iterator[Finding]:
    """The keys that entries introduce, against those the database has."""
    introduced = {first.change.vkey: 0}
    current = first.change.vkey
    for one in log.changes[1:]:
        fits = one.kind is RecordKind.KEY_ROTATED and one.change.origin == log.origin
        if not fits or one.change.previous_vkey != current:
            yield Finding(kind=FindingKind.LOG_CHAIN_BROKEN, origin=log.origin, index=one.index)
            continue
        current = one.change.vkey
        introduced[current] = one.index + 1
    for key in log.keys:
        if introduced.pop(key.vkey, None) != key.from_size or (key.vkey == current) != (key.until is None):
            yield Finding(kind=FindingKind.LOG_KEY_UNKNOWN, origin=log.origin, index=key.from_size)
    for size in introduced.values():
        yield Finding(kind=FindingKind.LOG_KEY_UNKNOWN, origin=log.origin, index=size)

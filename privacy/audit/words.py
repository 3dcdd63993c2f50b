"""Are the notices and questions that records name still the words that were shown?"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias

from domain.proof.findings import Finding, FindingKind
from privacy.audit.book import FindingBook
from privacy.audit.openings import NoticeName, Sample, TextName

Row: TypeAlias = Mapping[str, Any]


async def check_notices(
    rows: AsyncIterator[Row], named: Mapping[tuple[NoticeName, str], Sample], book: FindingBook
) -> int:
    """How many published notices there are; findings for those that are not what they, or records, say they are."""
    kept: dict[NoticeName, str] = {}
    count = 0
    wanted: dict[NoticeName, list[tuple[str, Sample]]] = {}
    for (name, digest), sample in named.items():
        wanted.setdefault(name, []).append((digest, sample))
    async for row in rows:
        count += 1
        name = (row["page_id"], row["version"], row["language"])
        computed = hashlib.sha256(row["body"].encode()).hexdigest()
        kept[name] = computed
        if computed != row["sha256"].hex() and name not in wanted:
            book.add(_notice(FindingKind.NOTICE_CHANGED, name, (None, None)))
        for digest, sample in wanted.get(name, ()):
            if computed != digest or computed != row["sha256"].hex():
                book.add(_notice(FindingKind.NOTICE_CHANGED, name, sample))
    for name, samples in wanted.items():
        if name not in kept:
            book.add(_notice(FindingKind.NOTICE_MISSING, name, samples[0][1]))
    return count


async def check_texts(rows: AsyncIterator[Row], named: Mapping[TextName, Sample], book: FindingBook) -> int:
    """How many questions are kept; findings for those that were edited, and for those that records name in vain."""
    left = dict(named)
    count = 0
    async for row in rows:
        count += 1
        name = (row["page_id"], row["sha256"].hex())
        sample = left.pop(name, (None, None))
        if hashlib.sha256(row["body"].encode()).digest() != row["sha256"]:
            book.add(_text(FindingKind.TEXT_CHANGED, name, sample))
    for name, sample in left.items():
        book.add(_text(FindingKind.TEXT_MISSING, name, sample))
    return count


def _notice(kind: FindingKind, name: NoticeName, sample: Sample) -> Finding:
    page, version, language = name
    return Finding(kind=kind, origin=sample[0], index=sample[1], row=f"page {page}, version {version}, {language}")


def _text(kind: FindingKind, name: TextName, sample: Sample) -> Finding:
    page, digest = name
    return Finding(kind=kind, origin=sample[0], index=sample[1], row=f"page {page}, text {digest[:12]}")

"""Which notice texts were published, and which is in force?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from domain.ids import PageId
from domain.notice import Notice, ShownText
from storage.errors import boundary
from storage.tables import NoticeRow

if TYPE_CHECKING:
    from storage.database import Transaction

_CURRENT = """
select * from notice where page_id = $1 and version = (select max(version) from notice where page_id = $1)
order by (language = $2) desc, (language = 'en') desc, language limit 1
"""


@dataclass(frozen=True, slots=True)
class NoticeStore:
    async def publish(
        self, tx: "Transaction", page_id: PageId, bodies: Mapping[str, str], *, now: datetime, renews: bool = False
    ) -> int:
        """Publishes the texts, by language, as the Page's next version and returns its number.

        With `renews`, a yes under an earlier version permits nothing from then on.
        """
        await tx.execute("select 1 from page where page_id = $1 for update", page_id)
        version: int = 1 + await tx.fetchval("select coalesce(max(version), 0) from notice where page_id = $1", page_id)
        for language, body in bodies.items():
            await tx.execute(
                "insert into notice (page_id, version, language, notice_id, body, sha256, published_at) "
                "values ($1, $2, $3, $4, $5, $6, $7)",
                page_id,
                version,
                language,
                uuid4(),
                body,
                hashlib.sha256(body.encode()).digest(),
                now,
            )
        if renews:
            await tx.execute("update page set consent_from_notice = $2 where page_id = $1", page_id, version)
        return version

    async def current(self, tx: "Transaction", page_id: PageId, language: str) -> Notice | None:
        """The newest version in this language, else in English, else in any; None when nothing is published."""
        row = await tx.fetchrow(_CURRENT, page_id, language)
        return None if row is None else _notice(row)

    async def get(self, tx: "Transaction", page_id: PageId, version: int, language: str) -> Notice | None:
        """One version in one language, as it was published."""
        row = await tx.fetchrow(
            "select * from notice where page_id = $1 and version = $2 and language = $3",
            page_id,
            version,
            language,
        )
        return None if row is None else _notice(row)

    async def of_version(self, tx: "Transaction", page_id: PageId, version: int) -> Notice | None:
        """One version in the first of its languages; None when there is no such version."""
        row = await tx.fetchrow(
            "select * from notice where page_id = $1 and version = $2 "
            "order by (language = 'en') desc, language limit 1",
            page_id,
            version,
        )
        return None if row is None else _notice(row)

    async def remember_text(
        self, tx: "Transaction", page_id: PageId, language: str, body: str, *, now: datetime
    ) -> ShownText:
        """Keeps the exact words of a question, so that an answer can refer to them for ever."""
        shown = ShownText(language=language, body=body, sha256=hashlib.sha256(body.encode()).digest())
        await tx.execute(
            "insert into shown_text (page_id, sha256, language, body, first_used) values ($1, $2, $3, $4, $5) "
            "on conflict do nothing",
            page_id,
            shown.sha256,
            language,
            body,
            now,
        )
        return shown

    async def shown_text(self, tx: "Transaction", page_id: PageId, sha256: bytes) -> ShownText | None:
        """The words with this digest; None when this Page never showed them."""
        row = await tx.fetchrow(
            "select language, body from shown_text where page_id = $1 and sha256 = $2", page_id, sha256
        )
        return row and ShownText(language=row["language"], body=row["body"], sha256=sha256)

    async def all(self, page_id: PageId) -> list[Notice]:
        """Every published text of the Page, newest version first."""
        with boundary():
            rows = await NoticeRow.filter(page_id=page_id).order_by("-version", "language")
        return [
            Notice(
                page_id=PageId(row.page_id),
                version=row.version,
                language=row.language,
                body=row.body,
                sha256=bytes(row.sha256),
                published_at=row.published_at,
            )
            for row in rows
        ]


def _notice(row: Any) -> Notice:
    return Notice(
        page_id=PageId(row["page_id"]),
        version=row["version"],
        language=row["language"],
        body=row["body"],
        sha256=row["sha256"],
        published_at=row["published_at"],
    )

"""Where does a copy of a person's data wait until they fetch it?

Sealed under a key made of the code they got in the chat and a server part from the key ring: neither the row alone nor
the ring with the row opens it. A wrong code costs one of its tries in the statement that looks, so no number of
simultaneous guesses gets more than them.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.ids import LeadId, PageId
from storage.keyring import NumberedKey
from storage.keys import Keys
from storage.labels import Label
from storage.sealing import DataKey, derive, lp

if TYPE_CHECKING:
    from storage.database import Database, Transaction

TRIES = 5

_PUT = """
insert into export_archive (page_id, request_id, token_hash, link_kid, code_check, archive_sealed, code_until,
                            expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (page_id, request_id) do update set token_hash = excluded.token_hash, link_kid = excluded.link_kid,
    code_check = excluded.code_check, archive_sealed = excluded.archive_sealed, tries = 0,
    code_until = excluded.code_until, expires_at = excluded.expires_at, taken_at = null
"""
_FIND = """
select page_id, request_id, link_kid, code_check, archive_sealed, tries, code_until, expires_at, taken_at
from export_archive where token_hash = $1 for update
"""
_OF_LEAD = """
(page_id, request_id) in (select page_id, request_id from data_request where page_id = $1 and lead_id = $2)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One stored copy, still sealed; `archive_sealed` is None once it was fetched, expired or erased."""

    page_id: PageId
    request_id: UUID
    link_kid: int
    code_check: bytes
    archive_sealed: bytes | None
    tries: int
    code_until: datetime
    expires_at: datetime
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExportStore:
    database: "Database"
    keys: Keys

    async def put(
        self,
        tx: "Transaction",
        page_id: PageId,
        request_id: UUID,
        *,
        token: str,
        code: str,
        content: bytes,
        code_until: datetime,
        expires_at: datetime,
    ) -> None:
        """Keeps the copy so that only token and code together open it; replaces an earlier one of this request."""
        link = self.keys.ring.link_key()
        await tx.execute(
            _PUT,
            page_id,
            request_id,
            token_hash(token),
            link.kid,
            _check(link, request_id, code),
            _key(link, request_id, code).seal(Label.EXPORT_ARCHIVE, request_id.bytes, content),
            code_until,
            expires_at,
        )

    async def find(self, tx: "Transaction", token: str) -> Archive | None:
        """The copy behind a link, locked until the transaction ends."""
        row = await tx.fetchrow(_FIND, token_hash(token))
        return None if row is None else _archive(row)

    def fits(self, archive: Archive, code: str) -> bool:
        """Whether this is the code of the copy; says so in constant time."""
        link = self.keys.ring.link_key(archive.link_kid)
        return hmac.compare_digest(archive.code_check, _check(link, archive.request_id, code))

    def opened(self, archive: Archive, code: str) -> bytes:
        """The copy itself; the code must fit and the copy must still be there."""
        link = self.keys.ring.link_key(archive.link_kid)
        sealed = archive.archive_sealed or b""
        return _key(link, archive.request_id, code).open(Label.EXPORT_ARCHIVE, archive.request_id.bytes, sealed)

    async def count_try(self, tx: "Transaction", archive: Archive) -> int:
        """Notes a wrong code; returns how many there were."""
        return int(
            await tx.fetchval(
                "update export_archive set tries = tries + 1 where page_id = $1 and request_id = $2 returning tries",
                archive.page_id,
                archive.request_id,
            )
        )

    async def take(self, tx: "Transaction", archive: Archive, *, now: datetime) -> None:
        """Marks the file as fetched: nobody gets it a second time."""
        await tx.execute(
            "update export_archive set taken_at = $3 where page_id = $1 and request_id = $2",
            archive.page_id,
            archive.request_id,
            now,
        )

    async def give_back(self, token: str) -> None:
        """The file did not get through: it can be fetched again while its code holds."""
        async with self.database.connection() as connection:
            await connection.execute(
                "update export_archive set taken_at = null where token_hash = $1 and archive_sealed is not null",
                token_hash(token),
            )

    async def empty(self, token: str) -> None:
        """Deletes the copy after it was fetched; the row stays and says that it was used."""
        async with self.database.connection() as connection:
            await connection.execute(
                "update export_archive set archive_sealed = null where token_hash = $1", token_hash(token)
            )

    async def of_lead(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> list[dict[str, Any]]:
        """When the person's copies were made ready and fetched, oldest first."""
        rows = await tx.fetch(
            f"select expires_at, taken_at from export_archive where {_OF_LEAD} order by expires_at",  # noqa: S608
            page_id,
            lead_id,
        )
        return [dict(row) for row in rows]

    async def delete_of_lead(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Deletes every copy made for the person; how many."""
        status = await tx.execute(f"delete from export_archive where {_OF_LEAD}", page_id, lead_id)  # noqa: S608
        return int(status.rpartition(" ")[2])


def token_hash(token: str) -> bytes:
    """What is stored of a link's token: its bits are random, so they need no key."""
    return sha256(lp(b"assent/export-token/v1", token.encode())).digest()


def _check(link: NumberedKey, request_id: UUID, code: str) -> bytes:
    message = lp(b"assent/export-code/v1", request_id.bytes, code.encode())
    return hmac.digest(derive(link.secret, "assent/export-code/v1"), message, sha256)


def _key(link: NumberedKey, request_id: UUID, code: str) -> DataKey:
    message = lp(b"assent/export-archive/v1", request_id.bytes, code.encode())
    return DataKey(request_id, hmac.digest(derive(link.secret, "assent/export-archive/v1"), message, sha256))


def _archive(row: Any) -> Archive:
    return Archive(
        page_id=PageId(row["page_id"]),
        request_id=row["request_id"],
        link_kid=row["link_kid"],
        code_check=row["code_check"],
        archive_sealed=row["archive_sealed"],
        tries=row["tries"],
        code_until=row["code_until"],
        expires_at=row["expires_at"],
        taken_at=row["taken_at"],
    )

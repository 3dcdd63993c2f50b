"""What has the bot said that is not yet with the person?

An answer is written in the transaction of the event that caused it and leaves in order, one at a time per person. An
answer whose fate is unknown waits for its echo and goes once more: a service message that comes twice is better than
none; then it stays unknown. Messages are sealed under their day's key and emptied when sent.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid4

from domain.delivery import Accepted, Declined, NotSent, Outcome, Unsure
from domain.ids import LeadId, Mid, PageId, Psid
from domain.personal import Pii
from storage import outbox_sql as sql
from storage.errors import KeyRefused, OpenFailed
from storage.keyring import KeyMissing
from storage.keys import Keys
from storage.labels import Label
from storage.lanes import Lease
from storage.outbox_sql import CAMPAIGN_TEST, CAMPAIGN_TEST_MEDIA

if TYPE_CHECKING:
    from storage.database import Database, Transaction

__all__ = ["CAMPAIGN_TEST", "CAMPAIGN_TEST_MEDIA", "ClaimedAnswer", "OutboxMessage", "OutboxStore"]

CHANNEL = "assent_outbox"
ECHO_WAIT = timedelta(seconds=60)
ATTEMPTS = 2
KEEP_DAYS = 8
LARGEST_CLAIM = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A bot answer to be sent: `message` is the Send API's message object, without metadata.

    `held` waits for `release`; `not_before` delays.
    """

    page_id: PageId
    lead_id: LeadId
    psid: Pii[Psid]
    message: Mapping[str, Any] = field(repr=False)
    purpose: str
    not_before: datetime | None = None
    state: Literal["queued", "held"] = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedAnswer:
    """One answer on its way: committed as `sending`, to be called now."""

    outbox_id: UUID
    lead_id: LeadId
    attempt_id: UUID
    purpose: str
    psid: Pii[Psid]
    message: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutboxStore:
    database: "Database"
    keys: Keys

    async def add(self, tx: "Transaction", message: OutboxMessage, *, now: datetime) -> UUID:
        """Queues the answer in the caller's transaction; `wake` the senders once per transaction."""
        outbox_id, day = uuid4(), now.astimezone(UTC).date()
        key = await self.keys.day_key(tx, day)
        content = {
            "psid": message.psid.reveal("seal the answer for sending"),
            "message": message.message,
            "messaging_type": "RESPONSE",
        }
        sealed = key.seal(Label.OUTBOX_MESSAGE, outbox_id.bytes, json.dumps(content, ensure_ascii=False).encode())
        await tx.execute(
            sql.ADD,
            message.page_id,
            outbox_id,
            message.lead_id,
            message.purpose,
            message.state,
            now,
            message.not_before or now,
            day,
            sealed,
        )
        return outbox_id

    async def wake(self, tx: "Transaction", page_id: PageId) -> None:
        """Tells the Page's sender when the transaction commits that there is something to send."""
        await tx.execute("select pg_notify($1, $2)", CHANNEL, page_id)

    async def release(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Queues what was held for this person; how many."""
        return _count(await tx.execute(sql.RELEASE, page_id, lead_id))

    async def drop(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, *, keep: Collection[str] = ()) -> int:
        """Empties what waits for this person and what was kept to be sent again, except these purposes; how many."""
        return _count(await tx.execute(sql.DROP, page_id, lead_id, list(keep)))

    async def claim(self, lease: Lease, *, limit: int, now: datetime) -> list[ClaimedAnswer]:
        """Commits up to `limit` answers as `sending`, at most one per person, each the oldest of its person.

        An answer still on its way, or kept to be sent again, holds back the later ones of the same person.
        """
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                sql.CLAIM, lease.key, lease.owner, lease.epoch, now, min(limit, LARGEST_CLAIM), ATTEMPTS
            )
            answers: list[ClaimedAnswer] = []
            shut: list[tuple[UUID, Outcome]] = []
            for row in sorted(rows, key=lambda row: row["seq"]):
                try:
                    answers.append(await self._opened(connection, row))
                except KeyMissing:
                    # Another process rotated the ring; ours is read again every few seconds.
                    shut.append((row["attempt_id"], NotSent("key_missing", now + timedelta(seconds=5))))
                except (KeyRefused, OpenFailed):
                    shut.append((row["attempt_id"], Declined("unreadable")))
        await self.finish(PageId(lease.key), shut, now=now)
        return answers

    async def _opened(self, tx: "Transaction", row: Any) -> ClaimedAnswer:
        key = await self.keys.day_key(tx, row["day"])
        content = json.loads(key.open(Label.OUTBOX_MESSAGE, row["outbox_id"].bytes, row["message_sealed"]))
        return ClaimedAnswer(
            outbox_id=row["outbox_id"],
            lead_id=LeadId(row["lead_id"]),
            attempt_id=row["attempt_id"],
            purpose=row["purpose"],
            psid=Pii(Psid(content["psid"])),
            message=content["message"],
        )

    async def finish(self, page_id: PageId, outcomes: Sequence[tuple[UUID, Outcome]], *, now: datetime) -> int:
        """Settles attempts by what is certain of them; how many moved. An echo that was first stays right."""
        if not outcomes:
            return 0
        columns = zip(*(self._columns(page_id, attempt, outcome) for attempt, outcome in outcomes), strict=True)
        async with self.database.connection() as connection:
            return _count(await connection.execute(sql.FINISH, page_id, now, *(list(column) for column in columns)))

    def _columns(self, page_id: PageId, attempt: UUID, outcome: Outcome) -> tuple[Any, ...]:
        match outcome:
            case Accepted(mid):
                return attempt, "sent", None, self.keys.index.message(page_id, mid), None
            case NotSent(reason, retry_at):
                return attempt, "queued", reason, None, retry_at
            case Declined(reason):
                return attempt, "refused", reason, None, None
            case Unsure(reason):
                return attempt, "unknown", reason, None, None

    async def settle(self, tx: "Transaction", page_id: PageId, attempt_id: UUID, mid: Mid, *, now: datetime) -> bool:
        """The echo of this attempt arrived: the answer was sent. False when the attempt is not of the outbox."""
        mid_hash = self.keys.index.message(page_id, mid)
        return bool(await tx.fetchval(sql.SETTLE, page_id, attempt_id, mid_hash, now))

    async def purpose_of(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, attempt_id: UUID) -> str | None:
        """What the answer to this person with this attempt is for; None when there is none."""
        found: str | None = await tx.fetchval(
            "select purpose from outbox where page_id = $1 and attempt_id = $2 and lead_id = $3",
            page_id,
            attempt_id,
            lead_id,
        )
        return found

    async def recover(self, lease: Lease, *, now: datetime, echo_wait: timedelta = ECHO_WAIT) -> int:
        """Calls unknown what earlier holders left `sending`, and queues once more what waited in vain for its echo.

        Returns how many will go again.
        """
        async with self.database.connection() as connection:
            await connection.execute(sql.ORPHANS, lease.key, lease.owner, lease.epoch)
            return _count(
                await connection.execute(sql.AGAIN, lease.key, lease.owner, lease.epoch, echo_wait, now, ATTEMPTS)
            )

    async def purge(self, *, now: datetime) -> int:
        """Deletes rows whose day's key is gone: nothing of them can be sent or matched any more."""
        before: date = now.astimezone(UTC).date() - timedelta(days=KEEP_DAYS)
        async with self.database.connection() as connection:
            return _count(await connection.execute("delete from outbox where day < $1", before))


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])

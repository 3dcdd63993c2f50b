"""What do echoes and receipts say about messages whose fate was not known?

An echo carries the mark of the attempt that sent it: the message left, whatever the answer to the call was, and in
either order with it. Called inside the transaction that handles the event.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.delivery import attempt_of
from domain.ids import Mid, PageId

if TYPE_CHECKING:
    from storage.database import Transaction
    from storage.deliveries import DeliveryStore
    from storage.outbox import OutboxStore
    from storage.second_tries import SecondTries


class EchoOf(StrEnum):
    """Whose message an echo shows. `OURS` carries our mark but no attempt is kept of it any more."""

    CAMPAIGN = "campaign"
    ANSWER = "answer"
    OURS = "ours"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    deliveries: "DeliveryStore"
    outbox: "OutboxStore"
    second_tries: "SecondTries"

    async def settle_echo(
        self, tx: "Transaction", page_id: PageId, metadata: str | None, mid: Mid, *, now: datetime
    ) -> EchoOf:
        """Settles the attempt this echo belongs to as sent; FOREIGN when a human or another app wrote."""
        attempt = attempt_of(metadata)
        if attempt is None:
            return EchoOf.FOREIGN
        if await self.outbox.settle(tx, page_id, attempt, mid, now=now):
            return EchoOf.ANSWER
        if await self.deliveries.settle(tx, page_id, attempt, mid, now=now):
            return EchoOf.CAMPAIGN
        if await self.second_tries.settle_earlier(tx, page_id, attempt, mid, now=now):
            return EchoOf.CAMPAIGN
        return EchoOf.OURS

    async def settle_delivered(
        self, tx: "Transaction", page_id: PageId, mids: tuple[Mid, ...], *, now: datetime
    ) -> int:
        """The platform delivered these, so they were sent; of how many of a campaign was that not known."""
        return await self.deliveries.delivered(tx, page_id, mids, now=now)

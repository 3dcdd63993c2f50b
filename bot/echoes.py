"""What does the echo of a sent message tell?

Ours: the attempt is settled, and where it carried the notice or a receipt, that it reached the conversation becomes a
record. Anybody else's: a human or another app is talking, and the bot keeps still. An echo is never input.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.evidence import evidence_of
from bot.takeover import Takeover
from broadcast.receipts import EchoOf, Receipts
from domain.delivery import attempt_of
from domain.ids import Mid
from domain.inbox import InboxItem
from domain.lead import Lead
from domain.page import Page
from domain.proof.record_sections import Receipt
from messenger.envelope import Incoming
from messenger.events import EchoSeen
from privacy.ledger import Evidence, Ledger
from storage.database import Transaction
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoes:
    """Settles sends and records what was shown."""

    store: Store
    ledger: Ledger
    receipts: Receipts
    takeover: Takeover

    async def handle(
        self,
        tx: Transaction,
        page: Page,
        lead: Lead | None,
        item: InboxItem,
        incoming: Incoming,
        echo: EchoSeen,
        now: datetime,
    ) -> None:
        """All that the echo means, in the caller's transaction."""
        if echo.mid is None:
            return
        settled = await self.receipts.settle_echo(tx, page.page_id, echo.metadata, echo.mid, now=now)
        if lead is None:
            return
        if settled is EchoOf.ANSWER:
            await self._shown(tx, page, lead, echo.metadata, echo.mid, evidence_of(item, incoming, keep_raw=False))
        elif settled is EchoOf.FOREIGN and self.takeover.is_human(echo):
            await self.takeover.human_wrote(tx, page, lead, incoming.at(item.received_at))

    async def _shown(
        self, tx: Transaction, page: Page, lead: Lead, metadata: str | None, mid: Mid, evidence: Evidence
    ) -> None:
        attempt = attempt_of(metadata)
        purpose = attempt and await self.store.outbox.purpose_of(tx, page.page_id, lead.lead_id, attempt)
        match (purpose or "").split("/"):
            case ["notice", version, language]:
                notice = await self.store.notices.get(tx, page.page_id, int(version), language)
                if notice is not None:
                    await self.ledger.record_notice_shown(tx, page, lead, notice, mid, evidence)
            case ["confirmation", record, code, digest]:
                receipt = Receipt(receipt_id=code, text_sha256=digest, mid=mid)
                await self.ledger.record_receipt_sent(tx, page, lead, receipt, UUID(hex=record), evidence)

"""What would people get, before the campaign goes to anybody?

A test goes to one chosen person through the outbox, behind a note that calls it a test. It asks the same question as a
delivery: nobody who stopped, was erased or cannot be written to now gets one. It is no delivery, so no report counts it
and no cap knows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from broadcast.composing import compose
from broadcast.sender import StopLinks
from domain.campaign import Campaign, text_for
from domain.content import Content
from domain.eligibility import Reason
from domain.ids import CampaignId, LeadId, PageId
from domain.page import Page
from domain.texts import TextCatalog
from messenger.messages import OutgoingMessage, TextMessage
from storage.errors import RowMissing
from storage.outbox import CAMPAIGN_TEST, CAMPAIGN_TEST_MEDIA, OutboxMessage

if TYPE_CHECKING:
    from storage.store import Store

# A test is asked for by somebody who is awake, and is not one more message of the week.
_NOT_FOR_TESTS = frozenset({Reason.FREQUENCY_CAP, Reason.QUIET_HOURS})


class TestRefused(ValueError):
    """The person may not be written to now; `reason` is why."""

    __test__ = False
    code: ClassVar[str] = "campaign.test_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"this person gets nothing now: {reason}; nothing was sent")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is written in one language, and the message of somebody without a name."""

    content: Content
    message: OutgoingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Previews:
    store: "Store"
    catalog: TextCatalog
    links: StopLinks

    async def show(self, page_id: PageId, campaign_id: CampaignId) -> tuple[Campaign, Mapping[str, Preview]]:
        """The campaign and its preview in each language; raises RowMissing."""
        campaign = await self.store.campaigns.get(page_id, campaign_id)
        contents = await self.store.campaigns.texts(page_id, campaign_id)
        link = f"{self.links.public_url}/u/..."
        return campaign, {
            language: Preview(
                content=content,
                message=compose(
                    content,
                    first_name=None,
                    link=link,
                    campaign_id=campaign_id,
                    texts=self.catalog.choose(language),
                ),
            )
            for language, content in sorted(contents.items())
        }

    async def send_test(self, page: Page, campaign_id: CampaignId, lead_id: LeadId, *, now: datetime) -> None:
        """Queues the note and the message; raises RowMissing or TestRefused."""
        contents = await self.store.campaigns.texts(page.page_id, campaign_id)
        if not contents:
            raise RowMissing(f"campaign {campaign_id}")
        async with self.store.database.transaction() as tx:
            # In the order in which a stop of theirs takes its locks.
            lead = await self.store.leads.get(tx, page.page_id, lead_id)
            standing = await self.store.deliveries.standing(tx, page.page_id, campaign_id, lead_id, now=now)
            if page.state != "connected":
                raise TestRefused(Reason.PAGE_RESTRICTED)
            if standing.reason is not None and standing.reason not in _NOT_FOR_TESTS:
                raise TestRefused(standing.reason)
            if lead is None or standing.link_ref is None:
                raise RowMissing(f"lead {lead_id}")
            language, content = text_for(contents, lead.profile.language, page.language)
            texts = self.catalog.choose(language)
            name = lead.profile.first_name if page.use_first_name else None
            message = compose(
                content,
                first_name=name and name.reveal("put the name into the person's own message"),
                link=self.links.of(standing.link_ref, campaign_id),
                campaign_id=campaign_id,
                texts=texts,
            )
            note = TextMessage(text=texts.text("chat.campaign.test_note", campaign=str(campaign_id)))
            purpose = CAMPAIGN_TEST_MEDIA if content.is_media else CAMPAIGN_TEST
            for part, what in ((note, CAMPAIGN_TEST), (message, purpose)):
                await self.store.outbox.add(
                    tx,
                    OutboxMessage(
                        page_id=page.page_id,
                        lead_id=lead_id,
                        psid=lead.profile.psid,
                        message=part.json(),
                        purpose=what,
                    ),
                    now=now,
                )
            await self.store.outbox.wake(tx, page.page_id)

"""Which campaign of a Page is next, and with which texts?

The running campaigns share what the pace leaves by their weights. What is kept here is read again twice a second.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from broadcast.sender import CampaignContent
from domain.ids import CampaignId, PageId
from domain.sharing import Shares
from storage.deliveries import LARGEST_CLAIM, Claim
from storage.lanes import Lease

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

READ_SECONDS = 0.5
ADVANCE_EVERY = 5_000


@dataclass(slots=True, kw_only=True, eq=False)
class Turns:
    """The running campaigns of the Page whose lane is held."""

    lease: Lease
    store: "Store"
    clock: Callable[[], datetime]
    running: Mapping[CampaignId, int] = field(default_factory=dict)
    _read_again: float = 0.0
    _contents: dict[CampaignId, CampaignContent] = field(default_factory=dict)
    _look: int = 0
    _shares: Shares[CampaignId] = field(default_factory=Shares)
    _claimed: int = 0

    @property
    def page_id(self) -> PageId:
        return PageId(self.lease.key)

    def forget(self) -> None:
        """Something changed: read again before the next turn."""
        self._read_again = 0.0

    async def order(self) -> Sequence[CampaignId]:
        """The running campaigns, in the order in which they may claim now."""
        now = asyncio.get_running_loop().time()
        if now >= self._read_again:
            self.running = await self.store.campaigns.running(self.page_id)
            self._read_again = now + READ_SECONDS
        self._shares = self._shares.among(self.running)
        return self._shares.order()

    async def claim(self, campaign_id: CampaignId, room: int) -> Claim:
        """Up to so many of its messages, committed as `sending`."""
        claim = await self.store.deliveries.claim(
            self.lease, campaign_id, limit=room, look=self._look, now=self.clock()
        )
        self._look = LARGEST_CLAIM if claim.skipped > len(claim.deliveries) else 0
        return claim

    async def claimed(self, campaign_id: CampaignId, claim: Claim, room: int) -> None:
        """What was claimed is begun: it counts as the campaign's share, and its cursor follows now and then."""
        had_more = len(claim.deliveries) == room or claim.skipped > 0
        self._shares = self._shares.given(
            campaign_id, len(claim.deliveries), weight=self.running[campaign_id], had_more=had_more
        )
        self._claimed += len(claim.deliveries) + claim.skipped
        if self._claimed >= ADVANCE_EVERY:
            self._claimed = 0
            await self.store.deliveries.advance(self.lease, campaign_id)

    async def read_content(self, campaign_id: CampaignId) -> None:
        """Has the texts of the campaign at hand, for `content`."""
        if campaign_id not in self._contents:
            texts = await self.store.campaigns.texts(self.page_id, campaign_id)
            self._contents[campaign_id] = CampaignContent(campaign_id=campaign_id, texts=texts)

    def content(self, campaign_id: CampaignId) -> CampaignContent:
        return self._contents[campaign_id]

    async def finish(self) -> None:
        """Ends the campaigns of which nothing is open any more."""
        for campaign_id in await self.store.campaigns.finish(self.page_id, now=self.clock()):
            log.info("campaign.finished", extra={"page": self.page_id, "campaign": campaign_id})
            self._contents.pop(campaign_id, None)
            self.forget()

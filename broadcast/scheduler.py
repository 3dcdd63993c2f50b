"""Which scheduled campaigns of a Page begin now, and which come too late to begin by themselves?

Its audience is frozen when it begins, not when it was scheduled. One that is much too late (everything stood still, the
Page was paused) is paused with cause `start_missed`: whether it is still worth sending is for a person to say. One that
the platform's rules do not allow by then is paused with cause `lane_refused`.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from broadcast.planner import Planner
from domain.campaign import Campaign, CampaignState
from domain.ids import PageId
from domain.lanes import PACK, Pack, refusal_of_campaign
from domain.schedule import is_missed
from storage.campaigns import CampaignMoved

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    store: "Store"
    policy: Pack = PACK

    async def begin_due(self, page_id: PageId, *, now: datetime) -> bool:
        """Begins or pauses what is due; whether anything runs now that did not. Any number may do this at once."""
        begun = False
        for campaign in await self.store.campaigns.due(page_id, now=now):
            try:
                begun = await self._begin(campaign, now) or begun
            except CampaignMoved:
                # Somebody else began it, or an operator was faster.
                continue
        return begun

    async def _begin(self, campaign: Campaign, now: datetime) -> bool:
        campaigns, page_id, number = self.store.campaigns, campaign.page_id, campaign.campaign_id
        names = {"page": page_id, "campaign": number}
        if campaign.start_at is None or is_missed(campaign.start_at, now):
            await campaigns.step(
                page_id, number, CampaignState.PAUSED, now=now, only_from=CampaignState.SCHEDULED, cause="start_missed"
            )
            log.warning("campaign.start_missed", extra=names)
            return False
        page = await self.store.pages.get(page_id)
        if page is None or page.state != "connected":
            return False
        if refusal_of_campaign(page.region, now, self.policy) is not None:
            await campaigns.step(
                page_id, number, CampaignState.PAUSED, now=now, only_from=CampaignState.SCHEDULED, cause="lane_refused"
            )
            log.warning("campaign.lane_refused", extra=names)
            return False
        planner = Planner(campaigns=campaigns, deliveries=self.store.deliveries)
        async with self.store.database.transaction() as tx:
            people = await planner.start(tx, page_id, number, now=now, only_from=CampaignState.SCHEDULED)
        log.info("campaign.started", extra={**names, "people": people})
        return True

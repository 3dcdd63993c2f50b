"""How does an audience become deliveries?

In the transaction that starts the campaign everybody whom its filter chooses gets a row: queued, waiting for their
window, or refused with the reason. From then on the audience is fixed; permission is asked again at each send.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.campaign import CampaignState
from domain.ids import CampaignId, PageId

if TYPE_CHECKING:
    from storage.campaigns import CampaignStore
    from storage.database import Transaction
    from storage.deliveries import DeliveryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    campaigns: "CampaignStore"
    deliveries: "DeliveryStore"

    async def start(
        self,
        tx: "Transaction",
        page_id: PageId,
        campaign_id: CampaignId,
        *,
        now: datetime,
        only_from: CampaignState | None = None,
    ) -> int:
        """The campaign runs once this is committed, with its whole audience written down; how many people.

        Raises CampaignMoved when it has begun already: of two starts at once one freezes the audience.
        """
        await self.campaigns.move(
            tx, page_id, campaign_id, CampaignState.RUNNING, now=now, only_from=only_from, begun=False
        )
        people = await self.deliveries.freeze(tx, page_id, campaign_id, now=now)
        await self.campaigns.set_audience_size(tx, page_id, campaign_id, people)
        return people

"""When is it the message itself that the platform refuses?

A message that is refused as wrong again and again is wrong for everybody: its campaign pauses before the rest of the
audience is lost to it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from broadcast.failures import Consequence
from domain.campaign import CampaignState
from domain.delivery import Declined
from domain.ids import CampaignId, PageId
from messenger.errors import FailureKind, SendFailure
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

IN_A_ROW = 10


@dataclass(slots=True, kw_only=True, eq=False)
class Refusals:
    """Counts a Page's refused messages by campaign; one that is accepted begins the count anew."""

    page_id: PageId
    store: "Store"
    clock: Callable[[], datetime]
    _counts: dict[CampaignId, int] = field(default_factory=dict)

    def forget(self, campaign_id: CampaignId) -> None:
        """A message of the campaign was accepted."""
        self._counts.pop(campaign_id, None)

    async def count(self, campaign_id: CampaignId, failure: SendFailure, consequence: Consequence) -> None:
        """One failure more; pauses the campaign when it is the last of too many in a row."""
        if failure.kind is not FailureKind.BAD_REQUEST or not isinstance(consequence.outcome, Declined):
            return
        self._counts[campaign_id] = self._counts.get(campaign_id, 0) + 1
        if self._counts[campaign_id] != IN_A_ROW:
            return
        try:
            async with self.store.database.transaction() as tx:
                await self.store.campaigns.move(
                    tx,
                    self.page_id,
                    campaign_id,
                    CampaignState.PAUSED,
                    now=self.clock(),
                    cause=failure.kind.value,
                )
        except StorageError as error:
            log.warning("campaign.pause_failed", extra={"page": self.page_id, "error": error.code})

"""When does a campaign stop because of how its messages end?

What says something about one person only, or stops the whole Page, is not counted. A message whose fate is unknown is:
otherwise a whole audience could become unknown.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from broadcast.failures import Consequence
from domain.breaker import Breaker, Fault
from domain.campaign import CampaignState
from domain.delivery import Declined, Unsure
from domain.ids import CampaignId, PageId
from domain.pauses import ERRORS_RISING
from messenger.errors import FailureKind, SendFailure
from storage.campaigns import CampaignMoved
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

_ABOUT_ONE_PERSON: Final = frozenset(
    {
        FailureKind.WINDOW_CLOSED,
        FailureKind.THREAD_CONTROLLED_ELSEWHERE,
        FailureKind.PERSON_LIMITED,
        FailureKind.OPTED_OUT,
        FailureKind.TOO_SOON,
        FailureKind.REPLY_NOT_POSSIBLE,
        FailureKind.REGION_LIMITED,
    }
)


@dataclass(slots=True, kw_only=True, eq=False)
class Breakers:
    """The newest outcomes of each campaign of a Page, since its lane was gained or the campaign was stopped."""

    page_id: PageId
    store: "Store"
    clock: Callable[[], datetime]
    _breakers: dict[CampaignId, Breaker] = field(default_factory=dict)

    def went_well(self, campaign_id: CampaignId) -> None:
        """A message of the campaign was accepted."""
        self._breakers[campaign_id] = self._of(campaign_id).after(None)

    async def failed(self, campaign_id: CampaignId, failure: SendFailure, consequence: Consequence) -> None:
        """One failure more; pauses the campaign when its error has become the rule."""
        if failure.kind in _ABOUT_ONE_PERSON or not isinstance(consequence.outcome, Declined | Unsure):
            return
        after = self._of(campaign_id).after(Fault(failure.code, failure.subcode))
        self._breakers[campaign_id] = after
        if (fault := after.tripped_by) is None:
            return
        # Emptied before the database is asked: others that fail meanwhile belong to the same stop.
        del self._breakers[campaign_id]
        try:
            await self._pause(campaign_id, fault)
        except CampaignMoved:
            return
        except StorageError as error:
            self._breakers[campaign_id] = after
            log.warning("campaign.pause_failed", extra={"page": self.page_id, "error": error.code})

    async def _pause(self, campaign_id: CampaignId, fault: Fault) -> None:
        async with self.store.database.transaction() as tx:
            await self.store.campaigns.move(
                tx,
                self.page_id,
                campaign_id,
                CampaignState.PAUSED,
                now=self.clock(),
                cause=f"{ERRORS_RISING}:{fault}",
            )
        log.error(
            "campaign.paused",
            extra={
                "page": self.page_id,
                "campaign": campaign_id,
                "cause": ERRORS_RISING,
                "code": fault.code,
                "subcode": fault.subcode,
            },
        )

    def _of(self, campaign_id: CampaignId) -> Breaker:
        return self._breakers.get(campaign_id, Breaker())

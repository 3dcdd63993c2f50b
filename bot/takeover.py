"""When a human writes in the thread, how does the bot keep still?

A message that was sent to the person and that is not ours came from a human in the Page inbox or from another app:
the bot falls silent in that thread for the Page's takeover time. Stop words and data requests count all the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.lead import Lead
from domain.page import Page
from messenger.events import EchoSeen, ThreadControlPassed, ThreadControlTaken
from storage.database import Transaction
from storage.store import Store

METADATA_PREFIX = "assent1."


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """Silences the bot and gives the thread back; `app_id` is our own on the platform, None when not set."""

    store: Store
    app_id: str | None

    def is_human(self, echo: EchoSeen) -> bool:
        """Whether somebody else than this program sent the message."""
        if (echo.metadata or "").startswith(METADATA_PREFIX):
            return False
        return self.app_id is None or echo.app_id != self.app_id

    async def human_wrote(self, tx: Transaction, page: Page, lead: Lead, at: datetime) -> None:
        """Keeps the bot still from the human's message on; an older message never shortens it."""
        until = at + timedelta(hours=page.takeover_hours)
        if lead.human_until is None or lead.human_until < until:
            await self.store.leads.silence(tx, lead, until)

    async def control_moved(
        self, tx: Transaction, page: Page, lead: Lead, event: ThreadControlPassed | ThreadControlTaken, at: datetime
    ) -> None:
        """Another owner of the thread silences the bot; getting it back ends the silence."""
        if event.new_app_id is None or event.new_app_id == self.app_id:
            await self.store.leads.silence(tx, lead, None)
        else:
            await self.human_wrote(tx, page, lead, at)

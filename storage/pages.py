"""Which Pages are connected, and with which settings?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.ids import PageId
from domain.page import MarketingBasis, Page
from domain.personal import Pii
from storage.errors import boundary
from storage.keys import Keys
from storage.labels import Label
from storage.tables import PageRow

_SETTINGS = (
    "name",
    "region",
    "language",
    "time_zone",
    "controller_name",
    "controller_contact",
    "dpo_contact",
    "marketing_basis",
    "minimum_age",
    "pace",
    "takeover_hours",
    "use_first_name",
    "frequency_hours",
    "quiet_from",
    "quiet_until",
    "consent_from_notice",
)


@dataclass(frozen=True, slots=True)
class PageStore:
    keys: Keys

    async def get(self, page_id: PageId) -> Page | None:
        """The Page, its token opened; None when it is not connected here."""
        with boundary():
            row = await PageRow.get_or_none(page_id=page_id)
        return None if row is None else self._page(row)

    async def all(self) -> list[Page]:
        """Every connected Page, by id."""
        with boundary():
            rows = await PageRow.all().order_by("page_id")
        return [self._page(row) for row in rows]

    async def put(self, page: Page) -> None:
        """Connects the Page or replaces its settings and token."""
        fields = {name: getattr(page, name) for name in _SETTINGS}
        fields["marketing_basis"] = page.marketing_basis.value
        token = page.token.reveal("seal the token").encode()
        with boundary():
            await PageRow.update_or_create(
                page_id=page.page_id,
                defaults={
                    **fields,
                    "state": page.state,
                    "paused_cause": page.paused_cause,
                    "resume_after": page.resume_after,
                    "token_sealed": self.keys.system.seal(Label.PAGE_TOKEN, page.page_id.encode(), token),
                    "connected_at": page.connected_at,
                },
            )

    async def pause(self, page_id: PageId, cause: str, resume_after: datetime | None = None) -> bool:
        """Stops all campaigns of the Page until `resume`; the first cause stays. Whether this call stopped them."""
        with boundary():
            paused = await PageRow.filter(page_id=page_id, state="connected").update(
                state="paused", paused_cause=cause, resume_after=resume_after
            )
        return paused > 0

    async def lift(self, page_id: PageId, causes: Sequence[str], instead: str) -> bool:
        """Notes that what paused the Page is over, if it was one of these causes; it stays paused."""
        with boundary():
            lifted = await PageRow.filter(page_id=page_id, state="paused", paused_cause__in=list(causes)).update(
                paused_cause=instead, resume_after=None
            )
        return lifted > 0

    async def resume(self, page_id: PageId) -> None:
        """Lets the Page's campaigns go on."""
        with boundary():
            await PageRow.filter(page_id=page_id).update(state="connected", paused_cause=None, resume_after=None)

    def _page(self, row: PageRow) -> Page:
        token = self.keys.system.open(Label.PAGE_TOKEN, row.page_id.encode(), bytes(row.token_sealed))
        settings = {name: getattr(row, name) for name in _SETTINGS}
        settings["marketing_basis"] = MarketingBasis(row.marketing_basis)
        return Page(
            page_id=PageId(row.page_id),
            state=row.state,
            paused_cause=row.paused_cause,
            resume_after=row.resume_after,
            token=Pii(token.decode()),
            connected_at=row.connected_at,
            **settings,
        )

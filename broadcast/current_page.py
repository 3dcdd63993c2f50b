"""What is known of the Page whose messages leave, and when does the platform's answer pause it?

A Page is read again every few seconds, so that a new token, pace or pause is obeyed without asking before each call.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime

from broadcast.pacer import Pacer
from domain.ids import PageId
from domain.page import Page
from storage.errors import StorageError
from storage.pages import PageStore

log = logging.getLogger(__name__)

_FRESH_SECONDS = 5.0


class PageGone(StorageError):
    """The Page was disconnected while its lane was worked."""

    code = "broadcast.page_gone"

    def __init__(self, page_id: PageId) -> None:
        super().__init__(f"Page {page_id} is not connected any more; its lane is given back within seconds")


@dataclass(slots=True, kw_only=True, eq=False)
class CurrentPage:
    """The Page as it was read last; its pace goes to `pacer` each time."""

    page_id: PageId
    pages: PageStore
    pacer: Pacer
    _page: Page | None = None
    _until: float = 0.0
    _pausing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def known(self) -> bool:
        """False until it was read for the first time."""
        return self._page is not None

    @property
    def last_read(self) -> Page:
        """The Page as the calls under way use it."""
        assert self._page is not None, "a Page is read before its first call"
        return self._page

    async def fresh(self) -> Page:
        """The Page as it was seconds ago at most."""
        if self._page is None or asyncio.get_running_loop().time() >= self._until:
            return await self.read()
        return self._page

    async def read(self) -> Page:
        """The Page as it is now."""
        found = await self.pages.get(self.page_id)
        if found is None:
            raise PageGone(self.page_id)
        self._page = found
        self.pacer.set_pace(found.pace)
        # A paused Page may come back with another token at any moment: then it is read again before the next call.
        fresh = _FRESH_SECONDS if found.state == "connected" else 0.0
        self._until = asyncio.get_running_loop().time() + fresh
        return found

    async def pause(self, used: Page, cause: str, resume_after: datetime | None = None) -> None:
        """Pauses the Page, unless it was connected anew while the call that used `used` was under way."""
        try:
            async with self._pausing:
                page = await self.read()
                if page.token == used.token and page.state == "connected":
                    await self.pages.pause(self.page_id, cause, resume_after)
                    log.error("page.paused", extra={"page": self.page_id, "cause": cause})
                    await self.read()
        except StorageError as error:
            log.warning("page.pause_failed", extra={"page": self.page_id, "error": error.code})

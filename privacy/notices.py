"""Which privacy notice is in force, and how does a Page get its first one?"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.notice import Notice
from domain.page import Page
from storage.database import Transaction
from storage.errors import RowMissing
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Published notices; `write_default` gives the default text of a Page in each language."""

    store: Store
    write_default: Callable[[Page], Mapping[str, str]]

    async def in_force(self, tx: Transaction, page: Page, language: str, now: datetime) -> Notice:
        """The notice that holds now; a Page without any gets the default notice as version 1."""
        found = await self.store.notices.current(tx, page.page_id, language)
        if found is None:
            bodies = await asyncio.to_thread(self.write_default, page)
            await self.store.notices.publish(tx, page.page_id, bodies, now=now)
            found = await self.store.notices.current(tx, page.page_id, language)
        if found is None:
            raise RowMissing("a notice that was just published")
        return found

    async def publish(self, page: Page, bodies: Mapping[str, str], now: datetime, *, renews: bool = False) -> int:
        """Publishes the next version in these languages and returns its number; nothing published is ever edited.

        With `renews`, a yes under an earlier version permits nothing from then on.
        """
        async with self.store.database.transaction() as tx:
            return await self.store.notices.publish(tx, page.page_id, bodies, now=now, renews=renews)

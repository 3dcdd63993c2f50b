"""What does an authority need to know of the log, beside the checkpoint it gets?

Where the authority stood last, the way from there to here, and the log's keys while it has not heard of them.
"""

from dataclasses import dataclass

from domain.proof.merkle import consistency_coordinates, consistency_path
from domain.proof.record_sections import AnchorMethod
from storage.log import LogHead
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGrowth:
    """Reads the log and the anchors that are kept of it."""

    store: Store

    async def known_size(self, method: AnchorMethod, authority: str, origin: str) -> int:
        """The size of the newest anchor that is kept of this authority; 0 when there is none."""
        head = await self._head(origin)
        if head is None:
            return 0
        async with self.store.database.connection() as connection:
            newest = await self.store.anchors.newest(connection, head.log_id)
        return max((a.size for a in newest if (a.method, a.authority) == (method, authority)), default=0)

    async def path(self, origin: str, old: int, new: int) -> tuple[bytes, ...]:
        """The consistency path between two sizes of the log, from its tiles."""
        head = await self._head(origin)
        if head is None or old == 0:
            return ()
        async with self.store.database.transaction() as tx:
            read = await self.store.log.reader(tx, head.log_id, new, consistency_coordinates(old, new))
        return consistency_path(old, new, read)

    async def unsent_keys(self, method: AnchorMethod, authority: str, origin: str) -> tuple[str, ...]:
        """The verifier keys of the log that this authority did not get with an anchor before."""
        head = await self._head(origin)
        if head is None:
            return ()
        known = await self.known_size(method, authority, origin)
        async with self.store.database.connection() as connection:
            keys = await self.store.log.keys.of_log(connection, head.log_id)
        return tuple(key.vkey for key in keys if not known or key.from_size >= known)

    async def _head(self, origin: str) -> LogHead | None:
        async with self.store.database.connection() as connection:
            heads = await self.store.log.heads(connection)
        return next((head for head in heads if head.origin == origin), None)

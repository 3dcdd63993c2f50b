"""When does a process look whether checkpoints have to leave the house?

The one that sequences the log does, every few seconds. It is a loop of its own: an authority that takes its time keeps
no entry waiting for its index.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from privacy.anchors.duty import Anchoring
from storage.errors import StorageError

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLoop:
    """Looks for as long as `holds` says that this process works the log."""

    anchoring: Anchoring
    holds: Callable[[], bool]

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            try:
                if self.holds():
                    await self.anchoring.step()
            except StorageError as error:
                log.warning("anchoring.interrupted", extra={"error": error.code})
            await asyncio.sleep(LOOK_SECONDS)

"""Who gives the log its order in this process, and what happens when it must stand still?

The owner of the log lane. A log that does not fit what was signed waits, loudly, until an operator has decided; people
are answered meanwhile, and what they do is kept for the log.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from privacy.checkpoints import Sequencer
from privacy.log_guard import RollbackFound
from privacy.log_signing import LogKeyLost
from storage.errors import StorageError
from storage.lanes import Lease
from storage.log_tiles import LogDamaged

log = logging.getLogger(__name__)

SEQUENCE_SECONDS = 0.25
STANDSTILL_SECONDS = 30.0


@dataclass(slots=True, kw_only=True, eq=False)
class LogLane:
    """Runs the sequencer for as long as this process holds the lane."""

    sequencer: Sequencer
    _lease: Lease | None = None
    _working: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def held(self) -> bool:
        """Whether this process works the log now."""
        return self._lease is not None

    async def gained(self, lease: Lease) -> None:
        """Works the log from the next turn on."""
        self._lease = lease

    async def lost(self, lease: Lease) -> None:
        """Returns when no step is under way any more."""
        self._lease = None
        async with self._working:
            return

    async def run(self) -> None:
        """Turns until it is cancelled."""
        while True:
            pause = await self._turn()
            await asyncio.sleep(pause)

    async def _turn(self) -> float:
        """Everything that waits; seconds until the next look."""
        try:
            async with self._working:
                while self._lease is not None and await self.sequencer.step(self._lease):
                    pass
        except RollbackFound as error:
            fields = {"state": error.difference.value, "log": error.log_id, "size": error.size}
            log.error("log.rollback_found", extra={**fields, "outside": error.outside})
            return STANDSTILL_SECONDS
        except (LogDamaged, LogKeyLost) as error:
            log.error("log.stopped", extra={"error": error.code})
            return STANDSTILL_SECONDS
        except StorageError as error:
            log.warning("log.sequencing_failed", extra={"error": error.code})
        return SEQUENCE_SECONDS

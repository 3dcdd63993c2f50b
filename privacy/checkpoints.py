"""How does the log get its order and its signed heads?

One `step` gives waiting commitments their indexes and signs the new head, in two transactions: what is signed is
stored first. One process at a time does it (the log lane); the lock on the log's row holds even if two believe so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.keys import KeyType, Signer
from storage.installation import LOG_KEY
from storage.log import LogHead, StoredCheckpoint
from storage.store import Store

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequencer:
    """Works the log of the current calendar year of this installation."""

    store: Store
    host: str
    clock: Callable[[], datetime]

    async def step(self) -> int:
        """How many entries got an index and a signed checkpoint; 0 when none was waiting."""
        now = self.clock()
        head = await self._head(now)
        async with self.store.database.transaction() as tx:
            grown = await self.store.log.sequence(tx, head.log_id, limit=BATCH, now=now)
        await self._sign_all()
        return 0 if grown is None else grown.size - head.size

    async def catch_up(self) -> None:
        """Returns when no entry waits any more and the newest head is signed."""
        while await self.step():
            pass

    def origin(self, year: int) -> str:
        """The name of the log of a year, which is also the name of its key: host, installation, year."""
        return f"{self.host}/assent/{self.store.keys.ring.install_id.hex[:12]}/{year}"

    async def _head(self, now: datetime) -> LogHead:
        async with self.store.database.transaction() as tx:
            found = await self.store.log.head(tx, now.year)
            if found is not None:
                return found
            origin = self.origin(now.year)
            vkey = self._signer(origin).verifier.vkey
            return await self.store.log.open_log(tx, log_id=now.year, origin=origin, vkey=vkey, now=now)

    async def _sign_all(self) -> None:
        """Signs every newest head that is not signed yet, also one that a crash left in the log of an earlier year."""
        async with self.store.database.connection() as connection:
            heads = await self.store.log.heads(connection)
        for head in heads:
            await self._sign(head)

    async def _sign(self, head: LogHead) -> None:
        async with self.store.database.transaction() as tx:
            unsigned = await self.store.log.unsigned(tx, head.log_id)
            if unsigned is not None:
                await self.store.log.sign(tx, unsigned, self._note(head, unsigned))

    def _note(self, head: LogHead, stored: StoredCheckpoint) -> str:
        checkpoint = Checkpoint(origin=head.origin, size=stored.size, root=stored.root)
        return sign_checkpoint(checkpoint, self._signer(head.origin)).decode()

    def _signer(self, origin: str) -> Signer:
        return Signer(name=origin, key_type=KeyType.ED25519, seed=self.store.keys.ring.log_seed(LOG_KEY))

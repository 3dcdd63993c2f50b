"""Do this database and this key ring belong together, and who made them?

Asked at every start, before anything is written. A new key ring is made only for a database that has sealed nothing;
two processes that start at once agree on one, because they ask one after the other.
"""

from collections.abc import Callable
from datetime import datetime

from domain.proof.log import FIRST_SEED, newest_seed
from storage.database import Database
from storage.keycheck import check_ring
from storage.keyproviders import open_ring
from storage.keyring import KeyProvider, RingHolder
from storage.keys import Keys
from storage.sealing import KEY_BYTES

LOG_KEY = FIRST_SEED
_LOCK = 0x417373656E74 + 1


async def open_keys(
    database: Database, provider: KeyProvider, *, random_bytes: Callable[[int], bytes], now: datetime
) -> Keys:
    """The keys of this installation, made at its first start; raises KeyRingError and writes nothing if they do
    not fit the database.
    """
    async with database.transaction() as tx:
        await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
        install_id = await tx.fetchval("select install_id from installation")
        checks = {row["kid"]: row["check_value"] for row in await tx.fetch("select kid, check_value from key_check")}
        holder = await open_ring(provider, checks=checks, install_id=install_id, random_bytes=random_bytes, now=now)
        if not await tx.fetchval("select exists (select from log)"):
            # Later a seed that is gone is a lost key: another one in its place would go unnoticed.
            await _with_log_key(holder, random_bytes)
        if install_id is None:
            await tx.execute(
                "insert into installation (install_id, created_at) values ($1, $2)", holder.ring.install_id, now
            )
        for kid, value in check_ring(holder.ring, checks, install_id).items():
            await tx.execute("insert into key_check (kid, check_value) values ($1, $2)", kid, value)
    return Keys(holder)


async def _with_log_key(holder: RingHolder, random_bytes: Callable[[int], bytes]) -> None:
    if newest_seed(holder.ring.log_seeds) is None:
        seed = random_bytes(KEY_BYTES)
        await holder.change(lambda ring: ring if LOG_KEY in ring.log_seeds else ring.with_log_seed(LOG_KEY, seed))


async def free_lanes(database: Database) -> None:
    """Gives up every lane. Only for the process that has just started the database server itself: whoever held a
    lane before lost its connection with the old server, and the next epoch fences what may be left of it.
    """
    async with database.connection() as connection:
        await connection.execute("update lane set owner = null, until = '-infinity'")

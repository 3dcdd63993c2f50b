"""Which keys have signed a log, and which one does now?

Only public keys and the names of their seeds; the seeds are in the key ring, outside the database.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.proof.log import LogKey

if TYPE_CHECKING:
    from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class LogKeyStore:
    async def of_log(self, tx: "Transaction", log_id: int) -> list[LogKey]:
        """Every key of this log, the first one first; the last one signs now."""
        rows = await tx.fetch(
            "select vkey, seed_name, from_size, until from log_key where log_id = $1 order by from_size, until", log_id
        )
        return [LogKey(**row) for row in rows]

    async def seed_names(self, tx: "Transaction") -> set[str]:
        """The names of all seeds that ever signed a log here, whether the key ring still has them or not."""
        return {row["seed_name"] for row in await tx.fetch("select distinct seed_name from log_key")}

    async def add(self, tx: "Transaction", log_id: int, key: LogKey) -> None:
        """Raises Conflict while another key of this log signs."""
        await tx.execute(
            "insert into log_key (log_id, vkey, seed_name, from_size, until) values ($1, $2, $3, $4, $5)",
            log_id,
            key.vkey,
            key.seed_name,
            key.from_size,
            key.until,
        )

    async def retire(self, tx: "Transaction", log_id: int, vkey: str, *, until: datetime) -> bool:
        """Lets the key sign beside its follower until then; False when it was not the one that signs."""
        retired = await tx.fetchval(
            "update log_key set until = $3 where log_id = $1 and vkey = $2 and until is null returning true",
            log_id,
            vkey,
            until,
        )
        return bool(retired)

"""Which keys does this process work with right now?

`Keys` holds the key ring of the installation (kept outside the database) and opens the wrapped keys that the database
keeps: one per lead, one per day for what waits in inbox and outbox. Day keys are remembered for their day; keys of
people never are: a remembered key would outlive an erasure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from domain.ids import LeadId, PageId, Psid
from domain.personal import Pii
from storage.keyring import KeyMissing, KeyRing, RingHolder
from storage.sealing import (
    SUPPRESSION_KIND,
    TOMBSTONE_KIND,
    DataKey,
    IndexKey,
    WrappedKey,
    derive,
    inbox_day,
    person_handle,
)

if TYPE_CHECKING:
    from storage.database import Transaction

_KEEP_DAYS = 4
_PUT_DAY = """
insert into day_key (day, kid, wrapped, commitment) values ($1, $2, $3, $4) on conflict do nothing
"""


@dataclass(slots=True)
class Keys:
    """One per process. A ring that another process rotated is taken over by `refresh`, called every few seconds."""

    holder: RingHolder
    _days: dict[date, DataKey] = field(default_factory=dict, repr=False)
    _index: IndexKey | None = field(default=None, repr=False)
    _system: DataKey | None = field(default=None, repr=False)
    _suppression: bytes | None = field(default=None, repr=False)

    @property
    def ring(self) -> KeyRing:
        """All keys of the installation as they are known now."""
        return self.holder.ring

    @property
    def index(self) -> IndexKey:
        """The key of the look-up hashes."""
        if self._index is None:
            self._index = self.ring.index_key()
        return self._index

    @property
    def system(self) -> DataKey:
        """Seals what belongs to the installation, not to a person."""
        if self._system is None:
            self._system = self.ring.system_key()
        return self._system

    def link_keys(self) -> Mapping[int, bytes]:
        """Every key under which a link may still have been made, by its id."""
        return {key.kid: key.secret for key in self.ring.links}

    async def refresh(self) -> None:
        """Takes over a ring that another process has rotated."""
        if await self.holder.reload_if_changed():
            self._index = self._system = self._suppression = None

    def handle(self, page_id: PageId, psid: Pii[Psid]) -> bytes:
        """What a suppression of this person is kept under; 32 bytes."""
        # Derived once: every event and every send asks.
        if self._suppression is None:
            self._suppression = derive(self.ring.suppression_key, SUPPRESSION_KIND)
        return person_handle(self._suppression, page_id, psid.reveal("make the suppression handle"))

    def tombstone(self, page_id: PageId, psid: Pii[Psid]) -> bytes:
        """What an erasure of this person is kept under; 32 bytes."""
        key = derive(self.ring.suppression_key, TOMBSTONE_KIND)
        return person_handle(key, page_id, psid.reveal("make the tombstone handle"))

    def new_lead_key(self, lead_id: LeadId) -> tuple[DataKey, WrappedKey]:
        """A fresh key for a lead, and how its row stores it."""
        key = DataKey.generate(lead_id)
        return key, self.ring.wrap(key)

    def open_lead_key(self, lead_id: LeadId, kid: int, wrapped: bytes, commitment: bytes) -> DataKey:
        """The lead's key for this one use; raises KeyMissing or KeyRefused."""
        return self.ring.unwrap(lead_id, WrappedKey(kid=kid, wrapped=wrapped, commitment=commitment))

    async def day_key(self, tx: "Transaction", day: date) -> DataKey:
        """The key of this day's inbox and outbox rows, made by whoever needs it first."""
        found = self._days.get(day)
        if found is None:
            found = await self._open_day(tx, day) or await self._make_day(tx, day)
            for old in sorted(self._days)[:-_KEEP_DAYS]:
                del self._days[old]
        return found

    async def _make_day(self, tx: "Transaction", day: date) -> DataKey:
        wrapped = self.ring.wrap(DataKey.generate(inbox_day(day)))
        await tx.execute(_PUT_DAY, day, wrapped.kid, wrapped.wrapped, wrapped.commitment)
        # Read back: another process may have been first. Not remembered until seen, for this transaction may fail.
        key = await self._read_day(tx, day)
        if key is None:
            raise KeyMissing("day", day)
        return key

    async def _open_day(self, tx: "Transaction", day: date) -> DataKey | None:
        key = await self._read_day(tx, day)
        if key is not None:
            self._days[day] = key
        return key

    async def _read_day(self, tx: "Transaction", day: date) -> DataKey | None:
        row = await tx.fetchrow("select kid, wrapped, commitment from day_key where day = $1", day)
        if row is None:
            return None
        stored = WrappedKey(kid=row["kid"], wrapped=row["wrapped"], commitment=row["commitment"])
        try:
            return self.ring.unwrap(inbox_day(day), stored)
        except KeyMissing:
            await self.refresh()
            return self.ring.unwrap(inbox_day(day), stored)

"""Whom do the entries of the catalog work on: a person who can be read, or what is left of one who was erased?"""

from dataclasses import dataclass
from datetime import datetime

from domain.ids import LeadId, PageId
from domain.lead import Lead
from domain.page import Page
from storage.database import Transaction
from storage.person_rows import PersonRows
from storage.sealing import DataKey
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A person while they can be read: what exports and the first transaction of an erasure work on."""

    tx: Transaction
    store: Store
    page: Page
    lead: Lead
    key: DataKey
    languages: frozenset[str]

    @property
    def rows(self) -> PersonRows:
        return PersonRows(self.store.keys)

    @property
    def names(self) -> tuple[PageId, LeadId]:
        return self.lead.page_id, self.lead.lead_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """An erased person whose key is gone: what a sweep works on. `person` is a keyed hash, known until it is done."""

    tx: Transaction
    store: Store
    page_id: PageId
    lead_id: LeadId
    person: bytes
    erased_at: datetime

    @property
    def rows(self) -> PersonRows:
        return PersonRows(self.store.keys)

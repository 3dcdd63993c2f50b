"""How do people whose consent is claimed from elsewhere become known, without anything being permitted by it?

Each becomes a lead without a window, with a record of the claim. A stop that stands goes on standing, an erased person
is not taken in again, and the same claim is written down once, however often a file comes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.imports import ClaimLine, Fault, FaultKind
from domain.lead import Lead, LeadProfile
from domain.page import Page
from domain.proof.record_json import decode
from domain.proof.record_sections import ImportClaim, RecordKind, TimeUnit
from privacy.ledger import Evidence, Ledger
from storage.database import Transaction
from storage.errors import RowMissing
from storage.person_rows import PersonRows
from storage.store import Store

BATCH = 200
"""Claims written in one transaction; what was written before a break is recognised by the next run."""


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did: people who were not known, claims written, claims that were there already, lines left out."""

    people: int = 0
    claims: int = 0
    repeated: int = 0
    refused: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """Takes in claims that were read without a fault."""

    store: Store
    ledger: Ledger
    clock: Callable[[], datetime]

    async def faults(self, page: Page, claims: Sequence[ClaimLine]) -> list[Fault]:
        """The lines whose person may not be taken in."""
        found: list[Fault] = []
        for batch in _batches(claims):
            async with self.store.database.transaction() as tx:
                found += [Fault(line=one.line, kind=FaultKind.ERASED) for one in await self._erased(tx, page, batch)]
        return found

    async def take(self, page: Page, source: str, claims: Sequence[ClaimLine]) -> Imported:
        """Writes the claims; lines of people who were erased meanwhile are left out and named."""
        done = Imported()
        for batch in _batches(claims):
            async with self.store.database.transaction() as tx:
                for claim in batch:
                    await self._take(tx, page, source, claim, done)
        return done

    async def _take(self, tx: Transaction, page: Page, source: str, line: ClaimLine, done: Imported) -> None:
        now, new = self.clock(), False
        # Waits for whoever holds the person's row; an erasure lets go of it when its mark is there to be seen.
        lead = await self.store.leads.find(tx, page.page_id, line.psid)
        if lead is None:
            profile = LeadProfile(psid=line.psid, imported=True)
            lead, new = await self.store.leads.add(tx, page.page_id, profile, now=now)
        if new and await self._erased(tx, page, [line]):
            await PersonRows(self.store.keys).destroy(tx, page.page_id, lead.lead_id)
            done.refused.append(Fault(line=line.line, kind=FaultKind.ERASED))
            return
        claim = ImportClaim(source=source, claimed_at=line.claimed_at, statement=line.statement)
        if not new and await self._is_known(tx, lead, claim, line):
            done.repeated += 1
            return
        evidence = Evidence(at=now, event_time=None, unit=TimeUnit.MISSING, envelope_time=None, received_at=now)
        await self.ledger.record_import_claim(tx, page, lead, claim, line.topics, evidence)
        done.people += new
        done.claims += 1

    async def _is_known(self, tx: Transaction, lead: Lead, claim: ImportClaim, line: ClaimLine) -> bool:
        key = await self.store.leads.key_of(tx, lead.page_id, lead.lead_id)
        if key is None:
            raise RowMissing("the key of a lead that is locked")
        for record in await self.store.consents.of_lead(tx, key, lead.page_id, lead.lead_id):
            if record.kind == RecordKind.IMPORT_CLAIM:
                said = decode(record.record)
                if (said.claim, said.topics) == (claim, line.topics):
                    return True
        return False

    async def _erased(self, tx: Transaction, page: Page, lines: Sequence[ClaimLine]) -> list[ClaimLine]:
        marks = await PersonRows(self.store.keys).erased_among(tx, page.page_id, [line.psid for line in lines])
        return [line for line, erased in zip(lines, marks, strict=True) if erased]


def _batches(claims: Sequence[ClaimLine]) -> Iterator[Sequence[ClaimLine]]:
    for at in range(0, len(claims), BATCH):
        yield claims[at : at + BATCH]

"""How does what a person did become a record that can be proven?

Every method works inside the caller's transaction and writes the sealed record, its pending log entry and the state
it leads to together. A conversation start, a yes, a no and a withdrawal are different acts and never stand for one
another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.consent import DEFAULT_TOPIC, ConsentAct, TopicConsent
from domain.ids import Mid, Topic
from domain.lead import Lead
from domain.notice import Notice, ShownText
from domain.page import MarketingBasis, Page
from domain.proof.entry import (
    NAME,
    NONCE_BYTES,
    PRINCIPAL,
    commit,
    commit_name,
    commit_principal,
    commit_raw,
    leaf_hash,
)
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode
from domain.proof.record_sections import (
    Consent,
    Controller,
    EntryPoint,
    ImportClaim,
    PrivacyNotice,
    RawCovers,
    RawEvent,
    Receipt,
    RecordKind,
    TimeUnit,
)
from domain.tokens import RECEIPT_CODE_BYTES, receipt_code
from storage.consents import ConsentRecord
from storage.database import Transaction
from storage.errors import RowMissing
from storage.sealing import DataKey
from storage.store import Store

ANSWERING = ("dpv:CommunicationForCustomerCare",)
MARKETING = ("dpv:DirectMarketing",)
PERSONAL_DATA = ("page-scoped id", "first name", "act and time", "words of the act")
RECIPIENTS = ("Meta Platforms",)
WITHDRAWAL = ("stop word in the chat", "stop button", "link in every campaign message")
STORAGE = ("database of the controller, sealed under a key of the person",)
RETENTION = "end of the relation plus 3 years"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPart:
    """What is kept of the platform's delivery of an event."""

    content: bytes = field(repr=False)
    covers: RawCovers
    signature_header: str = field(repr=False)
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a platform event brings along for its record; `at` is when it counts as done, never after its receipt.

    `event_time` is the event's own, None where the platform gave it none.
    """

    at: datetime
    event_time: datetime | None
    unit: TimeUnit
    envelope_time: datetime | None
    envelope_unit: TimeUnit | None = None
    received_at: datetime
    raw: RawPart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A record that was written: its id, and the receipt by which the person can name it."""

    record_id: UUID
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A yes or no to words that were shown; `said` is what the person tapped or typed."""

    topic: Topic
    act: ConsentAct
    shown: ShownText
    notice: Notice
    said: str = field(repr=False)
    way: EntryPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Records acts; `random_bytes` gives nonces and ids."""

    store: Store
    random_bytes: Callable[[int], bytes]

    async def record_start(
        self, tx: Transaction, page: Page, lead: Lead, evidence: Evidence, way: EntryPoint, notice: Notice
    ) -> Recorded:
        """The person wrote first: contact, not marketing. Raises Conflict when their start is recorded already."""
        return await self._write(
            tx,
            RecordKind.CONVERSATION_STARTED,
            page,
            lead,
            evidence,
            entry_point=way,
            privacy_notice=_notice(notice),
            purposes=ANSWERING,
            lawful_basis="eu-gdpr:A6-1-b",
            marketing_basis=page.marketing_basis,
        )

    async def record_choice(
        self, tx: Transaction, page: Page, lead: Lead, evidence: Evidence, choice: Choice
    ) -> tuple[Recorded, bool]:
        """The record of a yes or no, and whether it is now the standing answer (an older act never is).

        A yes that stands lifts an older stop; a yes older than a stop is recorded and changes nothing.
        """
        given = choice.act is ConsentAct.GIVEN
        recorded = await self._write(
            tx,
            RecordKind.CONSENT_GIVEN if given else RecordKind.CONSENT_REFUSED,
            page,
            lead,
            evidence,
            topic=choice.topic,
            entry_point=choice.way,
            privacy_notice=_notice(choice.notice),
            consent=Consent(
                topic=choice.topic,
                text=choice.shown.body,
                text_version=choice.shown.sha256.hex()[:12],
                language=choice.shown.language,
                choice=choice.said,
                minimum_age=page.minimum_age,
            ),
            marketing_basis=MarketingBasis.EXPLICIT,
            purposes=MARKETING,
            lawful_basis="eu-gdpr:A6-1-a" if given else None,
            withdrawal_method=WITHDRAWAL if given else (),
        )
        act = TopicConsent(topic=choice.topic, act=choice.act, event_time=evidence.at)
        stands = await self._settle(tx, lead, act, choice.notice.version, recorded.record_id)
        if stands and given:
            handle = lead.suppression_handle
            stands = await self.store.suppressions.lift(tx, page.page_id, handle, opted_in_at=evidence.at)
        return recorded, stands

    async def record_withdrawal(
        self, tx: Transaction, page: Page, lead: Lead, evidence: Evidence, way: EntryPoint
    ) -> tuple[Recorded, bool]:
        """The end of all marketing to this person, and whether anything was left to end."""
        kind = RecordKind.CONSENT_WITHDRAWN
        recorded = await self._write(tx, kind, page, lead, evidence, entry_point=way, purposes=MARKETING)
        standing = await self.store.consents.topics(tx, lead.page_id, lead.lead_id)
        ended = False
        for topic in {DEFAULT_TOPIC, *standing}:
            act = TopicConsent(topic=topic, act=ConsentAct.WITHDRAWN, event_time=evidence.at)
            before = standing.get(topic)
            moved = await self._settle(tx, lead, act, None, recorded.record_id)
            ended |= moved and (before is None or before.act is not ConsentAct.WITHDRAWN)
        await self.store.suppressions.stop(
            tx, page.page_id, lead.suppression_handle, since=evidence.at, now=evidence.received_at
        )
        return recorded, ended

    async def record_notice_shown(
        self, tx: Transaction, page: Page, lead: Lead, notice: Notice, mid: Mid, evidence: Evidence
    ) -> Recorded:
        """The message that showed the notice and the question reached the conversation, as its echo says."""
        return await self._write(
            tx,
            RecordKind.NOTICE_SHOWN,
            page,
            lead,
            evidence,
            privacy_notice=_notice(notice, mid),
            marketing_basis=page.marketing_basis,
        )

    async def record_receipt_sent(
        self, tx: Transaction, page: Page, lead: Lead, receipt: Receipt, of: UUID, evidence: Evidence
    ) -> Recorded:
        """The confirmation of a record reached the conversation, as its echo says."""
        return await self._write(tx, RecordKind.RECEIPT_SENT, page, lead, evidence, receipt=receipt, previous=(of,))

    async def record_import_claim(
        self, tx: Transaction, page: Page, lead: Lead, claim: ImportClaim, topics: tuple[Topic, ...], evidence: Evidence
    ) -> Recorded:
        """Somebody else says that the person consented; it is written down and permits nothing."""
        return await self._write(
            tx,
            RecordKind.IMPORT_CLAIM,
            page,
            lead,
            evidence,
            entry_point=EntryPoint.CONSOLE,
            claim=claim,
            topics=topics,
        )

    async def _settle(
        self, tx: Transaction, lead: Lead, act: TopicConsent, version: int | None, record_id: UUID
    ) -> bool:
        before = (await self.store.consents.topics(tx, lead.page_id, lead.lead_id)).get(act.topic)
        if before is not None and not act.outweighs(before):
            return False
        await self.store.consents.put_topic(
            tx, lead.page_id, lead.lead_id, act, notice_version=version, record_id=record_id
        )
        return True

    async def _write(
        self,
        tx: Transaction,
        kind: RecordKind,
        page: Page,
        lead: Lead,
        evidence: Evidence,
        *,
        topic: Topic | None = None,
        **parts: object,
    ) -> Recorded:
        """Writes the record of an act of this person; `parts` are what its kind has besides the usual."""
        key = await self.store.leads.key_of(tx, lead.page_id, lead.lead_id)
        if key is None:
            raise RowMissing("the lead's key is destroyed")
        raw_nonce = None if evidence.raw is None else self.random_bytes(NONCE_BYTES)
        record = ProofRecord(
            kind=kind,
            record_id=UUID(bytes=self.random_bytes(16), version=4),
            page_id=page.page_id,
            event_time=evidence.event_time,
            event_time_unit=evidence.unit,
            envelope_time=evidence.envelope_time,
            envelope_time_unit=evidence.envelope_unit,
            received_at=evidence.received_at,
            raw_event=_raw_event(evidence.raw, raw_nonce),
            controller=Controller(name=page.controller_name, contact=page.controller_contact),
            personal_data=PERSONAL_DATA,
            storage_locations=STORAGE,
            recipients=RECIPIENTS,
            retention=RETENTION,
            jurisdiction=page.region,
            **parts | commitments_of(lead, key),  # type: ignore[arg-type]  # each part is checked by the record itself
        )
        return await self._append(tx, key, lead, record, evidence, raw_nonce, topic)

    async def _append(
        self,
        tx: Transaction,
        key: DataKey,
        lead: Lead,
        record: ProofRecord,
        evidence: Evidence,
        raw_nonce: bytes | None,
        topic: Topic | None,
    ) -> Recorded:
        committed, nonce = encode(record), self.random_bytes(NONCE_BYTES)
        entry = commit(committed, nonce)
        notice = record.privacy_notice
        await self.store.consents.append(
            tx,
            key,
            ConsentRecord(
                page_id=lead.page_id,
                record_id=record.record_id,
                lead_id=lead.lead_id,
                kind=record.kind.value,
                topic=topic,
                event_time=evidence.at,
                received_at=evidence.received_at,
                notice_version=None if notice is None else notice.version,
                record=committed,
                nonce=nonce,
                raw=None if evidence.raw is None else evidence.raw.content,
                raw_nonce=raw_nonce,
            ),
            entry,
        )
        return Recorded(record_id=record.record_id, receipt=receipt_code(leaf_hash(entry)[:RECEIPT_CODE_BYTES]))


def commitments_of(lead: Lead, key: DataKey) -> dict[str, str]:
    """How the person stands in their records: committed to by id, and by first name where it is known."""
    reason, profile = "commit to the person", lead.profile
    found = {"pii_principal_id": commit_principal(lead.page_id, profile.psid.reveal(reason), key.nonce(PRINCIPAL))}
    if profile.first_name is not None:
        found["name_commitment"] = commit_name(profile.first_name.reveal(reason), key.nonce(NAME))
    return found


def _raw_event(raw: RawPart | None, nonce: bytes | None) -> RawEvent | None:
    if raw is None or nonce is None:
        return None
    return RawEvent(
        commitment=commit_raw(raw.content, nonce),
        covers=raw.covers,
        signature_header=raw.signature_header,
        secret=raw.secret,
    )


def _notice(notice: Notice, mid: Mid | None = None) -> PrivacyNotice:
    return PrivacyNotice(version=notice.version, language=notice.language, sha256=notice.sha256.hex(), mid=mid)

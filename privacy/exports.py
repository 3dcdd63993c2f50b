"""How does a person get a copy of everything that is kept about them, so that nobody else can open it?

The catalog is walked and written as one JSON document (`assent-export/1`, docs/data.md). It waits sealed under a code
that only the person's chat holds and a server part from the key ring: 72 hours for the link, 10 minutes and 5 tries
for the code, once for the file.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from domain.data_request import DataRequest, RequestKind, RequestState
from domain.lead import Lead
from domain.page import Page
from domain.texts import TextCatalog, Texts
from domain.tokens import EXPORT_CODE_BYTES, BadToken, export_code, read_export_code
from messenger.messages import TextMessage
from privacy.catalog import CATALOG, DataCategory
from privacy.subject import Subject
from storage.database import Transaction
from storage.exports import TRIES, Archive
from storage.outbox import OutboxMessage
from storage.store import Store

SCHEMA = "assent-export/1"
LINK_LIFE = timedelta(hours=72)
CODE_LIFE = timedelta(minutes=10)
TOKEN_BYTES = 20
PURPOSE = "export"


class RefusedReason(StrEnum):
    WRONG_CODE = "wrong_code"
    TOO_MANY = "too_many"
    EXPIRED = "expired"
    USED = "used"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Opened:
    """The copy, as the bytes of its JSON file, and until when its link lives."""

    content: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the copy stays shut; `tries_left` counts codes that may still be typed."""

    reason: RefusedReason
    tries_left: int = 0


Answer: TypeAlias = Opened | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """Makes copies and hands them over."""

    store: Store
    clock: Callable[[], datetime]
    public_url: str
    random_bytes: Callable[[int], bytes]
    texts: TextCatalog

    async def build(self, payload: str) -> None:
        """The job `export.build`: makes the copy and tells the person in one transaction; repeating it does nothing."""
        now = self.clock()
        async with self.store.database.transaction() as tx:
            request = await self.store.requests.get(tx, UUID(payload.rpartition("/")[2]))
            if request is None or request.kind is not RequestKind.ACCESS:
                return
            if request.state is not RequestState.IN_PROGRESS:
                return
            page = await self.store.pages.get(request.page_id)
            subject = None if page is None else await self._subject(tx, page, request)
            if subject is None:
                await self.store.requests.move(tx, request, RequestState.CANCELLED, now=now, reason="erased")
                return
            await self._hand_over(subject, request, now)

    async def resume(self) -> int:
        """Makes every copy that was asked for and not made; how many. For a timetable."""
        async with self.store.database.transaction() as tx:
            unfinished = await self.store.requests.unfinished(tx, RequestKind.ACCESS)
        for request_id in unfinished:
            await self.build(str(request_id))
        return len(unfinished)

    async def _subject(self, tx: Transaction, page: Page, request: DataRequest) -> Subject | None:
        if request.lead_id is None:
            return None
        lead = await self.store.leads.get(tx, request.page_id, request.lead_id)
        key = await self.store.leads.key_of(tx, request.page_id, request.lead_id)
        if lead is None or key is None:
            return None
        languages = frozenset({self._words(page, lead).language, page.language, "en"})
        return Subject(tx=tx, store=self.store, page=page, lead=lead, key=key, languages=languages)

    async def _hand_over(self, subject: Subject, request: DataRequest, now: datetime) -> None:
        tx, texts = subject.tx, self._words(subject.page, subject.lead)
        document = await document_of(subject, texts, now)
        token = base64.urlsafe_b64encode(self.random_bytes(TOKEN_BYTES)).rstrip(b"=").decode()
        code = export_code(self.random_bytes(EXPORT_CODE_BYTES))
        await self.store.exports.put(
            tx,
            request.page_id,
            request.request_id,
            token=token,
            code=code,
            content=encoded(document),
            code_until=now + CODE_LIFE,
            expires_at=now + LINK_LIFE,
        )
        text = texts.text(
            "chat.export.ready",
            link=f"{self.public_url.rstrip('/')}/export/{token}",
            code=code,
            hours=int(LINK_LIFE.total_seconds() // 3600),
            minutes=int(CODE_LIFE.total_seconds() // 60),
        )
        message = OutboxMessage(
            page_id=request.page_id,
            lead_id=subject.lead.lead_id,
            psid=subject.lead.profile.psid,
            message=TextMessage(text=text).json(),
            purpose=PURPOSE,
        )
        await self.store.outbox.add(tx, message, now=now)
        await self.store.outbox.wake(tx, request.page_id)
        await self.store.requests.move(tx, request, RequestState.COMPLETED, now=now)

    def _words(self, page: Page, lead: Lead) -> Texts:
        return self.texts.choose(lead.profile.language, page.language)

    # Handing over

    async def open_archive(self, token: str, code: str, now: datetime) -> Answer:
        """The copy for reading on the page, any number of times until the code ends or the file was fetched."""
        async with self.store.database.transaction() as tx:
            _, answer = await self._look(tx, token, code, now)
            return answer

    async def take(self, token: str, code: str, now: datetime) -> Answer:
        """The copy as a file, once: of any number of calls one gets it. Call `taken` or `give_back` afterwards."""
        async with self.store.database.transaction() as tx:
            archive, answer = await self._look(tx, token, code, now)
            if archive is not None and isinstance(answer, Opened):
                await self.store.exports.take(tx, archive, now=now)
            return answer

    async def taken(self, token: str) -> None:
        """The file went out whole: deletes the copy."""
        await self.store.exports.empty(token)

    async def give_back(self, token: str) -> None:
        """The file did not go out whole: it may be fetched again while its code holds."""
        await self.store.exports.give_back(token)

    async def _look(self, tx: Transaction, token: str, code: str, now: datetime) -> tuple[Archive | None, Answer]:
        archive = await self.store.exports.find(tx, token)
        if archive is None:
            return None, Refused(RefusedReason.GONE)
        obstacle = _obstacle(archive, now)
        if obstacle is not None:
            return archive, Refused(obstacle)
        try:
            typed = read_export_code(code)
        except BadToken:
            # Too short or too long to be a code: a slip of the hand, and no guess.
            return archive, Refused(RefusedReason.WRONG_CODE, TRIES - archive.tries)
        if self.store.exports.fits(archive, typed):
            return archive, Opened(self.store.exports.opened(archive, typed), archive.expires_at)
        left = TRIES - await self.store.exports.count_try(tx, archive)
        return archive, Refused(RefusedReason.WRONG_CODE if left > 0 else RefusedReason.TOO_MANY, max(left, 0))


def _obstacle(archive: Archive, now: datetime) -> RefusedReason | None:
    if archive.taken_at is not None:
        return RefusedReason.USED
    if archive.archive_sealed is None or now >= archive.expires_at:
        return RefusedReason.EXPIRED
    if archive.tries >= TRIES:
        return RefusedReason.TOO_MANY
    return RefusedReason.EXPIRED if now >= archive.code_until else None


async def document_of(subject: Subject, texts: Texts, now: datetime) -> dict[str, Any]:
    """Everything kept about the person, with what Article 15 wants said about it."""
    page = subject.page
    return {
        "schema": SCHEMA,
        "made_at": now,
        "language": texts.language,
        "page": {"id": page.page_id, "name": page.name},
        "controller": {
            "name": page.controller_name,
            "contact": page.controller_contact,
            "data_protection_officer": page.dpo_contact or None,
        },
        "rights": texts.text("data.rights"),
        "transfers": texts.text("data.transfers"),
        "decisions": texts.text("data.decisions"),
        "categories": [await _category(subject, category, texts) for category in CATALOG],
    }


async def _category(subject: Subject, category: DataCategory, texts: Texts) -> dict[str, Any]:
    return {
        "name": category.name,
        "title": texts.text(f"data.{category.name}.title"),
        "purpose": texts.text(f"data.{category.name}.purpose"),
        "retention": texts.text(f"data.{category.name}.retention"),
        "basis": category.basis,
        "source": category.source,
        "form": [form.value for form in category.forms],
        "recipients": list(category.recipients),
        "data": await category.export(subject),
    }


def encoded(document: dict[str, Any]) -> bytes:
    """UTF-8 JSON, times in ISO 8601 and UTC."""
    return json.dumps(document, ensure_ascii=False, indent=2, default=_plain).encode()


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case _:
            raise TypeError(f"a {type(value).__name__} has no place in an export")

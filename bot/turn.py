"""What does a handler know of the event it answers, and how does it answer?

A turn is one event of one person, inside one transaction. What is said is collected and queued with the state change
that caused it; in a thread that a human holds, and for events too old to answer, nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from bot.payloads import Tap
from domain.keywords import Command
from domain.lead import Lead
from domain.notice import Notice
from domain.page import Page
from domain.texts import Texts
from messenger.messages import OutgoingMessage, QuickReply, TextMessage
from privacy.ledger import Evidence
from storage.database import Transaction
from storage.outbox import OutboxMessage
from storage.store import Store

Input: TypeAlias = Tap | Command | None


@dataclass(slots=True, kw_only=True)
class Turn:
    """`speaks` is False where the bot must keep still; `first` when this event made the lead."""

    tx: Transaction
    store: Store
    page: Page
    lead: Lead
    notice: Notice
    texts: Texts
    evidence: Evidence
    now: datetime
    first: bool
    speaks: bool
    said: str = field(default="", repr=False)
    by_tap: bool = False
    _answers: list[tuple[str, OutgoingMessage]] = field(default_factory=list, repr=False)

    def say(self, purpose: str, text: str, choices: Sequence[tuple[str, str]] = ()) -> None:
        """Answers with these words and, under them, choices as (title, payload)."""
        replies = tuple(QuickReply(title=title, payload=payload) for title, payload in choices)
        self.answer(purpose, TextMessage(text=text, quick_replies=replies))

    def answer(self, purpose: str, message: OutgoingMessage) -> None:
        """Answers with a message; `purpose` is what its echo will be understood by."""
        self._answers.append((purpose, message))

    async def finish(self) -> None:
        """Queues what was said; called once, in the same transaction."""
        if not self.speaks:
            return
        for purpose, message in self._answers:
            await self.store.outbox.add(
                self.tx,
                OutboxMessage(
                    page_id=self.page.page_id,
                    lead_id=self.lead.lead_id,
                    psid=self.lead.profile.psid,
                    message=message.json(),
                    purpose=purpose,
                ),
                now=self.now,
            )
        if self._answers:
            await self.store.outbox.wake(self.tx, self.page.page_id)

    async def ask(self, dialog: str | None, ref: str | None = None) -> None:
        """Remembers the question that waits for an answer; asked in silence it does not wait."""
        if not self.speaks and dialog is not None:
            return
        if (dialog, ref) != (self.lead.dialog, self.lead.dialog_ref):
            await self.store.leads.ask(self.tx, self.lead, dialog, ref)
            self.lead = replace(self.lead, dialog=dialog, dialog_ref=ref)

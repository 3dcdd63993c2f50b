"""How does a person get a copy of their data, or have it erased, without leaving the chat?

The platform vouches for who taps and writes here, so no further proof of identity is asked. An erasure is explained
once, with the copy offered first; the tap on "erase" is the one confirmation it needs.
"""

from dataclasses import dataclass
from uuid import UUID

from bot import payloads
from bot.payloads import EraseTap
from bot.turn import Turn
from domain.data_request import RequestKind, RequestSource
from privacy.erasure import Erasure, first_whole_day
from privacy.requests import Requests
from storage import jobs

QUESTION = "erase"
EXPORT_JOB = "export.build"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequests:
    """Opens requests from the chat and answers them."""

    requests: Requests
    erasure: Erasure

    async def export(self, turn: Turn) -> None:
        """Has a copy made; the link and the code to open it follow as messages of their own.

        Asked where the bot keeps still, the request waits for an operator.
        """
        opened = await self.requests.open(
            turn.tx,
            turn.page,
            turn.lead,
            RequestKind.ACCESS,
            RequestSource.CHAT,
            turn.evidence.received_at,
            answered=turn.speaks,
        )
        if turn.speaks:
            await jobs.enqueue(turn.tx, EXPORT_JOB, f"{turn.page.page_id}/{opened.request_id}")
        turn.say("answer", turn.texts.text("chat.export.preparing"))

    async def explain(self, turn: Turn) -> None:
        """Says what goes and what stays and why, offers the copy first, and asks once."""
        opened = await self.requests.open(
            turn.tx, turn.page, turn.lead, RequestKind.ERASURE, RequestSource.CHAT, turn.evidence.received_at
        )
        request = await turn.store.requests.get(turn.tx, opened.request_id)
        if turn.speaks and request is not None:
            await turn.store.requests.note(turn.tx, request, {"asked": turn.now.isoformat()})
        titles = turn.texts
        turn.say(
            "answer",
            turn.texts.text(
                "chat.erase.explain",
                page=turn.page.name,
                date=first_whole_day(turn.store.keys.ring.horizon(turn.now)),
            ),
            [
                (titles.text("chat.erase.save_title"), payloads.EXPORT),
                (titles.text("chat.erase.confirm_title"), payloads.erase(opened.request_id, confirm=True)),
                (titles.text("chat.erase.cancel_title"), payloads.erase(opened.request_id, confirm=False)),
            ],
        )
        await turn.ask(QUESTION, opened.request_id.hex)

    async def tapped(self, turn: Turn, tap: EraseTap) -> bool:
        """Erases or leaves all as it is; False when the request is not this person's or is over."""
        open_one = await turn.store.requests.find_open(turn.tx, turn.page.page_id, turn.lead.lead_id, tap.request_id)
        if open_one is None:
            return False
        await turn.ask(None)
        if tap.confirmed:
            await self.erasure.begin(turn.tx, turn.page, turn.lead, open_one, turn.now, texts=turn.texts)
        else:
            await turn.store.requests.cancel(turn.tx, turn.page.page_id, tap.request_id, now=turn.now)
            turn.say("answer", turn.texts.text("chat.erase.cancelled"))
        return True

    async def cancelled(self, turn: Turn) -> bool:
        """A typed "cancel" while the question stands open; False when none does."""
        if turn.lead.dialog != QUESTION or turn.lead.dialog_ref is None:
            return False
        return await self.tapped(turn, EraseTap(UUID(hex=turn.lead.dialog_ref), confirmed=False))

    def rights(self, turn: Turn) -> None:
        """The two rights, as choices."""
        turn.say(
            "answer",
            turn.texts.text("chat.rights.question"),
            [
                (turn.texts.text("chat.rights.export_title"), payloads.EXPORT),
                (turn.texts.text("chat.rights.erase_title"), payloads.ERASE),
            ],
        )

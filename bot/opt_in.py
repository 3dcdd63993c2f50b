"""How does a person learn who is talking, and say yes or no to offers?

The greeting says that a bot answers and who runs it, links the notice, and puts the question with two equal choices.
A yes or no refers to the exact words that were shown, by their digest; a typed yes counts only while the question
stands open.
"""

import hashlib
from dataclasses import dataclass

from bot import payloads
from bot.payloads import ConsentTap
from bot.turn import Turn
from domain.consent import DEFAULT_TOPIC, ConsentAct
from domain.ids import Topic
from domain.keywords import Command
from domain.notice import ShownText
from domain.proof.record_sections import EntryPoint
from privacy.ledger import Choice, Ledger, Recorded

QUESTION = "consent"
_TYPED = {Command.YES: ConsentAct.GIVEN, Command.NO: ConsentAct.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """Greets, asks and records; `public_url` is where followers' pages are."""

    ledger: Ledger
    public_url: str

    async def greet(self, turn: Turn, *, ask: bool) -> None:
        """The first words to a person; with the question unless what they wrote asks for something else."""
        greeting = turn.texts.text(
            "chat.greeting.unnamed",
            page=turn.page.name,
            controller=turn.page.controller_name,
            notice_url=notice_url(self.public_url, turn),
        )
        if ask:
            await self.ask(turn, before=greeting)
        else:
            turn.say(shown_purpose(turn), greeting)

    async def ask(self, turn: Turn, *, before: str = "") -> None:
        """Puts the question, behind other words if given; its exact text is kept for the answer to refer to."""
        standing = (await turn.store.consents.topics(turn.tx, turn.page.page_id, turn.lead.lead_id)).get(DEFAULT_TOPIC)
        if standing is not None and standing.act is ConsentAct.GIVEN:
            turn.say("answer", self._words(turn, "chat.consent.already_given"))
            return
        stopped = standing is not None and standing.act is ConsentAct.WITHDRAWN
        words = self._words(turn, "chat.start.again" if stopped else "chat.consent.question")
        shown = await turn.store.notices.remember_text(
            turn.tx, turn.page.page_id, turn.texts.language, words, now=turn.now
        )
        choices = [
            (turn.texts.text(f"chat.consent.{answer}_title"), self._payload(turn, answer, shown))
            for answer in ("yes", "no")
        ]
        turn.say(shown_purpose(turn), f"{before}\n\n{words}" if before else words, choices)
        await turn.ask(QUESTION, f"{turn.notice.version}:{shown.sha256.hex()}")

    async def tapped(self, turn: Turn, tap: ConsentTap) -> bool:
        """Records the tapped answer; False when this Page never put such a question."""
        if tap.topic != DEFAULT_TOPIC:
            return False
        shown = await turn.store.notices.shown_text(turn.tx, turn.page.page_id, tap.text_sha256)
        if shown is None:
            return False
        return await self._record(turn, tap.topic, tap.act, shown, tap.notice_version, EntryPoint.QUICK_REPLY)

    async def typed(self, turn: Turn, command: Command) -> bool:
        """Records a typed yes or no to the question that stands open; False when none does."""
        version, _, digest = (turn.lead.dialog_ref or "").partition(":")
        if turn.lead.dialog != QUESTION or not digest:
            return False
        shown = await turn.store.notices.shown_text(turn.tx, turn.page.page_id, bytes.fromhex(digest))
        if shown is None:
            return False
        return await self._record(turn, DEFAULT_TOPIC, _TYPED[command], shown, int(version), EntryPoint.KEYWORD)

    async def _record(
        self, turn: Turn, topic: Topic, act: ConsentAct, shown: ShownText, version: int, way: EntryPoint
    ) -> bool:
        notice = await turn.store.notices.get(turn.tx, turn.page.page_id, version, turn.notice.language)
        notice = notice or await turn.store.notices.of_version(turn.tx, turn.page.page_id, version)
        if notice is None:
            return False
        choice = Choice(topic=topic, act=act, shown=shown, notice=notice, said=turn.said or act.value, way=way)
        recorded, stands = await self.ledger.record_choice(turn.tx, turn.page, turn.lead, turn.evidence, choice)
        await turn.ask(None)
        self._confirm(turn, act, recorded, stands=stands)
        return True

    def _confirm(self, turn: Turn, act: ConsentAct, recorded: Recorded, *, stands: bool) -> None:
        if act is ConsentAct.REFUSED:
            confirm(turn, recorded, self._words(turn, "chat.consent.refused"))
        elif stands:
            confirm(turn, recorded, self._words(turn, "chat.consent.given"))
        else:
            turn.say("answer", turn.texts.text("chat.stop.already", page=turn.page.name))

    def _words(self, turn: Turn, key: str) -> str:
        topic = turn.texts.text(f"topics.{DEFAULT_TOPIC}")
        return turn.texts.text(key, page=turn.page.name, topic=topic, age=turn.page.minimum_age)

    def _payload(self, turn: Turn, answer: str, shown: ShownText) -> str:
        return payloads.consent(DEFAULT_TOPIC, answer, turn.notice.version, shown.sha256)


def notice_url(public_url: str, turn: Turn) -> str:
    """Where the Page's notice stands in the language of this conversation."""
    return f"{public_url}/privacy/{turn.texts.language}?page={turn.page.page_id}"


def shown_purpose(turn: Turn) -> str:
    """What the echo of a message that shows the notice is known by."""
    return f"notice/{turn.notice.version}/{turn.notice.language}"


def confirm(turn: Turn, recorded: Recorded, words: str) -> None:
    """Says that an act is recorded, with its receipt: the person then holds what names the log entry."""
    text = f"{words}\n\n{turn.texts.text('chat.receipt.line', code=recorded.receipt)}"
    turn.say(confirmation_purpose(recorded, text), text)


def confirmation_purpose(recorded: Recorded, text: str) -> str:
    """What the echo of a confirmation is known by; raises ValueError for words without the receipt.

    The echo becomes a record that says the person was sent this receipt: that must never be said of other words.
    """
    if recorded.receipt not in text:
        raise ValueError("a confirmation must show the receipt of its record")
    return f"confirmation/{recorded.record_id.hex}/{recorded.receipt}/{hashlib.sha256(text.encode()).hexdigest()}"

"""What does the bot answer to everything else?"""

from dataclasses import dataclass

from bot import payloads
from bot.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Says what the bot can do; every input of a person gets an answer."""

    def help(self, turn: Turn) -> None:
        """What the bot is for, with the ways on as choices."""
        turn.say("answer", turn.texts.text("chat.help.menu", page=turn.page.name), choices(turn))

    def not_understood(self, turn: Turn) -> None:
        """The same, for words that no rule fits."""
        turn.say("answer", turn.texts.text("chat.help.not_understood", page=turn.page.name), choices(turn))

    def unreadable(self, turn: Turn) -> None:
        """Pictures, stickers and whatever else a bot cannot read."""
        turn.say("answer", turn.texts.text("chat.attachment.received", page=turn.page.name), choices(turn))

    def human(self, turn: Turn) -> None:
        """How to reach a person of the Page."""
        turn.say(
            "answer", turn.texts.text("chat.human.hint", page=turn.page.name, contact=turn.page.controller_contact)
        )


def choices(turn: Turn) -> list[tuple[str, str]]:
    """The ways on that are open at any time."""
    return [
        (turn.texts.text("chat.help.offers_title"), payloads.OFFERS),
        (turn.texts.text("chat.help.data_title"), payloads.RIGHTS),
        (turn.texts.text("chat.help.stop_title"), payloads.STOP),
    ]

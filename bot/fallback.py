"""What does the bot answer to everything else?"""

from dataclasses import dataclass

from bot import payloads
from bot.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Says what the bot can do; every input of a person gets an answer."""

    def help(self, turn: Turn) -> None:
        """What the bot is for, with the ways on as choices."""
        turn.say("answer", turn.texts.text("help.text", page=turn.page.name), choices(turn))

    def unreadable(self, turn: Turn) -> None:
        """Pictures, stickers and whatever else a bot cannot read."""
        turn.say("answer", turn.texts.text("help.attachment"), choices(turn))

    def human(self, turn: Turn) -> None:
        """How to reach a person of the Page."""
        turn.say("answer", turn.texts.text("help.human", page=turn.page.name))


def choices(turn: Turn) -> list[tuple[str, str]]:
    """The ways on that are open at any time."""
    return [
        (turn.texts.text("menu.offers_title"), payloads.OFFERS),
        (turn.texts.text("menu.rights_title"), payloads.RIGHTS),
        (turn.texts.text("menu.stop_title"), payloads.STOP),
    ]

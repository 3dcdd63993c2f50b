"""What happens when a person says stop, in whatever words?

All marketing to them ends with the event itself: the intake has suppressed them before the platform got its answer.
Here the withdrawal becomes a record and is confirmed, once; saying stop again is answered, but not confirmed again.
"""

from dataclasses import dataclass

from bot.opt_in import confirm
from bot.turn import Turn
from domain.proof.record_sections import EntryPoint
from privacy.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Records a withdrawal and confirms it."""

    ledger: Ledger

    async def stop(self, turn: Turn) -> None:
        """Ends all marketing to the person; a newer yes, said after this stop, stands."""
        way = EntryPoint.POSTBACK if turn.by_tap else EntryPoint.KEYWORD
        recorded, ended = await self.ledger.record_withdrawal(turn.tx, turn.page, turn.lead, turn.evidence, way)
        await turn.ask(None)
        if ended:
            confirm(turn, recorded, turn.texts.text("chat.stop.done", page=turn.page.name))
        else:
            turn.say("answer", turn.texts.text("chat.stop.already", page=turn.page.name))

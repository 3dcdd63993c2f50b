"""Does this event end all marketing to its person, from the moment it is acknowledged?

Read here as the bot reads it later: a button says what its payload says, words say what they say. A stop counts also
where the bot keeps still: in a thread that another app or a human holds.
"""

from domain import keywords
from domain.personal import Pii
from domain.stop_payload import is_stop
from messenger import events
from messenger.envelope import Incoming


def says_stop(incoming: Incoming) -> bool:
    """True for a stop of somebody we can name; echoes and receipts never are one."""
    if incoming.psid is None:
        return False
    match incoming.event:
        case events.MessageReceived() as message:
            return is_stop(message.quick_reply_payload) or _in_words(message.text)
        case events.PostbackTapped() as tap:
            # In a thread that stands by, the platform keeps the payload back and gives the title.
            return is_stop(tap.payload) if tap.payload is not None else keywords.is_stop(tap.title or "")
        case events.MessageEdited() as edit:
            return _in_words(edit.text)
        case events.OptOutReceived():
            return True
        case _:
            return False


def _in_words(text: Pii[str] | None) -> bool:
    return text is not None and keywords.is_stop(text.reveal("look for a stop before it is acknowledged"))

"""Which words of which languages does the bot understand? Tables only; domain/keywords.py compares."""

from collections.abc import Mapping

from domain.keyword_tables.english import ENGLISH
from domain.keyword_tables.europe import EUROPE
from domain.keyword_tables.french import FRENCH
from domain.keyword_tables.german import GERMAN
from domain.keyword_tables.italian import ITALIAN
from domain.keyword_tables.portuguese import PORTUGUESE
from domain.keyword_tables.slavic import SLAVIC
from domain.keyword_tables.spanish import SPANISH
from domain.keyword_tables.vocabulary import HELP, START, STOP, Command, Vocabulary
from domain.keyword_tables.world import WORLD

# Understood with the fillers of every language: telephone companies taught these to everybody.
INTERNATIONAL: Mapping[Command, tuple[str, ...]] = {
    STOP: (
        "stop [all|sms|]",
        "[stopp|stopall|stopstop|stop stop|stop stop stop|unsubscribe|unsubscribe all|optout|opt out]",
    ),
    HELP: ("[help|menu|info]",),
    START: ("[start|subscribe]",),
}

VOCABULARIES: tuple[Vocabulary, ...] = (
    ENGLISH,
    GERMAN,
    SPANISH,
    FRENCH,
    ITALIAN,
    PORTUGUESE,
    *EUROPE,
    *SLAVIC,
    *WORLD,
)

__all__ = ["INTERNATIONAL", "VOCABULARIES", "Command", "Vocabulary"]

"""What is a command, and how is the vocabulary of a language written down?

A phrase may hold groups `[a|b|]`: one choice of each group is taken, so one line stands for many wordings.
`words` count only as the whole message; `phrases` are unmistakable and count also as one whole sentence
among others. `fillers` (one list with bars between) are stripped from both ends before comparing; a word
that begins with `=` is compared without stripping (Spanish `para` is "stop", `para ahora` is "for now").
Spelling is free: case, accents, apostrophes and punctuation are folded on both sides (domain/keywords.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Command(StrEnum):
    """What one message asks the bot to do."""

    STOP = "stop"
    START = "start"
    EXPORT = "export"
    ERASE = "erase"
    CANCEL = "cancel"
    HELP = "help"
    HUMAN = "human"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of one language; `exact` languages keep their marks because folding would mix words up."""

    language: str
    fillers: str = ""
    words: Mapping[Command, tuple[str, ...]] = field(default_factory=dict)
    phrases: Mapping[Command, tuple[str, ...]] = field(default_factory=dict)
    exact: bool = False
    spellings: tuple[tuple[str, str], ...] = ()


STOP, START, EXPORT, ERASE, CANCEL = (
    Command.STOP,
    Command.START,
    Command.EXPORT,
    Command.ERASE,
    Command.CANCEL,
)
HELP, HUMAN, YES, NO = Command.HELP, Command.HUMAN, Command.YES, Command.NO

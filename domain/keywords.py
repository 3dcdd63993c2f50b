"""Is this message a command, and which one?

A stop must be understood however it is typed: any case, width, accent, punctuation, emoji, invisible
character or stretched letter. It must not be read into an ordinary sentence: only a whole message (after
polite words are stripped) or a whole unmistakable sentence counts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from domain.keyword_tables import INTERNATIONAL, VOCABULARIES, Command, Vocabulary

__all__ = ["STOP_LANGUAGES", "Command", "is_stop", "match_command", "normalise"]

Words = tuple[str, ...]

# Nobody says stop in more; longer sentences are not compared, so that a long message costs little.
LONGEST_MESSAGE = 20_000
LONGEST_SENTENCE = 200
LONGEST_FILLER = 4

STOP_LANGUAGES = tuple(vocabulary.language for vocabulary in VOCABULARIES)

_STOP_SIGNS = frozenset("🛑⛔🔕")
_SKIN_TONES = frozenset(chr(code) for code in range(0x1F3FB, 0x1F400))
_QUESTION_MARKS = frozenset("?？؟;՞፧⸮")
_SENTENCE_END = re.compile(r"[.!?;\n。！？｡؟।…]+")
_STRETCHED = re.compile(r"(.)\1\1")
_SPELLED = re.compile(r"(?:^| )\S \S \S(?: |$)")
_RUN = re.compile(r"(.)\1+")

# Letters that Unicode does not decompose, apostrophes (deleted: don't = dont), and fillers of Hangul, which
# count as letters but are invisible.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ŀ": "l"}
    | dict.fromkeys("'’‘ʼʹʻ`´′΄‛\u115f\u1160\u3164\uffa0\u17b4\u17b5")
)
_APOSTROPHES = re.compile("['’‘ʼʹʻ`´′΄‛＇\u3164\uffa0]")

# What folding makes of ASCII, in one step: most messages hold nothing else.
_ASCII = str.maketrans(
    {chr(code): chr(code).lower() if chr(code).isalnum() else " " for code in range(128)} | {"'": "", "`": ""}
)

# Brackets of patterns survive folding as letters that no language of ours uses.
_BRACKETS = str.maketrans("[|]", "ᚠᚢᚦ")
_BRACKETS_BACK = str.maketrans("ᚠᚢᚦ", "[|]")

# Letters of other scripts that look Latin, and the digit that looks like one; tried for stop words only.
_LOOKALIKES = str.maketrans("аеорсхуіјѕтнкмвԁԛԝοατρενικυχ0", "aeopcxyijstnkmbdqwoatpenikyx" + "o")
_LOOKALIKES_BACK = str.maketrans("aeopcxyt", "аеорсхут")

# Points and signs that may be left out or added without making another word. Vowel signs of Thai or Hindi
# are marks too, but part of the word; they stay.
_FREE_MARKS = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x180B, 0x180F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
# Vietnamese writes its letters with these; the rest of the free marks are deleted there as well.
_VIETNAMESE_MARKS = frozenset("\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323")
_ORDER = (Command.STOP, Command.ERASE, Command.EXPORT, Command.HUMAN)


def match_command(text: str) -> Command | None:
    """The command this message is, or None when it is none; a question is never a yes."""
    text = text[:LONGEST_MESSAGE]
    found = _match_whole(text) or _match_sentences(text)
    if found is Command.YES and not _QUESTION_MARKS.isdisjoint(text):
        return None
    return found


def is_stop(text: str) -> bool:
    """Whether the command is a stop, as `match_command` says; quick enough to ask for everything that comes in."""
    return _may_be_stop(text[:LONGEST_MESSAGE]) and match_command(text) is Command.STOP


def _may_be_stop(text: str) -> bool:
    """False only where no phrase that means stop can be found: of each, its longest words are not all there."""
    # Texts and phrases are compared in Latin letters here, so that every way to look alike is one.
    folded = normalise(text).translate(_LOOKALIKES)
    words = folded.split()
    if not words or _STRETCHED.search(folded) or _SPELLED.search(folded):
        return True
    keys, there = _stop_keys(), set(words)
    return any(rest <= there for word in there & keys.keys() for rest in keys[word])


@cache
def _stop_keys() -> dict[str, set[frozenset[str]]]:
    """The longest word of each phrase that means stop, with the two that come next; as texts are compared to them."""
    keys: dict[str, set[frozenset[str]]] = {}
    for lexicon in _lexicons():
        for phrase, command in (lexicon.alone | lexicon.whole | lexicon.sentences).items():
            if command is Command.STOP:
                *rest, longest = sorted(normalise(phrase).translate(_LOOKALIKES).split(), key=len)
                keys.setdefault(longest, set()).add(frozenset(rest[-2:]))
    return keys


def normalise(text: str, *, keep_vietnamese: bool = False) -> str:
    """The text as it is compared: folded words with one space between them."""
    return " ".join(_fold(text, keep_vietnamese).split())


def _fold(text: str, keep_vietnamese: bool) -> str:
    if text.isascii():
        return text.translate(_ASCII)
    text = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)).casefold()
    kept = unicodedata.normalize("NFKD", text).translate(_VISIBLE_VIETNAMESE if keep_vietnamese else _VISIBLE)
    return unicodedata.normalize("NFC", kept if keep_vietnamese else kept.translate(_LETTERS))


def _visible(char: str, keep_vietnamese: bool) -> str:
    category = unicodedata.category(char)
    code = ord(char)
    if category == "Cf" or (category[0] == "M" and any(low <= code <= high for low, high in _FREE_MARKS)):
        return char if keep_vietnamese and char in _VIETNAMESE_MARKS else ""
    if category[0] in "LMN" or char in "'’‘ʼʹʻ`´′΄‛":
        return char
    return " "


class _VisibleTable(dict[int, str]):
    """A translation table that fills itself with the characters that come by, up to a limit."""

    LARGEST = 8192

    def __init__(self, *, keep_vietnamese: bool) -> None:
        super().__init__()
        self._keep_vietnamese = keep_vietnamese

    def __missing__(self, code: int) -> str:
        seen = _visible(chr(code), self._keep_vietnamese)
        if len(self) < self.LARGEST:
            self[code] = seen
        return seen


_VISIBLE = _VisibleTable(keep_vietnamese=False)
_VISIBLE_VIETNAMESE = _VisibleTable(keep_vietnamese=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lexicon:
    """One vocabulary, expanded and folded: what is compared."""

    exact: bool
    fillers: frozenset[Words]
    alone: dict[str, Command]
    whole: dict[str, Command]
    sentences: dict[str, Command]

    def words(self) -> Iterator[str]:
        """Every single word that a phrase or filler of this vocabulary contains."""
        for phrase in (*self.alone, *self.whole):
            yield from phrase.split()
        for filler in self.fillers:
            yield from filler


def _match_whole(text: str) -> Command | None:
    if len(text) > LONGEST_SENTENCE * 4:
        return None
    folded = normalise(text)
    if len(folded) > LONGEST_SENTENCE:
        return None
    if not folded:
        return Command.STOP if _is_stop_sign(text) else None
    found = _look_up(folded, normalise(text, keep_vietnamese=True))
    if found is None and any(folded.translate(table) != folded for table in (_LOOKALIKES, _LOOKALIKES_BACK)):
        found = _look_up_lookalikes(folded)
    return found


def _match_sentences(text: str) -> Command | None:
    found: set[Command] = set()
    for sentence in _SENTENCE_END.split(text):
        if len(sentence) > LONGEST_SENTENCE or not _begins_known(sentence):
            continue
        folded, exact = _folded_both_ways(sentence)
        for lexicon, words in _worth_comparing(folded, exact):
            found.update(lexicon.sentences[core] for core in _cores(words, lexicon) if core in lexicon.sentences)
    return next((command for command in _ORDER if command in found), None)


def _look_up(folded: str, exact: str) -> Command | None:
    for lexicon, words in _worth_comparing(folded, exact):
        if (lonely := " ".join(words)) in lexicon.alone:
            return lexicon.alone[lonely]
        for core in _cores(words, lexicon):
            if core in lexicon.whole:
                return lexicon.whole[core]
    if _STRETCHED.search(folded):
        return _look_up_squeezed(_RUN.sub(r"\1", folded))
    return None


def _worth_comparing(folded: str, exact: str) -> Iterator[tuple[_Lexicon, Words]]:
    """The vocabularies that hold every one of the words, with the words as they compare them."""
    for candidate in _spelled_out(tuple(folded.split())):
        for lexicon in _knowing(candidate, exact=False):
            yield lexicon, candidate
    for lexicon in _knowing(exact_words := tuple(exact.split()), exact=True):
        yield lexicon, exact_words


def _knowing(words: Words, *, exact: bool) -> Iterator[_Lexicon]:
    bits = -1 if words else 0
    holders = _holders()
    for word in words:
        bits &= holders.get(word, 0)
        if not bits:
            return
    for place, lexicon in enumerate(_lexicons()):
        if bits >> place & 1 and lexicon.exact is exact:
            yield lexicon


def _folded_both_ways(sentence: str) -> tuple[str, str]:
    folded = normalise(sentence)
    return folded, folded if sentence.isascii() else normalise(sentence, keep_vietnamese=True)


def _begins_known(sentence: str) -> bool:
    """Whether the first word is one of ours, so that the rest is worth folding; single letters may belong together."""
    first = sentence.split(None, 1)[:1]
    if not first:
        return False
    folded = (_fold(first[0], keep).split()[:1] for keep in (False, True))
    return any(not words or len(words[0]) == 1 or words[0] in _holders() for words in folded)


def _look_up_squeezed(squeezed: str) -> Command | None:
    words = tuple(squeezed.split())
    for lexicon, phrases in zip(_lexicons(), _squeezed_phrases(), strict=True):
        for core in _cores(words, lexicon):
            if core in phrases:
                return phrases[core]
    return None


def _look_up_lookalikes(folded: str) -> Command | None:
    for table in (_LOOKALIKES, _LOOKALIKES_BACK):
        disguised = folded.translate(table)
        if _look_up(disguised, disguised) is Command.STOP:
            return Command.STOP
    return None


def _cores(words: Words, lexicon: _Lexicon) -> Iterator[str]:
    """The words with nothing, something, everything polite stripped from either end; never empty."""
    if len(words) == 1:
        yield words[0]
        return
    ends = list(_stripped_ends(words, lexicon.fillers))
    for start in _stripped_starts(words, lexicon.fillers):
        for end in ends:
            if start < end:
                yield " ".join(words[start:end])


def _stripped_starts(words: Words, fillers: frozenset[Words]) -> Iterator[int]:
    at = 0
    while True:
        yield at
        size = next((n for n in range(LONGEST_FILLER, 0, -1) if words[at : at + n] in fillers), 0)
        if not size:
            return
        at += size


def _stripped_ends(words: Words, fillers: frozenset[Words]) -> Iterator[int]:
    at = len(words)
    while True:
        yield at
        size = next((n for n in range(LONGEST_FILLER, 0, -1) if at >= n and words[at - n : at] in fillers), 0)
        if not size:
            return
        at -= size


def _spelled_out(words: Words) -> Iterator[Words]:
    """The words, and where three or more letters stand alone (s.t.o.p) also with these joined."""
    yield words
    joined: list[str] = []
    letters: list[str] = []
    for word in (*words, ""):
        if len(word) == 1:
            letters.append(word)
            continue
        joined += ["".join(letters)] if len(letters) >= 3 else letters
        letters = []
        joined += [word] if word else []
    if tuple(joined) != words:
        yield tuple(joined)


def _is_stop_sign(text: str) -> bool:
    symbols = {
        char
        for char in text
        if unicodedata.category(char)[0] in "LNS" and char not in _SKIN_TONES and not char.isspace()
    }
    return bool(symbols) and symbols <= _STOP_SIGNS


@cache
def _lexicons() -> tuple[_Lexicon, ...]:
    return tuple(_build(vocabulary) for vocabulary in VOCABULARIES)


@cache
def _holders() -> dict[str, int]:
    """Which vocabularies hold a word: one bit for each."""
    holders: dict[str, int] = {}
    for place, lexicon in enumerate(_lexicons()):
        for word in lexicon.words():
            holders[word] = holders.get(word, 0) | 1 << place
    return holders


@cache
def _squeezed_phrases() -> tuple[dict[str, Command], ...]:
    return tuple(
        {_RUN.sub(r"\1", phrase): command for phrase, command in (lexicon.alone | lexicon.whole).items()}
        for lexicon in _lexicons()
    )


def _build(vocabulary: Vocabulary) -> _Lexicon:
    alone: dict[str, Command] = {}
    whole: dict[str, Command] = {}
    sentences: dict[str, Command] = {}
    for source, into in ((INTERNATIONAL, whole), (vocabulary.words, whole), (vocabulary.phrases, sentences)):
        for command, patterns in source.items():
            for pattern in patterns:
                target = alone if pattern.startswith("=") else into
                target.update(dict.fromkeys(_phrases(pattern.removeprefix("="), vocabulary), command))
    fillers = {tuple(phrase.split()) for phrase in _phrases(f"[{vocabulary.fillers}]", vocabulary)}
    squeezed = {tuple(_RUN.sub(r"\1", word) for word in filler) for filler in fillers}
    return _Lexicon(
        exact=vocabulary.exact,
        fillers=frozenset(fillers | squeezed),
        alone=alone,
        whole=whole | sentences,
        sentences=sentences,
    )


def _phrases(pattern: str, vocabulary: Vocabulary) -> Iterator[str]:
    """What a pattern stands for, folded; also in the spelling without umlauts where the language has one."""
    spellings = {pattern}
    for letters, spelling in vocabulary.spellings:
        spellings |= {written.replace(letters, spelling) for written in spellings}
    for written in spellings:
        # Folded before it is expanded: thousands of phrases share their few words.
        marked = _fold(written.translate(_BRACKETS), vocabulary.exact).translate(_BRACKETS_BACK)
        for phrase in expand(marked):
            yield " ".join(phrase.split())


def expand(pattern: str) -> Iterator[str]:
    """Every phrase a pattern stands for: one choice of each `[a|b|]` group."""
    before, bracket, rest = pattern.partition("[")
    if not bracket:
        yield before
        return
    choices, _, after = rest.partition("]")
    tails = list(expand(after))
    for choice in choices.split("|"):
        for tail in tails:
            yield before + choice + tail

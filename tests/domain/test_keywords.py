"""Is a stop understood however it is typed, and is it never read into an ordinary sentence?"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import keywords
from domain.keyword_tables import VOCABULARIES
from domain.keywords import STOP_LANGUAGES, Command, expand, is_stop, match_command, normalise
from tests.domain.ordinary_sentences import ORDINARY, ORDINARY_WORDS, UNMISTAKABLE

STOP_WORDS = sorted(
    {
        phrase
        for vocabulary in VOCABULARIES
        for pattern in vocabulary.words.get(Command.STOP, ())
        for phrase in expand(pattern)
        if not vocabulary.exact and not phrase.startswith("=") and phrase.strip()
    }
)
STOP_PHRASES = sorted(
    {
        phrase
        for vocabulary in VOCABULARIES
        for pattern in vocabulary.phrases.get(Command.STOP, ())
        for phrase in list(expand(pattern))[::17]
        if not vocabulary.exact
    }
)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u2066\ufe0f\u034f\U000e0061\u3164"
ZALGO = "\u0301\u0308\u0327\u0336\u20dd"
EDGES = ' .,!?…-–—*_~"«»()[]{}<>/\\|#@&\n\t 👍🙏🏽❤️😡🚫✋💬'


def widened(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def bold(text: str) -> str:
    return "".join(chr(0x1D400 + ord(char) - ord("A")) if "A" <= char <= "Z" else char for char in text)


DISGUISES = (str, str.upper, str.lower, str.title, str.swapcase, widened, bold, lambda text: widened(text.upper()))


@st.composite
def decorated(draw: st.DrawFn, words: list[str], marks: str = INVISIBLE) -> str:
    text = draw(st.sampled_from(DISGUISES))(draw(st.sampled_from(words)))
    text = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), text)
    for place in draw(st.lists(st.integers(0, len(text)), max_size=4)):
        text = text[:place] + draw(st.sampled_from(marks)) + text[place:]
    edge = st.text(alphabet=EDGES, max_size=5)
    return draw(edge) + text + draw(edge)


@given(decorated(STOP_WORDS))
def test_a_stop_word_is_found_under_any_case_width_punctuation_emoji_or_invisible_character(text: str) -> None:
    assert match_command(text) is Command.STOP


@given(decorated(STOP_PHRASES))
def test_a_stop_phrase_is_found_under_any_decoration(text: str) -> None:
    assert match_command(text) is Command.STOP


@given(decorated([word for word in STOP_WORDS if word.isascii()], marks=ZALGO))
def test_a_stop_word_is_found_under_accents_and_strikes(text: str) -> None:
    assert match_command(text) is Command.STOP


@given(
    decorated(STOP_WORDS)
    | decorated(STOP_PHRASES)
    | decorated([word for word in STOP_WORDS if word.isascii()], marks=ZALGO)
    | st.lists(st.sampled_from(ORDINARY_WORDS + STOP_WORDS + list("stop.!")), max_size=8).map(" ".join)
    | st.text(alphabet="STOPstopсторSТОР0. '🛑", max_size=12)
    | st.text(max_size=80)
)
def test_the_quick_question_for_a_stop_has_the_same_answer(text: str) -> None:
    assert is_stop(text) is (match_command(text) is Command.STOP)


@pytest.mark.parametrize("text", [*UNMISTAKABLE, *ORDINARY, *STOP_WORDS, *STOP_PHRASES])
def test_the_quick_question_has_the_same_answer_for_every_known_text(text: str) -> None:
    assert is_stop(text) is (match_command(text) is Command.STOP)


@given(st.text(st.characters(max_codepoint=127)), st.booleans())
def test_plain_letters_are_folded_as_all_others(text: str, keep: bool) -> None:
    # A letter that is not ASCII takes the long way; what it adds is taken off again.
    assert normalise(text, keep_vietnamese=keep) == normalise(f"{text} щ", keep_vietnamese=keep)[:-1].rstrip()


@given(st.sampled_from(["stop", "STOP", "unsubscribe", "стоп", "στοπ", "parar"]), st.data())
def test_stretched_letters_still_stop(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    times = data.draw(st.integers(3, 40))
    assert match_command(word[:place] + word[place] * times + word[place + 1 :]) is Command.STOP


@given(st.sampled_from(STOP_WORDS), st.sampled_from(ORDINARY_WORDS), st.sampled_from(ORDINARY_WORDS))
def test_a_stop_word_between_ordinary_words_is_none(word: str, before: str, after: str) -> None:
    assert match_command(f"{before} {word} {after}") is None


@given(st.lists(st.sampled_from(ORDINARY_WORDS), min_size=1, max_size=12))
def test_ordinary_words_in_any_order_are_no_command(words: list[str]) -> None:
    assert match_command(" ".join(words)) is None


@given(st.text(max_size=300))
def test_any_text_is_answered_without_error(text: str) -> None:
    assert match_command(text) in {*Command, None}


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize("text", UNMISTAKABLE)
def test_an_unmistakable_wish_is_a_stop(text: str) -> None:
    assert match_command(text) is Command.STOP


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_sentence_is_no_stop(text: str) -> None:
    assert match_command(text) not in {Command.STOP, Command.ERASE, Command.YES}


def test_the_corpora_are_large_enough_to_mean_something() -> None:
    assert len(ORDINARY) >= 200
    assert len(UNMISTAKABLE) >= 100
    assert len(STOP_LANGUAGES) >= 30
    assert len(set(STOP_LANGUAGES)) == len(STOP_LANGUAGES)


def test_every_language_has_a_stop_word() -> None:
    assert all(vocabulary.words[Command.STOP] for vocabulary in VOCABULARIES)


def test_no_phrase_means_two_commands() -> None:
    meanings: dict[str, set[Command]] = {}
    for lexicon in keywords._lexicons():
        for phrase, command in (lexicon.alone | lexicon.whole).items():
            meanings.setdefault(phrase, set()).add(command)
    assert [phrase for phrase, commands in meanings.items() if len(commands) > 1] == []
    assert "" not in meanings


@pytest.mark.parametrize("sign", ["🛑", "🛑🛑🛑", " ⛔ ", "🔕", "🛑!", "🛑\ufe0f"])
def test_a_message_of_stop_signs_alone_is_a_stop(sign: str) -> None:
    assert match_command(sign) is Command.STOP


@pytest.mark.parametrize(
    "text", ["ѕtор", "stοp", "cтоп", "st0p", "s.t.o.p", "S T O P", "s-t-o-p please", "ⓢⓣⓞⓟ", "🅂🅃🄾🄿"]
)
def test_letters_that_only_look_right_still_stop(text: str) -> None:
    assert match_command(text) is Command.STOP


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("dừng lại", Command.STOP),
        ("DỪNG", Command.STOP),
        ("dừng", Command.STOP),
        ("dung gui tin nhan", Command.STOP),
        ("start", Command.START),
        ("Offers again, please", Command.START),
        ("ich möchte wieder Angebote", Command.START),
        ("quiero ofertas", Command.START),
        ("my data", Command.EXPORT),
        ("send me a copy of my data please", Command.EXPORT),
        ("Welche Daten habt ihr über mich gespeichert?", Command.EXPORT),
        ("quiero una copia de mis datos", Command.EXPORT),
        ("je veux une copie de mes données", Command.EXPORT),
        ("voglio una copia dei miei dati", Command.EXPORT),
        ("quero uma cópia dos meus dados", Command.EXPORT),
        ("delete my data", Command.ERASE),
        ("Hello. I am leaving. Please delete my data!", Command.ERASE),
        ("Bitte löschen Sie alle meine Daten", Command.ERASE),
        ("loesche meine daten", Command.ERASE),
        ("borren mis datos", Command.ERASE),
        ("supprimez toutes mes données", Command.ERASE),
        ("cancellate i miei dati", Command.ERASE),
        ("apaguem os meus dados", Command.ERASE),
        ("удалите мои данные", Command.ERASE),
        ("cancel", Command.CANCEL),
        ("Abbrechen", Command.CANCEL),
        ("help", Command.HELP),
        ("Hilfe!", Command.HELP),
        ("I want to talk to a human", Command.HUMAN),
        ("ich möchte mit einem Menschen sprechen", Command.HUMAN),
        ("hablar con una persona", Command.HUMAN),
        ("yes", Command.YES),
        ("Yes, please!", Command.YES),
        ("Sí, quiero", Command.YES),
        ("oui", Command.YES),
        ("sim", Command.YES),
        ("no thanks", Command.NO),
        ("Nein danke", Command.NO),
        ("No, gracias", Command.NO),
        ("non merci", Command.NO),
        ("não, obrigado", Command.NO),
    ],
)
def test_other_commands_are_understood(text: str, command: Command) -> None:
    assert match_command(text) is command


@pytest.mark.parametrize("text", ["yes?", "sicuro?", "sí?", "ja？", "نعم؟"])
def test_a_question_is_never_a_yes(text: str) -> None:
    assert match_command(text) is None


@pytest.mark.parametrize("text", ["ok", "okay", "y", "1", "👍", "tak", "da", "ya", "fine", "maybe", "yes and no"])
def test_what_is_no_clear_agreement_is_no_yes(text: str) -> None:
    assert match_command(text) is not Command.YES


def test_a_stop_goes_before_other_wishes_of_the_same_message() -> None:
    assert match_command("Delete my data. Stop sending me messages.") is Command.STOP


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "?!", "x" * 100_000, "stop " * 50_000, "\ud800", "\x00"])
def test_odd_messages_are_no_command(text: str) -> None:
    assert match_command(text) is None

"""Is a confirmation sent only with the receipt that its record will say was sent?"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest

from bot.opt_in import confirm, confirmation_purpose
from bot.texts import load_texts
from bot.turn import Turn
from domain.texts import Texts
from privacy.ledger import Recorded

CATALOG = load_texts()
RECORDED = Recorded(record_id=UUID(int=7), receipt="K7PM-2XQ4-0123-4567-89AB-CDEF-GHJK-MNPQ")
CONFIRMED = ("chat.consent.given", "chat.consent.refused", "chat.stop.done")
VALUES = {"page": "Café Aurora", "topic": "offers and news", "age": 16}


class Mute:
    """Texts whose line for the receipt has lost its placeholder."""

    def text(self, key: str, **values: Any) -> str:
        return "Receipt"


def turn(texts: Texts | Mute) -> Turn:
    """A turn that only collects what is said."""
    nothing = cast("Any", None)
    return Turn(
        tx=nothing,
        store=nothing,
        page=nothing,
        lead=nothing,
        notice=nothing,
        texts=cast("Texts", texts),
        evidence=nothing,
        now=nothing,
        first=False,
        speaks=True,
    )


@pytest.mark.parametrize("key", CONFIRMED)
@pytest.mark.parametrize("language", sorted(CATALOG.by_language))
def test_the_receipt_that_the_echo_is_known_by_stands_in_the_words_in_every_language(language: str, key: str) -> None:
    texts = CATALOG.by_language[language]
    said = turn(texts)
    confirm(said, RECORDED, texts.text(key, **{name: VALUES[name] for name in texts.placeholders(key)}))
    [(purpose, message)] = said._answers
    kind, record, code, _ = purpose.split("/")
    assert (kind, record, code) == ("confirmation", RECORDED.record_id.hex, RECORDED.receipt)
    assert code in cast("Any", message).text


def test_words_without_the_receipt_are_refused_and_not_said() -> None:
    said = turn(Mute())
    with pytest.raises(ValueError, match="must show the receipt"):
        confirm(said, RECORDED, "Thank you.")
    assert said._answers == []
    with pytest.raises(ValueError, match="must show the receipt"):
        confirmation_purpose(RECORDED, f"Thank you. {RECORDED.receipt[:-1]}")

"""Does the mark that travels with a message find its attempt again, and nothing else?"""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import STEPS, CampaignState, sources, text_for
from domain.delivery import OPEN, SETTLED, DeliveryState, attempt_of, metadata_of


@given(st.uuids())
def test_an_attempt_is_found_again_by_the_metadata_it_sent(attempt: UUID):
    assert attempt_of(metadata_of(attempt)) == attempt


@given(st.none() | st.text())
def test_foreign_metadata_names_no_attempt(metadata):
    assert attempt_of(metadata) is None


def test_metadata_of_another_shape_names_no_attempt():
    attempt = UUID(int=1)
    for wrong in (
        f"assent1.{attempt}",
        f"assent1.{attempt.hex.upper().replace('0', 'A')}",
        f"assent1.{attempt.hex}0",
        f"assent2.{attempt.hex}",
    ):
        assert attempt_of(wrong) is None


def test_only_unknown_is_neither_open_nor_settled():
    assert set(DeliveryState) - OPEN - SETTLED == {DeliveryState.UNKNOWN}


def test_nothing_leaves_an_ended_campaign():
    assert STEPS[CampaignState.FINISHED] == STEPS[CampaignState.CANCELLED] == frozenset()
    assert set(sources(CampaignState.RUNNING)) == {CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED}


@given(st.none() | st.text(max_size=5))
def test_everybody_gets_a_text_in_a_language_it_was_written_in(language):
    texts = {"en": "Hello", "de": "Hallo"}
    chosen, text = text_for(texts, language, "en")
    assert texts[chosen] == text


def test_a_locale_finds_its_language():
    texts = {"en": "Hello", "de": "Hallo"}
    assert text_for(texts, "de_AT", "en") == ("de", "Hallo")
    assert text_for(texts, "fr_FR", "en") == ("en", "Hello")

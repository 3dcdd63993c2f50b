"""Does a campaign's content come back from its file and its row as it was, and is every fault of form found?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content import (
    Card,
    Content,
    ContentButton,
    ContentInvalid,
    Image,
    LinkButton,
    TapButton,
    decode,
    encode,
    form_of,
    is_own_payload,
    read_form,
    tap_payload,
)
from domain.stop_payload import is_stop

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TAPS = st.builds(TapButton, title=WORDS, payload=WORDS)
BUTTONS: st.SearchStrategy[ContentButton] = st.builds(LinkButton, title=WORDS, url=WORDS) | TAPS
CARDS = st.builds(
    Card,
    title=WORDS,
    subtitle=st.none() | WORDS,
    image=st.none() | WORDS,
    link=st.none() | WORDS,
    buttons=st.lists(BUTTONS, max_size=3).map(tuple),
)
CONTENTS = st.builds(
    Content,
    text=st.none() | WORDS,
    image=st.none() | st.builds(Image, url=WORDS) | st.builds(Image, attachment_id=WORDS),
    cards=st.lists(CARDS, max_size=3).map(tuple),
    buttons=st.lists(BUTTONS, max_size=3).map(tuple),
    quick_replies=st.lists(TAPS, max_size=3).map(tuple),
)


@given(CONTENTS)
def test_what_is_stored_comes_back_as_it_was(content: Content) -> None:
    assert decode(encode(content)) == content
    assert read_form(form_of(content), "texts.en") == content


def test_the_stored_form_begins_with_its_version() -> None:
    assert encode(Content(text="Hallo")) == '{"content":1,"text":"Hallo"}'


@pytest.mark.parametrize(
    "body", ["Hello {{first_name|there}}", '{"text": "x"}', "", "{", '{"content": 1}', '{"content":12}']
)
def test_a_plain_text_of_before_is_a_text(body: str) -> None:
    assert decode(body) == Content(text=body)


def test_every_fault_of_a_form_is_said_with_its_place() -> None:
    form = {
        "txt": "Hallo",
        "image": {"attachment_id": "1", "url": "https://shop.example/a.png"},
        "cards": [{"subtitle": 3}, "x", {"title": "a", "buttons": [{"title": "b"}]}],
        "buttons": {"title": "b"},
        "quick_replies": [{"title": "b", "url": "https://shop.example"}],
    }
    with pytest.raises(ContentInvalid) as invalid:
        read_form(form, "texts.de")
    assert [fault.partition(":")[0] for fault in invalid.value.faults] == [
        "texts.de.txt",
        "texts.de.image",
        "texts.de.cards[0].title",
        "texts.de.cards[0].subtitle",
        "texts.de.cards[1]",
        "texts.de.cards[2].buttons[0]",
        "texts.de.buttons",
        "texts.de.quick_replies[0].url",
        "texts.de.quick_replies[0].payload",
    ]


def test_a_form_that_is_no_table_is_refused() -> None:
    with pytest.raises(ContentInvalid, match=r"texts\.de: must be a table"):
        read_form(3, "texts.de")


@given(st.text())
def test_no_payload_of_a_marketer_is_a_stop(payload: str) -> None:
    assert not is_stop(tap_payload(12, payload))
    assert is_own_payload(tap_payload(12, payload))


def test_images_go_at_the_slower_pace() -> None:
    assert Content(image=Image(attachment_id="1")).is_media
    assert not Content(text="x", cards=(Card(title="y", image="https://shop.example/a.png"),)).is_media

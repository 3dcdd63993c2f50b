"""Does every content become a message that the platform takes and that says how to stop?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import payloads
from bot.texts import load_texts
from broadcast.composing import compose
from broadcast.content_faults import faults_of_content
from domain.content import Card, Content, ContentButton, Image, LinkButton, TapButton, read_form
from domain.ids import CampaignId, Psid
from domain.personal import Pii
from messenger.messages import send_body
from simulator.messages import check_message

TEXTS = load_texts()
ENGLISH = TEXTS.choose("en")
LINK = "https://assent.example/u/" + "x" * 60
CAMPAIGN = CampaignId(12)
SENDS = Path(__file__).parent.parent / "vectors" / "sends"
GOLDEN = sorted(path.stem for path in SENDS.glob("*.json"))


def message_of(content: Content, first_name: str | None = None, language: str = "en") -> dict[str, Any]:
    texts = TEXTS.choose(language)
    made = compose(content, first_name=first_name, link=LINK, campaign_id=CAMPAIGN, texts=texts)
    body: dict[str, Any] = json.loads(send_body(Pii(Psid("7310482919283746")), made, "a1b2", "UPDATE"))
    return body


def faults(content: Content, language: str = "en") -> list[str]:
    return faults_of_content(content, f"texts.{language}", link=LINK, texts=TEXTS.choose(language))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_body_of_each_kind_is_as_it_was_frozen(name: str) -> None:
    vector = json.loads((SENDS / f"{name}.json").read_text(encoding="utf-8"))
    content = read_form(vector["form"], "")
    assert faults(content, vector["language"]) == []
    assert message_of(content, vector["first_name"], vector["language"]) == vector["body"]


def test_every_kind_of_content_is_frozen() -> None:
    assert GOLDEN == [
        "cards",
        "image_by_address",
        "image_by_attachment",
        "image_on_facebook",
        "long_text_with_quick_replies",
        "text",
        "text_with_buttons",
    ]


SHORT = st.text(max_size=22)
NAMED = SHORT | SHORT.map(lambda words: words + " {{first_name|you}}")
URLS = st.sampled_from(
    ["https://shop.example/a?b=c", "http://shop.example", "https://www.facebook.com/photo?fbid=1", ""]
)
TAPS = st.builds(TapButton, title=NAMED, payload=SHORT | st.just("x" * 990))
BUTTONS: st.SearchStrategy[ContentButton] = st.builds(LinkButton, title=NAMED, url=URLS) | TAPS
SOME = st.lists(BUTTONS, max_size=4).map(tuple)
TEXT = st.builds(lambda words, times: words * times, NAMED, st.sampled_from([1, 1, 20, 90]))
CONTENTS = (
    st.builds(
        Content,
        text=TEXT,
        buttons=SOME,
        quick_replies=st.lists(TAPS, max_size=3).map(tuple) | st.lists(TAPS, min_size=12, max_size=14).map(tuple),
    )
    | st.builds(
        Content,
        text=st.none() | NAMED,
        image=st.builds(Image, url=URLS) | st.builds(Image, attachment_id=st.sampled_from(["178", "", "x"])),
        buttons=SOME,
    )
    | st.builds(
        Content,
        cards=st.lists(
            st.builds(Card, title=NAMED, subtitle=st.none() | NAMED, image=st.none() | URLS, buttons=SOME),
            min_size=1,
            max_size=11,
        ).map(tuple),
    )
)
NAMES = st.none() | st.text(max_size=200) | st.sampled_from(["Zoë", "n" * 60, "👩‍👩‍👧‍👦" * 60])


@given(CONTENTS, NAMES, st.sampled_from(TEXTS.languages))
def test_what_has_no_fault_is_taken_and_can_be_stopped_whatever_the_name(
    content: Content, name: str | None, language: str
) -> None:
    if faults(content, language):
        return
    message = message_of(content, name, language)["message"]
    check_message(message)
    assert taps_of(message).count("assent:stop:12") == 1
    others = [payload for payload in taps_of(message) if payload != "assent:stop:12"]
    assert all(payloads.read(payload) == payloads.CampaignTap() for payload in others)


def taps_of(value: Any) -> list[str]:
    """Every payload of a button or quick reply, wherever it stands."""
    if isinstance(value, dict):
        own = [value["payload"]] if isinstance(value.get("payload"), str) else []
        return own + [tap for inner in value.values() for tap in taps_of(inner)]
    return [tap for inner in value for tap in taps_of(inner)] if isinstance(value, list) else []


OPEN = LinkButton(title="Open", url="https://shop.example")
LATER = TapButton(title="Later", payload="later")
CARD = Card(title="Blend", subtitle="Fresh")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(), "texts.en: give a text, an image or cards"),
        (Content(text=" "), "texts.en.text: is empty"),
        (Content(text="a\x00"), "texts.en.text: holds characters"),
        (Content(text="Hi", buttons=(OPEN, LATER, OPEN)), "texts.en.buttons: 3 of at most 2"),
        (Content(text="x" * 600, buttons=(OPEN,)), "texts.en.text: 600 of at most "),
        (Content(text="x" * 500 + "{{first_name|you}}", buttons=(OPEN,)), "texts.en.text: 620 of at most "),
        (Content(text="x" * 700, quick_replies=(LATER,) * 13), "texts.en.quick_replies: 13 of at most 12"),
        (Content(text="x", quick_replies=(LATER,) * 14), "texts.en.quick_replies: 14 of at most 13"),
        (
            Content(text="x", quick_replies=(TapButton(title="x" * 21, payload="y"),)),
            "texts.en.quick_replies[0].title: 21 of at most 20",
        ),
        (
            Content(text="x", quick_replies=(TapButton(title="y", payload="y" * 990),)),
            "texts.en.quick_replies[0].payload: 990 of at most 971",
        ),
        (
            Content(text="x", buttons=(LinkButton(title="👩‍👩‍👧‍👦" * 2, url="https://shop.example"),)),
            "texts.en.buttons[0].title: 22 of at most 20 (the platform counts the 2 you see as 22",
        ),
        (
            Content(text="x", buttons=(LinkButton(title="Open", url="http://shop.example"),)),
            "texts.en.buttons[0].url: give an address that begins with https://",
        ),
        (
            Content(text="x", buttons=(TapButton(title="Hi {{name|x}}", payload="y"),)),
            "texts.en.buttons[0].title: position 4: there is no such variable",
        ),
        (
            Content(text="x", buttons=(TapButton(title="STOP", payload="y"),)),
            "buttons[0].title: reads like a way to stop",
        ),
        (Content(image=Image(attachment_id="x")), "texts.en.image.attachment_id: give the number"),
        (Content(image=Image(attachment_id="1"), text="x"), "texts.en.text: the platform shows no words"),
        (Content(image=Image(url="https://shop.example/a.png")), "texts.en.text: is empty"),
        (Content(image=Image(url="https://[")), "texts.en.image.url: give an address"),
        (
            Content(image=Image(attachment_id="1"), buttons=(OPEN,) * 3),
            "texts.en.buttons: 3 of at most 2",
        ),
        (Content(text="x", cards=(CARD,)), "texts.en.text: cards stand alone"),
        (Content(cards=(CARD,) * 11), "texts.en.cards: 11 of at most 10"),
        (Content(cards=(Card(title="x"), CARD)), "texts.en.cards[0]: give it a subtitle"),
        (Content(cards=(Card(title="x" * 81),)), "texts.en.cards[0].title: 81 of at most 80"),
        (Content(cards=(Card(title="x", subtitle="x" * 81),)), "texts.en.cards[0].subtitle: 81 of at most 80"),
        (Content(cards=(Card(title="x", link="ftp://x.example"),)), "texts.en.cards[0].link: give an address"),
        (Content(cards=(Card(title="x", buttons=(OPEN,) * 3),)), "texts.en.cards[0].buttons: 3 of at most 2"),
        (
            Content(cards=(CARD, CARD, Card(title="x", buttons=(TapButton(title="y" * 24, payload="z"),)))),
            "texts.en.cards[2].buttons[0].title: 24 of at most 20",
        ),
    ],
)
def test_each_fault_names_its_field_and_language(content: Content, said: str) -> None:
    assert any(said in fault for fault in faults(content)), faults(content)


def test_all_but_the_last_card_may_have_three_buttons() -> None:
    full = Card(title="x", buttons=(OPEN, LATER, OPEN))
    assert faults(Content(cards=(full, CARD))) == []


def test_a_name_that_does_not_fit_into_a_title_gives_way_to_the_words_behind_the_bar() -> None:
    content = Content(text="Hi", buttons=(TapButton(title="{{first_name|You}}, later", payload="later"),))
    assert faults(content) == []
    titles = [
        message_of(content, name)["message"]["attachment"]["payload"]["buttons"][0]["title"]
        for name in ("Zoë", "n" * 20)
    ]
    assert titles == ["Zoë, later", "You, later"]

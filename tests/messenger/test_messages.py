import json
from typing import Any

import pytest

from domain.ids import Psid
from domain.personal import Pii
from messenger.limits import units
from messenger.messages import (
    ButtonTemplate,
    Element,
    FaultRule,
    GenericTemplate,
    ImageMessage,
    MessageInvalid,
    OutgoingMessage,
    PostbackButton,
    QuickReply,
    TextMessage,
    UrlButton,
    UtilityTemplate,
    send_body,
)
from messenger.profile import MessengerProfile

PSID = Pii(Psid("6012345678901234"))
STOP = PostbackButton(title="Unsubscribe", payload="STOP")
OPEN = UrlButton(title="Read more", url="https://shop.example/a?b=c")


def sent(message: OutgoingMessage) -> Any:
    return json.loads(send_body(PSID, message, "a1b2", "RESPONSE"))["message"]


def faults_of(make: Any) -> dict[str, FaultRule]:
    with pytest.raises(MessageInvalid) as invalid:
        make()
    return {fault.field: fault.rule for fault in invalid.value.faults}


def test_a_text_goes_out_with_type_and_metadata() -> None:
    assert json.loads(send_body(PSID, TextMessage(text="Tschüß 😀"), "a1b2", "UPDATE")) == {
        "recipient": {"id": "6012345678901234"},
        "messaging_type": "UPDATE",
        "message": {"text": "Tschüß 😀", "metadata": "a1b2"},
    }


def test_quick_replies_stand_beside_the_text() -> None:
    message = TextMessage(text="More?", quick_replies=(QuickReply(title="Yes", payload="CONSENT:v3:yes"),))
    assert sent(message)["quick_replies"] == [{"content_type": "text", "title": "Yes", "payload": "CONSENT:v3:yes"}]


def test_a_button_template_has_the_platforms_shape() -> None:
    assert sent(ButtonTemplate(text="News", buttons=(OPEN, STOP)))["attachment"] == {
        "type": "template",
        "payload": {
            "template_type": "button",
            "text": "News",
            "buttons": [
                {"type": "web_url", "title": "Read more", "url": "https://shop.example/a?b=c"},
                {"type": "postback", "title": "Unsubscribe", "payload": "STOP"},
            ],
        },
    }


def test_a_generic_template_has_the_platforms_shape() -> None:
    element = Element(
        title="Shoe", subtitle="Red", image_url="https://cdn.example/i", tap_url="https://shop.example", buttons=(STOP,)
    )
    assert sent(GenericTemplate(elements=(element, Element(title="Hat"))))["attachment"]["payload"] == {
        "template_type": "generic",
        "elements": [
            {
                "title": "Shoe",
                "subtitle": "Red",
                "image_url": "https://cdn.example/i",
                "default_action": {"type": "web_url", "url": "https://shop.example"},
                "buttons": [{"type": "postback", "title": "Unsubscribe", "payload": "STOP"}],
            },
            {"title": "Hat"},
        ],
    }


def test_an_image_goes_by_address_or_by_id() -> None:
    by_url = sent(ImageMessage(url="https://cdn.example/i"))["attachment"]
    by_id = sent(ImageMessage(attachment_id="123"))["attachment"]
    assert by_url == {"type": "image", "payload": {"url": "https://cdn.example/i"}}
    assert by_id == {"type": "image", "payload": {"attachment_id": "123"}}
    assert faults_of(lambda: ImageMessage()) == {"url": FaultRule.NOT_ONE_OF_TWO}
    assert faults_of(lambda: ImageMessage(url="https://a.example", attachment_id="1")) == {
        "url": FaultRule.NOT_ONE_OF_TWO
    }


def test_a_utility_template_sits_directly_under_the_message_and_fixes_the_type() -> None:
    body = json.loads(
        send_body(PSID, UtilityTemplate(name="order", language="de", parameters=("17",)), "a1", "RESPONSE")
    )
    assert body["messaging_type"] == "UTILITY"
    assert body["message"]["template"] == {
        "name": "order",
        "language": {"code": "de"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "17"}]}],
    }


def test_text_is_counted_in_utf16_units() -> None:
    assert units("a😀ä") == 4
    TextMessage(text="😀" * 999)
    assert faults_of(lambda: TextMessage(text="😀" * 1000)) == {"text": FaultRule.TOO_LONG}


def test_a_text_of_no_words_or_broken_characters_is_refused() -> None:
    assert faults_of(lambda: TextMessage(text=" \n")) == {"text": FaultRule.EMPTY}
    assert faults_of(lambda: TextMessage(text="a\ud800")) == {"text": FaultRule.NOT_TEXT}
    assert faults_of(lambda: TextMessage(text="a\x00")) == {"text": FaultRule.NOT_TEXT}


def test_all_faulty_fields_are_named_at_once() -> None:
    replies = tuple(QuickReply(title="x" * 21, payload="p") for _ in range(14))
    found = faults_of(lambda: TextMessage(text="", quick_replies=replies))
    assert found["text"] is FaultRule.EMPTY
    assert found["quick_replies"] is FaultRule.TOO_MANY
    assert found["quick_replies[13].title"] is FaultRule.TOO_LONG
    assert len(found) == 16


@pytest.mark.parametrize(
    ("buttons", "field", "rule"),
    [
        ((), "buttons", FaultRule.EMPTY),
        ((STOP,) * 4, "buttons", FaultRule.TOO_MANY),
        ((PostbackButton(title="t" * 21, payload="p"),), "buttons[0].title", FaultRule.TOO_LONG),
        ((PostbackButton(title="t", payload="p" * 1001),), "buttons[0].payload", FaultRule.TOO_LONG),
        ((STOP, PostbackButton(title="", payload="p")), "buttons[1].title", FaultRule.EMPTY),
        ((UrlButton(title="t", url="ftp://a.example"),), "buttons[0].url", FaultRule.NOT_A_WEB_ADDRESS),
        ((UrlButton(title="t", url="javascript:alert(1)"),), "buttons[0].url", FaultRule.NOT_A_WEB_ADDRESS),
        ((UrlButton(title="t", url="https://"),), "buttons[0].url", FaultRule.NOT_A_WEB_ADDRESS),
        ((UrlButton(title="t", url="https://a@b.example"),), "buttons[0].url", FaultRule.NOT_A_WEB_ADDRESS),
        ((UrlButton(title="t", url="https://a b"),), "buttons[0].url", FaultRule.NOT_A_WEB_ADDRESS),
        ((UrlButton(title="t", url="https://[bad"),), "buttons[0].url", FaultRule.NOT_A_WEB_ADDRESS),
    ],
)
def test_a_faulty_button_is_named(buttons: Any, field: str, rule: FaultRule) -> None:
    assert faults_of(lambda: ButtonTemplate(text="t", buttons=buttons)) == {field: rule}


def test_a_faulty_card_is_named() -> None:
    assert faults_of(lambda: GenericTemplate(elements=())) == {"elements": FaultRule.EMPTY}
    bad = Element(title="t" * 81, subtitle="", image_url="x", tap_url="y", buttons=(STOP,) * 4)
    assert faults_of(lambda: GenericTemplate(elements=(Element(title="ok"), bad))) == {
        "elements[1].title": FaultRule.TOO_LONG,
        "elements[1].subtitle": FaultRule.EMPTY,
        "elements[1].image_url": FaultRule.NOT_A_WEB_ADDRESS,
        "elements[1].tap_url": FaultRule.NOT_A_WEB_ADDRESS,
        "elements[1].buttons": FaultRule.TOO_MANY,
    }
    assert faults_of(lambda: GenericTemplate(elements=(Element(title="t"),) * 11)) == {"elements": FaultRule.TOO_MANY}


@pytest.mark.parametrize("metadata", ["", "x" * 1000])
def test_metadata_is_there_and_within_its_limit(metadata: str) -> None:
    with pytest.raises(MessageInvalid):
        send_body(PSID, TextMessage(text="t"), metadata, "RESPONSE")


def test_neither_errors_nor_reprs_show_words() -> None:
    with pytest.raises(MessageInvalid) as invalid:
        TextMessage(text="Anna" * 1000)
    assert "Anna" not in str(invalid.value)
    assert str(invalid.value) == "message invalid: text: too_long (4000 of at most 1999)"
    card = Element(title="Anna", subtitle="Anna", buttons=(PostbackButton(title="Anna", payload="Anna"),))
    for message in (
        TextMessage(text="Anna", quick_replies=(QuickReply(title="Anna", payload="Anna"),)),
        GenericTemplate(elements=(card,)),
        UtilityTemplate(name="order", language="de", parameters=("Anna",)),
    ):
        assert "Anna" not in repr(message)


def test_a_profile_has_the_platforms_shape() -> None:
    profile = MessengerProfile(
        get_started_payload="GET_STARTED",
        greetings={"default": "Hi", "de_DE": "Hallo"},
        menus={"default": (PostbackButton(title="Unsubscribe from everything", payload="STOP"), OPEN)},
    )
    assert profile.json() == {
        "get_started": {"payload": "GET_STARTED"},
        "greeting": [{"locale": "default", "text": "Hi"}, {"locale": "de_DE", "text": "Hallo"}],
        "persistent_menu": [
            {
                "locale": "default",
                "composer_input_disabled": False,
                "call_to_actions": [
                    {"type": "postback", "title": "Unsubscribe from everything", "payload": "STOP"},
                    {"type": "web_url", "title": "Read more", "url": "https://shop.example/a?b=c"},
                ],
            }
        ],
    }


def test_a_faulty_profile_is_named() -> None:
    found = faults_of(
        lambda: MessengerProfile(
            get_started_payload="",
            greetings={"de_DE": "x" * 161},
            menus={"de_DE": (PostbackButton(title="t" * 31, payload="p"),) * 21},
        )
    )
    assert found["get_started_payload"] is FaultRule.EMPTY
    assert found["greetings.default"] is FaultRule.EMPTY
    assert found["greetings.de_DE"] is FaultRule.TOO_LONG
    assert found["menus.default"] is FaultRule.EMPTY
    assert found["menus.de_DE"] is FaultRule.TOO_MANY
    assert found["menus.de_DE[20].title"] is FaultRule.TOO_LONG

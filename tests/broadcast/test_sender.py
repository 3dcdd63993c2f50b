"""Does every campaign message say how to stop, in the person's language and within the platform's limits?"""

from uuid import uuid4

import pytest

from bot.texts import load_texts
from broadcast.composing import compose as compose_content
from broadcast.sender import CampaignContent, Sender, StopLinks
from domain.content import Content
from domain.ids import CampaignId, LeadId, Psid
from domain.lead import LeadProfile
from domain.personal import Pii
from domain.tokens import read_unsubscribe
from messenger import limits
from messenger.messages import ButtonTemplate, MessageInvalid, TextMessage
from storage.deliveries import ClaimedDelivery
from tests.broadcast.people import NOW, PAGE, make_keys
from tests.broadcast.people import page_value as page

TEXTS = load_texts()
LINK = "https://assent.example/u/" + "x" * 60
CAMPAIGN = CampaignId(12)


def compose(text, link, campaign_id, texts):
    return compose_content(Content(text=text), first_name=None, link=link, campaign_id=campaign_id, texts=texts)


@pytest.mark.parametrize("language", TEXTS.languages)
def test_every_language_has_the_line_and_the_control(language):
    message = compose("Sale!", LINK, CAMPAIGN, TEXTS.choose(language))
    assert isinstance(message, ButtonTemplate)
    assert LINK in message.text
    assert message.text.startswith("Sale!\n\n")
    assert message.buttons[0].payload == "assent:stop:12"


def test_a_text_too_long_for_a_button_has_a_quick_reply_and_the_same_line():
    message = compose("y" * 641, LINK, CAMPAIGN, TEXTS.choose("en"))
    assert isinstance(message, TextMessage)
    assert LINK in message.text
    assert message.quick_replies[0].payload == "assent:stop:12"


def test_the_longest_text_for_a_button_is_counted_with_its_line():
    line = compose("", LINK, CAMPAIGN, TEXTS.choose("en")).text
    fits = "😀" * ((limits.BUTTON_TEXT_MAX - limits.units(line)) // 2)
    assert isinstance(compose(fits, LINK, CAMPAIGN, TEXTS.choose("en")), ButtonTemplate)
    assert isinstance(compose(fits + "😀", LINK, CAMPAIGN, TEXTS.choose("en")), TextMessage)


def test_a_text_that_leaves_no_room_for_the_line_is_refused_rather_than_sent_without():
    with pytest.raises(MessageInvalid):
        compose("y" * 1999, LINK, CAMPAIGN, TEXTS.choose("en"))


def sender(keys) -> Sender:
    links = StopLinks(public_url="https://assent.example", keys=keys)
    return Sender(client=None, catalog=TEXTS, links=links, clock=lambda: NOW)


def delivery(**profile) -> ClaimedDelivery:
    return ClaimedDelivery(
        campaign_id=CAMPAIGN,
        lead_id=LeadId(uuid4()),
        attempt_id=uuid4(),
        link_ref=uuid4(),
        profile=LeadProfile(psid=Pii(Psid("7310482919283746")), **profile),
    )


CONTENT = CampaignContent(
    campaign_id=CAMPAIGN,
    texts={"en": Content(text="Hello {{first_name|there}}!"), "de": Content(text="Hallo {{first_name|du}}!")},
)


def test_a_person_reads_their_language_and_name():
    keys = make_keys()
    one = delivery(language="de_AT", first_name=Pii("Zoë"))
    message = sender(keys).render(page(), CONTENT, one)
    assert message.text.startswith("Hallo Zoë!")
    token = message.text.partition("/u/")[2].split()[0]
    assert read_unsubscribe(token, keys.link_keys()).link_ref == one.link_ref


def test_others_read_the_pages_language_and_no_name_where_the_page_uses_none():
    message = sender(make_keys()).render(
        page(use_first_name=False), CONTENT, delivery(language="fr_FR", first_name=Pii("Zoë"))
    )
    assert message.text.startswith("Hello there!")


def test_a_name_cannot_bring_a_link_or_a_placeholder():
    evil = delivery(first_name=Pii("{{first_name}} https://evil.example\n"))
    text = sender(make_keys()).render(page(), CONTENT, evil).text
    first_line = text.split("\n")[0]
    assert "://" not in first_line
    assert "{{" not in first_line


def test_nothing_personal_stands_in_a_claims_repr():
    assert "Zoë" not in repr(delivery(first_name=Pii("Zoë")))
    assert PAGE not in repr(delivery())

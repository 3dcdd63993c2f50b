"""Does a test of a campaign reach only somebody who may be written to, and leave no trace in what is counted?"""

from datetime import timedelta
from uuid import uuid4

import pytest

from bot.texts import load_texts
from broadcast.campaigns import Campaigns
from broadcast.previews import Previews, TestRefused
from broadcast.sender import StopLinks
from domain.campaign import NewCampaign
from domain.content import Content, Image
from domain.ids import CampaignId, LeadId
from storage.errors import RowMissing
from tests.broadcast.people import NOW, OFFERS, PAGE, TEXT

TEXTS = load_texts()
URL = "https://assent.example"


@pytest.fixture
def previews(world):
    return Previews(store=world.store, catalog=TEXTS, links=StopLinks(public_url=URL, keys=world.keys))


async def draft(world, **contents) -> CampaignId:
    campaigns = Campaigns(store=world.store, catalog=TEXTS, public_url=URL)
    new = NewCampaign(page_id=PAGE, name="Winter", topic=OFFERS, texts=contents or {"en": TEXT})
    return await campaigns.create(new, now=NOW)


async def sent_test(world, previews, campaign_id, lead_id):
    page = await world.store.pages.get(PAGE)
    await previews.send_test(page, campaign_id, lead_id, now=NOW)


async def test_a_test_is_a_note_and_the_message_and_no_delivery(world, previews):
    await world.page()
    lead_id = await world.lead(language="de")
    campaign_id = await draft(world, en=TEXT, de="Hallo {{first_name|du}}, Schlussverkauf!")
    await sent_test(world, previews, campaign_id, lead_id)
    lease = await world.lane()
    said = []
    for _ in range(2):
        [answer] = await world.outbox.claim(lease, limit=10, now=NOW)
        said.append(answer.message)
        await world.execute("update outbox set state = 'sent' where outbox_id = $1", answer.outbox_id)
    assert said[0]["text"] == f"Test der Kampagne {campaign_id}, nur an dich gesendet:"
    assert said[1]["attachment"]["payload"]["text"].startswith("Hallo Zoë, Schlussverkauf!\n\nAbmelden: https://")
    assert await world.value("select count(*) from delivery") == 0
    assert await world.value("select count(*) from lead_sent") == 0
    assert await world.value("select count(*) from audit_entry") == 0


async def test_a_test_of_an_image_says_that_it_is_one(world, previews):
    await world.page()
    campaign_id = await draft(world, en=Content(image=Image(attachment_id="17")))
    await sent_test(world, previews, campaign_id, await world.lead())
    purposes = [row["purpose"] for row in await world.fetch("select purpose from outbox order by seq")]
    assert purposes == ["campaign_test", "campaign_test_media"]


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"suppressed": "stop"}, "stopped"),
        ({"topic_state": None}, "no_consent"),
        ({"window_until": None}, "window_closed"),
        ({"window_until": NOW + timedelta(minutes=4)}, "window_closed"),
        ({"erasing_since": NOW}, "erased"),
        ({"keyless": True}, "erased"),
        ({"restricted_since": NOW}, "restricted"),
    ],
)
async def test_who_may_not_be_written_to_gets_no_test(world, previews, person, reason):
    await world.page()
    lead_id = await world.lead(**person)
    campaign_id = await draft(world)
    with pytest.raises(TestRefused) as refused:
        await sent_test(world, previews, campaign_id, lead_id)
    assert refused.value.reason == reason
    assert await world.value("select count(*) from outbox") == 0


async def test_a_paused_page_sends_no_test(world, previews):
    await world.page(state="paused")
    lead_id, campaign_id = await world.lead(), await draft(world)
    with pytest.raises(TestRefused, match="page_restricted"):
        await sent_test(world, previews, campaign_id, lead_id)


async def test_quiet_hours_do_not_keep_a_test_back(world, previews):
    await world.page(quiet_from=0, quiet_until=1439)
    await sent_test(world, previews, await draft(world), await world.lead())
    assert await world.value("select count(*) from outbox") == 2


async def test_whoever_is_not_there_is_said(world, previews):
    await world.page()
    campaign_id = await draft(world)
    with pytest.raises(TestRefused, match="erased"):
        await sent_test(world, previews, campaign_id, LeadId(uuid4()))
    with pytest.raises(RowMissing):
        await sent_test(world, previews, CampaignId(99), await world.lead())


async def test_a_stop_takes_back_a_test_that_did_not_leave_and_no_answer_of_the_bot(world, previews):
    await world.page()
    lead_id = await world.lead()
    await sent_test(world, previews, await draft(world), lead_id)
    await world.execute(
        "insert into outbox (page_id, outbox_id, lead_id, purpose, created_at, not_before, day) "
        "values ($1, gen_random_uuid(), $2, 'answer', $3, $3, $4)",
        PAGE,
        lead_id,
        NOW,
        NOW.date(),
    )
    handle = await world.value("select suppression_handle from lead")
    async with world.database.transaction() as tx:
        await world.suppressions.stop(tx, PAGE, handle, since=NOW, now=NOW)
    rows = await world.fetch("select purpose, state, message_sealed is null as empty from outbox order by seq")
    assert [(row["purpose"], row["state"]) for row in rows] == [
        ("campaign_test", "dropped"),
        ("campaign_test", "dropped"),
        ("answer", "queued"),
    ]
    assert rows[0]["empty"]


async def test_a_stop_is_acknowledged_when_a_test_on_its_way_has_begun(world, previews):
    await world.page()
    lead_id = await world.lead()
    await sent_test(world, previews, await draft(world), lead_id)
    handle = await world.value("select suppression_handle from lead")
    await world.execute("update outbox set state = 'sending', sending_at = clock_timestamp()")
    assert not await world.suppressions.wait_until_quiet(PAGE, handle, at_most=timedelta(seconds=0.1))
    assert await world.suppressions.wait_until_quiet(PAGE, handle, at_most=timedelta(seconds=2))


async def test_the_preview_shows_each_language_as_it_was_written_and_as_it_is_sent(world, previews):
    await world.page()
    campaign_id = await draft(world, en=TEXT, de="Hallo {{first_name|du}}")
    campaign, shown = await previews.show(PAGE, campaign_id)
    assert campaign.name == "Winter"
    assert {language: preview.content.text for language, preview in shown.items()} == {
        "de": "Hallo {{first_name|du}}",
        "en": TEXT,
    }
    assert shown["de"].message.json()["attachment"]["payload"]["text"].startswith("Hallo du\n\nAbmelden: ")

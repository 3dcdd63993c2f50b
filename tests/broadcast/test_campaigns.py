"""Is a campaign refused before anybody is written to, and does each step happen once?"""

import asyncio
from datetime import timedelta

import pytest

from bot.texts import load_texts
from broadcast.campaigns import Campaigns
from domain.campaign import CampaignRefused, CampaignState, NewCampaign
from domain.ids import PageId, Topic
from storage.campaigns import CampaignMoved
from storage.errors import RowMissing
from tests.broadcast.people import NOW, OFFERS, PAGE, TEXT

TEXTS = load_texts()


@pytest.fixture
def campaigns(world):
    return Campaigns(store=world.store, catalog=TEXTS, public_url="https://assent.example")


def new(**changes) -> NewCampaign:
    values = {"page_id": PAGE, "name": "Winter", "topic": OFFERS, "texts": {"en": TEXT}, **changes}
    return NewCampaign(**values)


async def test_a_draft_is_stored_with_its_texts_under_its_pages_next_number(world, campaigns):
    await world.page()
    await world.page(PageId("2"))
    first = await campaigns.create(new(texts={"en": TEXT, "de": "Hallo {{first_name|du}}"}), now=NOW)
    assert (first, await campaigns.create(new(), now=NOW)) == (1, 2)
    assert await campaigns.create(new(page_id=PageId("2")), now=NOW) == 1
    assert set(await world.campaigns.texts(PAGE, first)) == {"en", "de"}
    assert (await world.campaigns.get(PAGE, first)).state is CampaignState.DRAFT


async def test_simultaneous_drafts_get_numbers_of_their_own(world, campaigns):
    await world.page()
    numbers = await asyncio.gather(*(campaigns.create(new(), now=NOW) for _ in range(6)))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "  "}, "name of 1 to"),
        ({"topic": Topic("Big Sale")}, "lower-case"),
        ({"texts": {"de": "Hallo"}}, "Page's language, en"),
        ({"texts": {"en": TEXT, "english": "x"}}, "no language code"),
        ({"texts": {"en": "Hello {{last_name|x}}"}}, "no such variable"),
        ({"texts": {"en": "Hello {{first_name"}}, "braces"),
        ({"texts": {"en": "x" * 1990}}, r"texts\.en\.text: 1990 of at most"),
        ({"wait_until": NOW}, "wait_until"),
        ({"weight": 0}, "weight from 1 to 100"),
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_stored(world, campaigns, changes, said):
    await world.page()
    with pytest.raises(CampaignRefused, match=said):
        await campaigns.create(new(**changes), now=NOW)
    assert await world.campaigns.of_page(PAGE) == []


async def test_all_faults_are_said_at_once(world, campaigns):
    await world.page(controller_contact="", controller_name=" ")
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.create(new(name="", topic=Topic("?")), now=NOW)
    assert len(refused.value.faults) == 4


async def test_a_campaign_does_not_start_without_somebody_responsible(world, campaigns):
    await world.page()
    campaign_id = await campaigns.create(new(), now=NOW)
    await world.execute("update page set controller_contact = '', dpo_contact = ''")
    with pytest.raises(CampaignRefused, match="contact"):
        await campaigns.start(PAGE, campaign_id, now=NOW)


async def test_a_long_text_leaves_room_for_the_longest_name_and_the_line_to_stop(world, campaigns):
    await world.page()
    fits = "y" * 1650 + " {{first_name|you}}"
    await campaigns.create(new(texts={"en": fits}), now=NOW)
    with pytest.raises(CampaignRefused):
        await campaigns.create(new(texts={"en": "y" * 1850 + " {{first_name|you}}"}), now=NOW)


async def test_of_two_starts_one_freezes_the_audience(world, campaigns):
    await world.page()
    await world.lead()
    campaign_id = await campaigns.create(new(), now=NOW)
    done = await asyncio.gather(
        *(campaigns.start(PAGE, campaign_id, now=NOW) for _ in range(3)), return_exceptions=True
    )
    assert [result for result in done if result == 1] == [1]
    assert sum(isinstance(result, CampaignMoved) for result in done) == 2
    assert len(await world.rows(campaign_id)) == 1


async def test_each_step_is_refused_from_a_state_that_does_not_allow_it(world, campaigns):
    await world.page()
    await world.lead()
    campaign_id = await campaigns.create(new(), now=NOW)
    for step in (campaigns.pause, campaigns.resume):
        with pytest.raises(CampaignMoved):
            await step(PAGE, campaign_id, now=NOW)
    await campaigns.start(PAGE, campaign_id, now=NOW)
    with pytest.raises(CampaignMoved):
        await campaigns.resume(PAGE, campaign_id, now=NOW)
    await campaigns.pause(PAGE, campaign_id, now=NOW)
    await campaigns.resume(PAGE, campaign_id, now=NOW)
    await campaigns.cancel(PAGE, campaign_id, now=NOW)
    for step in (campaigns.pause, campaigns.resume, campaigns.cancel, campaigns.start):
        with pytest.raises(CampaignMoved):
            await step(PAGE, campaign_id, now=NOW)
    with pytest.raises(RowMissing):
        await campaigns.status(PAGE, 99)


async def test_a_cancelled_campaign_accounts_for_everybody(world, campaigns):
    await world.page()
    for _ in range(3):
        await world.lead()
    await world.lead(topic_state=None)
    campaign_id = await campaigns.create(new(wait_until=NOW + timedelta(days=1)), now=NOW)
    await world.lead(window_until=None)
    assert await campaigns.start(PAGE, campaign_id, now=NOW) == 5
    await campaigns.cancel(PAGE, campaign_id, now=NOW)
    status = await campaigns.status(PAGE, campaign_id)
    assert status.report.counts == {"skipped": {"cancelled": 4, "no_consent": 1}}
    assert status.adds_up
    assert status.campaign.audience_size == 5


async def test_the_number_of_running_campaigns_after_a_restore_is_none(world, campaigns):
    await world.page()
    campaign_id = await campaigns.create(new(), now=NOW)
    await campaigns.start(PAGE, campaign_id, now=NOW)
    later = await campaigns.create(new(), now=NOW)
    await campaigns.schedule(PAGE, later, at=NOW + timedelta(hours=1), now=NOW)
    assert await world.campaigns.pause_all(cause="restored") == 2
    assert (await world.campaigns.running(PAGE), await world.campaigns.due(PAGE, now=NOW + timedelta(days=1))) == (
        {},
        [],
    )
    assert (await world.campaigns.get(PAGE, campaign_id)).paused_cause == "restored"

"""Do campaigns stop with a named cause when the platform says so, and go on by one command without loss or double?

The platform's ledger is the truth.
"""

import json
from datetime import timedelta

import pytest

from app.demo import APP_ID, APP_SECRET
from domain.delivery import DeliveryState
from domain.ids import PageId
from tests.journeys.crowds import crowd, got, sends
from tests.journeys.test_commands import run
from tests.journeys.world import World

PEOPLE = 150
IN_FLIGHT = 20


async def campaign_under_way(story: World, people: int = PEOPLE) -> int:
    """A campaign of which some have their message and most have not."""
    await crowd(story, people)
    campaign_id = await story.campaign()
    await story.campaigns.start(PageId(story.page_id), campaign_id, now=story.clock())

    async def under_way():
        return len(await got(story)) >= 20

    await story.until(under_way, "the first messages")
    return campaign_id


async def paused(story: World) -> str:
    """Waits until the Page is paused and nothing is on its way; the cause."""

    async def look():
        page = await story.runtime.store.pages.get(PageId(story.page_id))
        quiet = await story.value("select count(*) = 0 from delivery where state = 'sending'")
        return page.paused_cause if quiet else None

    return await story.until(look, "a pause of the Page")


async def everybody_got_it_once(story: World, campaign_id: int, people: int = PEOPLE) -> None:
    async def done():
        status = await story.campaigns.status(PageId(story.page_id), campaign_id)
        return status.campaign.finished_at is not None and status.report.of(DeliveryState.SENT) == people

    await story.until(done, "the end of the campaign", patience=40)
    reached = await got(story)
    assert len(reached) == people
    assert set(reached.values()) == {1}


async def test_a_token_that_is_revoked_and_replaced_in_mid_campaign_costs_one_round_and_one_command(story):
    campaign_id = await campaign_under_way(story)
    await story.control("POST", "token", page=story.page_id, state="password")
    assert await paused(story) == "token_dead"
    refused = [call for call in await sends(story) if not call["accepted"]]
    assert len(refused) <= IN_FLIGHT
    status, out, _ = await run(story, "campaigns", "status")
    assert (status, "paused (token_dead)" in out, "assent pages connect" in out) == (0, True, True)
    status, out, _ = await run(story, "pages", "list", "--json")
    assert json.loads(out)[0]["paused_cause"] == "token_dead"

    new = [{"id": story.page_id, "token": "a-new-token"}]
    await story.control("POST", "followers", pages=new)
    await story.control("POST", "token", page=story.page_id, state="alive")
    before = await story.runtime.store.pages.get(PageId(story.page_id))
    status, out, err = await run(
        story,
        "pages",
        "connect",
        story.page_id,
        FB_PAGE_ACCESS_TOKEN="a-new-token",
        FB_GRAPH_URL=story.platform_url,
        FB_APP_ID=APP_ID,
        FB_APP_SECRET=APP_SECRET,
    )
    assert (status, err) == (0, "")
    await everybody_got_it_once(story, campaign_id)
    after = await story.runtime.store.pages.get(PageId(story.page_id))
    assert (after.region, after.controller_name, after.pace) == (before.region, before.controller_name, before.pace)


async def test_a_policy_block_by_webhook_stops_the_campaign_and_an_unblock_says_that_it_may_go_on(story):
    campaign_id = await campaign_under_way(story)
    await story.control("POST", "policy", page=story.page_id, state="blocked", notify=True, reason="Spam")
    assert await paused(story) in {"policy_enforcement", "page_blocked"}
    calls = len(await sends(story))
    await story.control("POST", "policy", page=story.page_id, state="free", notify=True)

    async def lifted():
        return "restriction_lifted" in (await run(story, "pages", "list"))[1]

    await story.until(lifted, "the platform's word that the block is over")
    status, out, _ = await run(story, "campaigns", "status", str(campaign_id))
    assert (status, "assent pages resume" in out) == (0, True)
    assert len(await sends(story)) == calls, "nobody sends before a person says so"
    status, _, err = await run(story, "pages", "resume")
    assert (status, err) == (0, "")
    await everybody_got_it_once(story, campaign_id)


@pytest.mark.parametrize(("state", "cause"), [("restricted", "page_blocked"), ("commerce", "page_blocked")])
async def test_a_page_that_the_platform_restricts_without_a_word_stops_after_one_round(story, state, cause):
    campaign_id = await campaign_under_way(story)
    await story.control("POST", "policy", page=story.page_id, state=state, notify=False)
    assert await paused(story) == cause
    assert len([call for call in await sends(story) if not call["accepted"]]) <= IN_FLIGHT
    await story.control("POST", "policy", page=story.page_id, state="free", notify=False)
    status, _, err = await run(story, "pages", "resume")
    assert (status, err) == (0, "")
    await everybody_got_it_once(story, campaign_id)


async def test_after_code_368_the_page_is_not_resumed_for_hours_unless_somebody_insists(story):
    campaign_id = await campaign_under_way(story)
    await story.control(
        "POST", "faults", page=story.page_id, rules=[{"fault": "error", "code": 368, "edge": "messages"}]
    )
    assert await paused(story) == "policy"
    page = await story.runtime.store.pages.get(PageId(story.page_id))
    assert timedelta(hours=5) < page.resume_after - story.clock() <= timedelta(hours=6)
    status, out, _ = await run(story, "campaigns", "status")
    assert (status, "do not resume it before" in out) == (0, True)
    await story.control("DELETE", "faults", page=story.page_id)
    status, _, err = await run(story, "pages", "resume")
    assert (status, "--anyway" in err) == (1, True)
    status, _, err = await run(story, "pages", "resume", "--anyway")
    assert (status, err) == (0, "")
    await everybody_got_it_once(story, campaign_id)


async def test_an_error_that_becomes_the_rule_stops_the_campaign_with_its_code(story):
    campaign_id = await campaign_under_way(story)
    rule = {"fault": "error", "code": 100, "subcode": 2018109, "edge": "messages"}
    await story.control("POST", "faults", page=story.page_id, rules=[rule])

    async def stopped():
        status = await story.campaigns.status(PageId(story.page_id), campaign_id)
        return status.campaign.paused_cause

    assert await story.until(stopped, "a pause of the campaign") == "errors_rising:100/2018109"
    status, out, _ = await run(story, "campaigns", "status", str(campaign_id))
    assert (status, f"assent campaigns resume {campaign_id}" in out) == (0, True)
    await story.control("DELETE", "faults", page=story.page_id)
    status, _, err = await run(story, "campaigns", "resume", str(campaign_id))
    assert (status, err) == (0, "")

    async def done():
        status = await story.campaigns.status(PageId(story.page_id), campaign_id)
        return status.campaign.finished_at is not None and status

    status = await story.until(done, "the end of the campaign", patience=40)
    refused = len([call for call in await sends(story) if not call["accepted"]])
    reached = await got(story)
    assert refused < 10 + IN_FLIGHT
    assert (len(reached), set(reached.values())) == (PEOPLE - refused, {1})
    assert status.adds_up


async def test_a_limit_is_shown_by_the_commands_while_it_lasts(story):
    await campaign_under_way(story)
    await story.control("POST", "faults", page=story.page_id, rules=[{"fault": "error", "code": 80006}])

    async def held():
        _, out, _ = await run(story, "campaigns", "status", "1", "--json")
        return json.loads(out)["limit"]

    limit = await story.until(held, "the limit")
    assert (limit["standing"], limit["cause"], limit["code"]) == ("nothing", "allowance", 80006)
    for command in (("campaigns", "status"), ("pages", "list")):
        status, out, _ = await run(story, *command)
        assert (status, "(80006); nothing leaves until" in out) == (0, True)

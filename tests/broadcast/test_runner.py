"""Does a campaign reach everybody it may, once, whatever the platform answers and whoever dies?"""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcast.pacer import Pacer
from domain.campaign import CampaignState
from domain.content import Content, Image
from domain.delivery import DeliveryState, attempt_of
from domain.ids import Mid, PageId, Psid
from domain.lead import LeadProfile
from domain.personal import Pii
from domain.tokens import read_unsubscribe
from storage.deliveries import DeliveryStore
from storage.labels import Label
from storage.outbox import OutboxMessage
from tests.broadcast.people import NOW, PAGE, World
from tests.broadcast.running import PUBLIC_URL, Unpaced, eventually, sending


async def finished(world: World, campaign_id) -> bool:
    return (await world.campaigns.get(PAGE, campaign_id)).state is CampaignState.FINISHED


async def audience(world: World, people: int) -> None:
    await world.page()
    for _ in range(people):
        await world.lead()


async def test_everybody_who_may_be_reached_is_reached_once_and_the_report_adds_up(world, sink):
    await audience(world, 60)
    await world.lead(topic_state="refused")
    campaign_id = await world.campaign()
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.reached) == 60
    assert sink.twice == {}
    report = await world.store.reports.report(PAGE, campaign_id)
    assert (report.of(DeliveryState.SENT), report.of(DeliveryState.SKIPPED), report.total) == (60, 1, 61)


async def test_a_message_carries_the_persons_name_link_and_button_and_its_attempt(world, sink):
    await world.page()
    lead_id = await world.lead(first_name="Zoë")
    campaign_id = await world.campaign()
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    [arrival] = sink.arrivals
    payload = arrival.message["attachment"]["payload"]
    assert payload["text"].startswith("Hello Zoë, the winter sale begins.\n\n")
    token = payload["text"].partition(f"{PUBLIC_URL}/u/")[2].split()[0]
    link = read_unsubscribe(token, world.keys.link_keys())
    assert link.link_ref == await world.value("select link_ref from lead")
    assert link.campaign == campaign_id
    assert payload["buttons"][0]["payload"] == f"assent:stop:{campaign_id}"
    assert attempt_of(arrival.metadata) == (await world.rows(campaign_id))[lead_id]["attempt_id"]
    assert arrival.token == "Bearer page-token"


async def test_a_call_that_is_cut_after_it_was_done_is_unknown_and_never_made_again(world, sink):
    await audience(world, 3)
    campaign_id = await world.campaign()
    sink.reply = sink.cut
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.arrivals) == 3
    report = await world.store.reports.report(PAGE, campaign_id)
    assert report.of(DeliveryState.UNKNOWN) == len(report.unknown) == 3
    attempts = [attempt_of(arrival.metadata) for arrival in sink.arrivals]
    async with world.database.transaction() as tx:
        for attempt in attempts:
            assert await world.deliveries.settle(tx, PAGE, attempt, Mid("m"), now=NOW)
    assert (await world.store.reports.report(PAGE, campaign_id)).of(DeliveryState.SENT) == 3


async def test_an_answer_that_denies_what_was_done_is_corrected_by_the_echo(world, sink):
    await audience(world, 2)
    campaign_id = await world.campaign()
    sink.reply = sink.done_but(sink.refuse(100, 33))
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    assert (await world.store.reports.report(PAGE, campaign_id)).of(DeliveryState.SKIPPED) == 2
    async with world.database.transaction() as tx:
        for arrival in sink.arrivals:
            await world.deliveries.settle(tx, PAGE, attempt_of(arrival.metadata), Mid("m"), now=NOW)
    assert (await world.store.reports.report(PAGE, campaign_id)).of(DeliveryState.SENT) == 2


async def test_a_server_error_leaves_it_unknown(world, sink):
    await audience(world, 1)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(2, status=500)
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    [row] = (await world.rows(campaign_id)).values()
    assert (row["state"], row["reason"], row["error_code"]) == ("unknown", "unclear_answer", 2)


async def test_a_refused_connection_is_not_sent_and_goes_when_the_platform_is_back(world, sink):
    await audience(world, 3)
    campaign_id = await world.campaign()
    url, sink.url = sink.url, "http://127.0.0.1:9"
    async with sending(world, sink) as runner:
        await eventually(lambda: world.value("select count(*) from delivery where reason = 'not_sent'"))
        assert sink.arrivals == []
        runner.sending.sender.client._graph._base = runner.sending.sender.client._graph._base.with_port(
            int(url.rpartition(":")[2])
        )
        runner.sending.sender.client._graph._urls.clear()
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.reached) == 3
    assert sink.twice == {}


async def test_limits_hold_the_whole_page_and_lose_nobody(world, sink):
    await audience(world, 30)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(613)
    async with sending(world, sink, in_flight=5, open_limit=5) as runner:
        await eventually(lambda: world.value("select count(*) from delivery where reason = 'limited'"))
        await eventually(lambda: world.value("select count(*) = 0 from delivery where state = 'sending'"))
        calls = len(sink.arrivals)
        assert calls <= 5
        sink.reply = None
        await asyncio.sleep(0.5)
        assert len(sink.arrivals) == calls, "calls made while limited would prolong the limit"
        lane = runner._lanes[PAGE]
        assert lane.pacer.ask_again_in() > 10
    states = Counter((await world.states(campaign_id)).values())
    assert states[("queued", "limited")] + states[("queued", None)] + states[("queued", "given_back")] == 30


async def test_a_dead_token_pauses_the_page_after_one_round_and_a_new_one_loses_and_doubles_nobody(world, sink):
    await audience(world, 40)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(190)
    async with sending(world, sink, in_flight=5, open_limit=5):
        await eventually(lambda: world.value("select paused_cause from page") or False)
        await eventually(lambda: world.value("select count(*) = 0 from delivery where state = 'sending'"))
        assert len(sink.arrivals) <= 5
        assert (await world.campaigns.get(PAGE, campaign_id)).state is CampaignState.RUNNING
        sink.reply = None
        page = await world.store.pages.get(PAGE)
        await world.store.pages.put(replace(page, token=Pii("new-token"), state="connected", paused_cause=None))
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.reached) == 40
    assert sink.twice == {}
    assert {arrival.token for arrival in sink.arrivals[5:]} == {"Bearer new-token"}


async def test_a_blocked_page_pauses_and_its_rows_stay_queued(world, sink):
    await audience(world, 5)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(368)
    async with sending(world, sink):
        await eventually(lambda: world.value("select paused_cause from page") or False)
    assert await world.value("select paused_cause from page") == "policy"
    assert {state for state, _ in (await world.states(campaign_id)).values()} == {"queued"}


async def test_an_unreachable_person_is_refused_and_left_alone_by_the_next_campaign(world, sink):
    await audience(world, 1)
    first = await world.campaign()
    sink.reply = sink.refuse(551)
    async with sending(world, sink):
        await eventually(lambda: finished(world, first))
    second = await world.campaign()
    assert list((await world.states(first)).values()) == [("refused", "unreachable")]
    assert list((await world.states(second)).values()) == [("skipped", "unreachable")]


async def test_a_window_that_the_platform_calls_closed_is_skipped(world, sink):
    await audience(world, 1)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(10, 2018278)
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    assert list((await world.states(campaign_id)).values()) == [("skipped", "window_closed")]


async def test_a_message_the_platform_calls_wrong_pauses_its_campaign_before_everybody_is_lost(world, sink):
    await audience(world, 60)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(100)
    async with sending(world, sink, in_flight=4, open_limit=4):
        await eventually(lambda: world.value("select state = 'paused' from campaign"))
        await eventually(lambda: world.value("select count(*) = 0 from delivery where state = 'sending'"))
    assert (await world.campaigns.get(PAGE, campaign_id)).paused_cause == "errors_rising:100"
    assert 10 <= len(sink.arrivals) < 25


async def test_a_platform_that_leaves_calls_unanswered_does_not_make_the_whole_audience_unknown(world, sink):
    await audience(world, 60)
    campaign_id = await world.campaign()
    sink.reply = sink.cut
    async with sending(world, sink, in_flight=4, open_limit=4):
        await eventually(lambda: world.value("select state = 'paused' from campaign"))
        await eventually(lambda: world.value("select count(*) = 0 from delivery where state = 'sending'"))
        cut, sink.reply = len(sink.arrivals), None
        assert 10 <= cut < 25
        assert (await world.campaigns.get(PAGE, campaign_id)).paused_cause == "errors_rising:no_answer"
        await world.campaigns.step(PAGE, campaign_id, CampaignState.RUNNING, now=NOW)
        await eventually(lambda: finished(world, campaign_id))
    states = Counter((await world.states(campaign_id)).values())
    assert states[("sent", None)] == 60 - cut
    assert sink.twice == {}


async def test_closed_windows_are_about_one_person_each_and_stop_no_campaign(world, sink):
    await audience(world, 40)
    campaign_id = await world.campaign()
    sink.reply = sink.refuse(10, 2018278)
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.arrivals) == 40


async def test_a_pause_ends_the_sending_and_a_resume_goes_on_with_the_rest(world, sink):
    await audience(world, 80)
    campaign_id = await world.campaign()
    release = asyncio.Event()

    async def slow(request, arrival):
        if len(sink.arrivals) > 10:
            await release.wait()
        return await sink.accept(request, arrival)

    sink.reply = slow
    async with sending(world, sink):
        await eventually(lambda: len(sink.arrivals) > 10)
        await _move(world, campaign_id, CampaignState.PAUSED)
        release.set()
        await eventually(lambda: world.value("select count(*) = 0 from delivery where state = 'sending'"))
        reached = len(sink.arrivals)
        assert reached <= 11 + 20
        await asyncio.sleep(0.7)
        assert len(sink.arrivals) == reached
        await _move(world, campaign_id, CampaignState.RUNNING)
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.reached) == 80
    assert sink.twice == {}


async def _move(world, campaign_id, target) -> None:
    async with world.database.transaction() as tx:
        await world.campaigns.move(tx, PAGE, campaign_id, target, now=NOW)


async def test_a_stop_of_the_process_lets_calls_end_and_leaves_no_row_sending(world, sink):
    await audience(world, 80)
    campaign_id = await world.campaign()
    release = asyncio.Event()

    async def slow(request, arrival):
        await release.wait()
        return await sink.accept(request, arrival)

    sink.reply = slow
    async with sending(world, sink) as runner:
        await eventually(lambda: len(sink.arrivals) == 20)
        runner.stop()
        await asyncio.sleep(0.1)
        release.set()
    states = Counter(state for state, _ in (await world.states(campaign_id)).values())
    assert states == {"sent": 20, "queued": 60}
    assert sink.twice == {}
    assert await world.value("select count(*) from lane where owner is not null") == 0


async def test_a_call_that_hangs_is_unknown_when_the_process_stops(world, sink):
    await audience(world, 1)
    campaign_id = await world.campaign()

    async def hang(request, arrival):
        await asyncio.sleep(60)
        return await sink.accept(request, arrival)

    sink.reply = hang
    async with sending(world, sink, call_seconds=0.5):
        await eventually(lambda: len(sink.arrivals) == 1)
    assert list((await world.states(campaign_id)).values()) == [("unknown", "no_answer")]


async def test_a_claim_that_grew_too_old_is_given_back_unsent(world, sink):
    class Sluggish(Unpaced):
        async def pass_gate(self, *, media=False):
            await asyncio.sleep(0.9)
            await Unpaced.pass_gate(self, media=media)

    await audience(world, 1)
    campaign_id = await world.campaign()
    async with sending(world, sink, make_pacer=Sluggish):
        await eventually(lambda: world.value("select count(*) from delivery where attempt_id is not null"))
    assert sink.arrivals == []
    assert list((await world.states(campaign_id)).values()) == [("queued", "given_back")]


async def test_no_send_begins_once_a_stop_is_quiet(world, sink):
    await audience(world, 120)
    campaign_id = await world.campaign()
    loop = asyncio.get_running_loop()
    psids = {}
    for row in await world.fetch(
        "select l.*, k.kid, k.wrapped, k.commitment from lead l join lead_key k using (lead_id)"
    ):
        key = world.keys.open_lead_key(row["lead_id"], row["kid"], row["wrapped"], row["commitment"])
        profile = LeadProfile.decode(key.open(Label.LEAD_PROFILE, row["lead_id"].bytes, row["profile_sealed"]))
        psids[profile.psid.reveal("test")] = row["suppression_handle"]
    quiet_at: dict[str, float] = {}

    async def stop(psid: str) -> None:
        async with world.database.transaction() as tx:
            await world.suppressions.stop(tx, PAGE, psids[psid], since=NOW + timedelta(hours=1), now=NOW)
        assert await world.suppressions.wait_until_quiet(PAGE, psids[psid], at_most=timedelta(seconds=5))
        quiet_at[psid] = loop.time()

    async with sending(world, sink, in_flight=3, open_limit=8):
        await eventually(lambda: len(sink.arrivals) > 5)
        await asyncio.gather(*(stop(psid) for psid in list(psids)[::3]))
        await eventually(lambda: finished(world, campaign_id))
    late = [arrival for arrival in sink.arrivals if arrival.at > quiet_at.get(arrival.psid, arrival.at)]
    assert late == []
    stopped = Counter((await world.states(campaign_id)).values())[("skipped", "stopped")]
    assert 0 < stopped <= len(quiet_at)


async def say(world, lead_id, text: str) -> None:
    async with world.database.transaction() as tx:
        message = OutboxMessage(
            page_id=PAGE, lead_id=lead_id, psid=Pii(Psid("555")), message={"text": text}, purpose="answer"
        )
        await world.outbox.add(tx, message, now=NOW)
        await world.outbox.wake(tx, PAGE)


async def test_answers_leave_in_order_and_before_the_campaign_goes_on(world, sink):
    await audience(world, 40)
    lead_id = await world.lead()
    await world.campaign()
    async with sending(world, sink, make_pacer=lambda: Pacer(20)):
        await eventually(lambda: len(sink.arrivals) > 3)
        for text in ("one", "two", "three"):
            await say(world, lead_id, text)
        await eventually(lambda: world.value("select count(*) = 3 from outbox where state = 'sent'"))
        first_answer = next(place for place, one in enumerate(sink.arrivals) if one.psid == "555")
        assert first_answer <= 4 + 6, "at most what was claimed already goes before it"
        await world.execute("update campaign set state = 'paused'")
    said = [arrival.message["text"] for arrival in sink.arrivals if arrival.psid == "555"]
    assert said == ["one", "two", "three"]


async def test_an_answer_goes_though_the_page_is_paused_for_campaigns(world, sink):
    await audience(world, 1)
    lead_id = await world.lead()
    await world.campaign()
    await world.execute("update page set state = 'paused', paused_cause = 'policy'")
    async with sending(world, sink):
        await say(world, lead_id, "hello")
        await eventually(lambda: world.value("select state = 'sent' from outbox"))
    assert [arrival.psid for arrival in sink.arrivals] == ["555"]


async def test_no_second_holds_more_messages_than_the_page_may_send(world, sink):
    await audience(world, 55)
    campaign_id = await world.campaign()
    async with sending(world, sink, make_pacer=lambda: Pacer(20)):
        await eventually(lambda: finished(world, campaign_id))
    times = [arrival.at for arrival in sink.arrivals]
    busiest = max(sum(moment <= other < moment + 1 for other in times) for moment in times)
    assert busiest <= 21
    assert times[-1] - times[0] < 55 / 20 * 1.5, "the pace is used"


async def test_images_leave_at_their_own_pace_and_hold_up_no_words(world, sink):
    await audience(world, 12)
    images = await world.campaign(text=Content(image=Image(attachment_id="17")))
    words = await world.campaign()
    async with sending(world, sink, make_pacer=lambda: Pacer(20)):
        await eventually(lambda: finished(world, images))
        assert await finished(world, words)
    times = [one.at for one in sink.arrivals if one.message["attachment"]["payload"]["template_type"] == "media"]
    others = [one.at for one in sink.arrivals if one.message["attachment"]["payload"]["template_type"] == "button"]
    assert [len(times), len(others)] == [12, 12]
    assert max(sum(moment <= other < moment + 1 for other in times) for moment in times) <= 6
    assert times[-1] - times[0] < 12 / 5 * 1.5, "the pace is used"
    assert others[-1] < times[-1] - 0.5, "words go between the images"


async def test_a_page_slower_than_usual_keeps_its_own_pace(world, sink):
    await world.page(pace=5)
    for _ in range(12):
        await world.lead()
    campaign_id = await world.campaign()
    async with sending(world, sink, make_pacer=lambda: Pacer(20)):
        await eventually(lambda: finished(world, campaign_id))
    times = [arrival.at for arrival in sink.arrivals]
    assert max(sum(moment <= other < moment + 1 for other in times) for moment in times) <= 6


async def test_campaigns_stand_still_while_the_clocks_differ(world, sink):
    await audience(world, 3)
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    async with sending(world, sink, clock_tolerance=timedelta(seconds=5)):
        await say(world, lead_id, "hello")
        await eventually(lambda: world.value("select state = 'sent' from outbox"))
        await asyncio.sleep(0.7)
    assert [arrival.psid for arrival in sink.arrivals] == ["555"]
    assert {state for state, _ in (await world.states(campaign_id)).values()} == {"queued"}


async def test_campaigns_of_one_page_take_turns(world, sink):
    await audience(world, 30)
    first, second = await world.campaign(text="first"), await world.campaign(text="second")
    async with sending(world, sink, in_flight=4, open_limit=4):
        await eventually(lambda: world.value("select bool_and(state = 'finished') from campaign"))
    order = [arrival.message["attachment"]["payload"]["text"].split()[0] for arrival in sink.arrivals]
    assert set(order[:12]) == {"first", "second"}
    assert Counter(order) == {"first": 30, "second": 30}
    assert first != second


async def test_campaigns_of_one_page_share_it_by_weight(world, sink):
    await audience(world, 90)
    await world.campaign(text="light", weight=10)
    await world.campaign(text="heavy", weight=30)
    async with sending(world, sink, in_flight=4, open_limit=8):
        await eventually(lambda: world.value("select bool_and(state = 'finished') from campaign"))
    order = [arrival.message["attachment"]["payload"]["text"].split()[0] for arrival in sink.arrivals]
    assert 54 <= Counter(order[:80])["heavy"] <= 66
    assert Counter(order) == {"light": 90, "heavy": 90}


async def test_people_who_wait_for_their_window_get_the_campaign_when_they_write(world, sink):
    await world.page()
    lead_id = await world.lead(window_until=NOW)
    campaign_id = await world.campaign(wait_until=NOW + timedelta(days=1))
    async with sending(world, sink):
        await asyncio.sleep(0.3)
        assert sink.arrivals == []
        async with world.database.transaction() as tx:
            await tx.execute("update lead set window_until = $1", NOW + timedelta(hours=24))
            await world.deliveries.wake(tx, PAGE, lead_id, now=NOW)
        await eventually(lambda: finished(world, campaign_id))
    assert len(sink.arrivals) == 1


async def test_a_lane_that_dies_of_a_fault_ends_the_worker_instead_of_holding_its_page(world, sink):
    class Faulty(Unpaced):
        def room(self, at_most):
            raise ZeroDivisionError

    await audience(world, 1)
    await world.campaign()
    with pytest.raises(ZeroDivisionError):
        async with sending(world, sink, make_pacer=Faulty) as runner:
            await eventually(lambda: runner._died_of)
    assert await world.value("select count(*) from lane where owner is not null") == 0


async def test_two_workers_share_the_pages_and_reach_everybody_once(world, sink):
    pages = [PageId(str(number)) for number in range(1, 5)]
    campaigns = {}
    for page_id in pages:
        await world.page(page_id)
        for _ in range(15):
            await world.lead(page_id)
        campaigns[page_id] = await world.campaign(page_id)
    async with sending(world, sink), sending(world, sink):
        await eventually(lambda: world.value("select bool_and(state = 'finished') from campaign"))
    assert len(sink.reached) == 60
    assert sink.twice == {}


async def test_a_worker_that_dies_leaves_unknowns_and_its_heir_does_the_rest(world, sink):
    await audience(world, 60)
    campaign_id = await world.campaign()

    async def slow(request, arrival):
        await asyncio.sleep(0.05)
        return await sink.accept(request, arrival)

    sink.reply = slow
    async with sending(world, sink, ttl=timedelta(seconds=1)) as dying:
        await eventually(lambda: len(sink.arrivals) > 20)
        # As SIGKILL leaves it: nothing more is claimed, marked, renewed or given back.
        for lane, task in dying._working.values():
            lane._calls._claims.clear()
            for caller in lane._calls._callers:
                caller.cancel()
            lane._outcomes._waiting.clear()
            lane._outcomes._open.clear()
            lane._calls.stopping = True
            task.cancel()
        dying._working.clear()
        dying._lanes.clear()
        dying._keeper._held.clear()
    left = await world.value("select count(*) from delivery where state = 'sending'")
    await world.age_attempts(3)
    await world.execute("update lane set until = '-infinity', owner = null")
    async with sending(world, sink):
        await eventually(lambda: finished(world, campaign_id))
    assert sink.twice == {}
    report = await world.store.reports.report(PAGE, campaign_id)
    assert 0 < report.of(DeliveryState.UNKNOWN) == left <= 20
    assert report.of(DeliveryState.SENT) + left == 60


class Forgetful(DeliveryStore):
    """What sending would be without the state committed before the call: the claim is forgotten at once."""

    async def claim(self, lease, campaign_id, **more):
        claim = await DeliveryStore.claim(self, lease, campaign_id, **more)
        async with self.database.connection() as connection:
            await connection.execute("update delivery set state = 'queued' where state = 'sending'")
            await connection.execute("update campaign set cursor = 0")
        return claim


async def test_without_the_state_committed_before_the_call_people_would_be_reached_twice(world, sink):
    await audience(world, 5)
    campaign_id = await world.campaign()
    store = replace(world.store, deliveries=Forgetful(world.database, world.keys))
    async with sending(world, sink, store=store):
        await eventually(lambda: sink.twice)
        await _move(world, campaign_id, CampaignState.CANCELLED)

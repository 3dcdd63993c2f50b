"""Does a campaign reach exactly those it may, each at most once, and account for everybody else?"""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from domain.campaign import CampaignState
from domain.consent import ConsentAct
from domain.delivery import Accepted, Declined, DeliveryState, NotSent, Unsure
from domain.eligibility import WINDOW_MARGIN, Eligible, Facts, Reason, decide
from domain.ids import Mid, PageId
from domain.page import MarketingBasis
from storage import delivery_sql
from storage.campaigns import CampaignMoved
from storage.deliveries import DeliveryStore
from tests.broadcast.people import NOW, OFFERS, PAGE, World, attempt_of, open_world

ERASED = {"no": {}, "locked": {"erasing_since": NOW}, "key destroyed": {"keyless": True}}
SUPPRESSED = [None, "stop", "under_age"]
ANSWERS = [None, "given", "refused", "withdrawn"]
HUMANS = [None, NOW, NOW + timedelta(minutes=1)]
WINDOWS = [None, NOW - timedelta(hours=1), NOW + WINDOW_MARGIN, NOW + timedelta(hours=2)]
NEWEST = [NOW - timedelta(hours=1), NOW + timedelta(hours=3)]


@pytest.fixture
async def world(database_dsn):
    async with open_world(database_dsn) as world:
        yield world


async def people_of_every_kind(world: World, page_id: PageId, basis: MarketingBasis) -> dict:
    expected = {}
    cases = product(ERASED, SUPPRESSED, [False, True], ANSWERS, [False, True], [False, True], HUMANS, WINDOWS, NEWEST)
    for number, (erased, suppressed, restricted, answer, started, unreachable, human, window, newest) in enumerate(
        cases
    ):
        # Every pair of facts meets many times in a ninth of all combinations; the whole product only costs time.
        if number % 9 != 0 and not (erased == "no" and suppressed is None and not restricted):
            continue
        lead_id = await world.lead(
            page_id,
            topic_state=answer,
            suppressed=suppressed,
            started=started,
            restricted_since=NOW if restricted else None,
            unreachable_since=NOW if unreachable else None,
            human_until=human,
            window_until=window,
            newest_event=newest,
            **ERASED[erased],
        )
        expected[lead_id] = Facts(
            page_connected=True,
            basis=basis,
            erased=erased != "no",
            suppressed=suppressed,
            restricted=restricted,
            answer=answer and ConsentAct(answer),
            conversation_started=started,
            unreachable=unreachable,
            human_until=human,
            window_until=window,
            newest_event=newest,
        )
    return expected


@pytest.mark.timeout(120)
@pytest.mark.parametrize("basis", MarketingBasis)
async def test_the_database_and_the_rule_agree_on_every_combination_of_facts(world, basis):
    page_id = await world.page(marketing_basis=basis)
    cases = await people_of_every_kind(world, page_id, basis)
    campaign_id = await world.campaign()
    assert len(cases) > 600
    frozen = await world.rows(campaign_id)
    for lead_id, facts in cases.items():
        row, decision = frozen[lead_id], decide(facts, NOW)
        if isinstance(decision, Eligible):
            assert (row["state"], row["reason"], row["rule"]) == ("queued", None, decision.rule), facts
        else:
            assert (row["state"], row["reason"], row["rule"]) == ("skipped", decision.reason, None), facts

    await world.execute("update delivery set state = 'queued', reason = null, rule = null")
    lease, claimed = await world.lane(), 0
    while (claim := await world.deliveries.claim(lease, campaign_id, limit=512, now=NOW)).skipped or claim.deliveries:
        claimed += len(claim.deliveries)
    rows = await world.rows(campaign_id)
    for lead_id, facts in cases.items():
        row, decision = rows[lead_id], decide(facts, NOW)
        if isinstance(decision, Eligible):
            assert (row["state"], row["reason"], row["rule"]) == ("sending", None, decision.rule), facts
        else:
            assert (row["state"], row["reason"]) == ("skipped", decision.reason), facts
    assert claimed == sum(isinstance(decide(facts, NOW), Eligible) for facts in cases.values()) > 3


async def test_a_paused_page_claims_nothing_and_loses_nothing(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    await world.execute("update page set state = 'paused'")
    claim = await world.deliveries.claim(lease, campaign_id, limit=10, now=NOW)
    assert (list(claim.deliveries), claim.skipped) == ([], 0)
    assert (await world.states(campaign_id))[lead_id] == ("queued", None)


async def test_everybody_known_on_the_page_has_a_row_and_nobody_else(world):
    await world.page()
    other = await world.page(PageId("2"))
    yes, no, silent = await world.lead(), await world.lead(topic_state="refused"), await world.lead(topic_state=None)
    await world.lead(other)
    campaign_id = await world.campaign()
    assert await world.states(campaign_id) == {
        yes: ("queued", None),
        no: ("skipped", "no_consent"),
        silent: ("skipped", "no_consent"),
    }
    assert (await world.campaigns.get(PAGE, campaign_id)).audience_size == 3


async def test_a_claim_brings_what_is_needed_to_send_in_order_and_no_more_than_asked(world):
    await world.page()
    names = {await world.lead(first_name=name): name for name in ("Ada", "Bo", "Cy")}
    campaign_id = await world.campaign()
    leads = list(await world.rows(campaign_id))
    lease = await world.lane()
    first = await world.deliveries.claim(lease, campaign_id, limit=2, look=64, now=NOW)
    assert {delivery.lead_id for delivery in first.deliveries} == set(leads[:2])
    for delivery in first.deliveries:
        assert delivery.profile.first_name.reveal("test") == names[delivery.lead_id]
    rows = await world.rows(campaign_id)
    assert [row["state"] for row in rows.values()] == ["sending", "sending", "queued"]
    assert rows[leads[0]]["lane_epoch"] == lease.epoch
    second = await world.deliveries.claim(lease, campaign_id, limit=2, now=NOW)
    assert [delivery.lead_id for delivery in second.deliveries] == leads[2:]


async def test_a_claim_is_committed_before_it_is_returned(world):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=1, now=NOW)
    seen_by_others = await world.value("select attempt_id from delivery where state = 'sending'")
    assert seen_by_others == claim.deliveries[0].attempt_id


async def test_two_owners_of_one_lane_the_earlier_claims_marks_back_and_sweeps_nothing(world):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign()
    stale, lease = await world.lane(), await world.lane()
    assert not (await world.deliveries.claim(stale, campaign_id, limit=5, now=NOW)).deliveries
    assert len((await world.deliveries.claim(lease, campaign_id, limit=5, now=NOW)).deliveries) == 1
    assert await world.deliveries.orphans(stale, after=timedelta()) == 0


async def test_racing_claims_never_bring_one_person_twice(world):
    await world.page()
    leads = {await world.lead() for _ in range(40)}
    campaign_id = await world.campaign()
    lease = await world.lane()

    async def worker() -> list:
        found = []
        while claim := (await world.deliveries.claim(lease, campaign_id, limit=3, now=NOW)).deliveries:
            found += [delivery.lead_id for delivery in claim]
        return found

    claims = await asyncio.gather(*(worker() for _ in range(5)))
    counted = Counter(lead for found in claims for lead in found)
    # A worker may end early because all rows it looked at were locked by others; none is claimed twice.
    assert set(counted.values()) == {1}
    rest = await worker()
    assert set(counted) | set(rest) == leads


async def test_a_stop_between_freeze_and_claim_is_respected(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    handle = await world.value("select suppression_handle from lead")
    # As a stop that did not see the row: only the check at claim time is left.
    await world.execute(
        "insert into suppression (page_id, handle, reason, since) values ($1, $2, 'stop', $3)", PAGE, handle, NOW
    )
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=5, now=NOW)
    assert (len(claim.deliveries), claim.skipped) == (0, 1)
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "stopped")


MUTATIONS = {
    "suppression": (
        "when s.reason is not null then",
        "when false then",
        "insert into suppression (page_id, handle, reason, since) "
        "select page_id, suppression_handle, 'stop', now() from lead",
    ),
    "consent": (
        "t.state = 'given'",
        "true",
        "update lead_topic set state = 'withdrawn'",
    ),
    "restriction": (
        "when l.restricted_since is not null then",
        "when false then",
        "update lead set restricted_since = now()",
    ),
    "erasure": (
        "l.erasing_since is not null or",
        "false or",
        "update lead set erasing_since = now()",
    ),
    "campaign": ("c.state = 'running'", "true", "update campaign set state = 'paused'"),
    "page": ("p.state = 'connected'", "true", "update page set state = 'paused'"),
    "lane": (
        "owner = $2 and epoch = $3",
        "$2::uuid is not null and $3::bigint is not null",
        "update lane set epoch = epoch + 1",
    ),
    "lease time": ("until > clock_timestamp()", "true", "update lane set until = clock_timestamp()"),
    "attempt before the call": ("state = n.becomes,", "state = 'queued',", "select 1"),
}


@pytest.mark.parametrize("guard", MUTATIONS)
async def test_each_check_of_the_claim_is_what_keeps_its_promise(world, guard):
    part, instead, event = MUTATIONS[guard]
    assert part in delivery_sql.CLAIM

    async def claims_after_event(store: DeliveryStore) -> int:
        campaign_id = await world.campaign()
        lease = await world.lane()
        await world.execute("update page set state = 'connected'")
        await world.execute(event)
        await store.claim(lease, campaign_id, limit=5, now=NOW)
        sent = await world.value(
            "select count(*) from delivery where campaign_id = $1 and attempt_id is not null", campaign_id
        )
        sending = await world.value(
            "select count(*) from delivery where campaign_id = $1 and state = 'sending'", campaign_id
        )
        await world.execute("delete from suppression")
        await world.execute("update lead_topic set state = 'given'")
        await world.execute("update lead set restricted_since = null, erasing_since = null")
        return int(sent - sending if guard == "attempt before the call" else sent)

    await world.page()
    await world.lead()
    weakened = DeliveryStore(world.database, world.keys, delivery_sql.CLAIM.replace(part, instead))
    assert await claims_after_event(world.deliveries) == 0
    assert await claims_after_event(weakened) == 1


async def test_each_outcome_settles_its_row(world):
    await world.page()
    leads = [await world.lead() for _ in range(5)]
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=5, now=NOW)
    attempts = {delivery.lead_id: delivery.attempt_id for delivery in claim.deliveries}
    later = NOW + timedelta(seconds=5)
    outcomes = [
        Accepted(Mid("m_1")),
        NotSent("limited", later, 613, None),
        Declined("unreachable", error_code=551),
        Declined("window_closed", skip=True, error_code=10, error_subcode=2018278),
        Unsure("timeout"),
    ]
    marks = [(attempts[lead], outcome) for lead, outcome in zip(leads, outcomes, strict=True)]
    assert await world.deliveries.mark(PAGE, marks, now=NOW) == 5
    rows = await world.rows(campaign_id)
    assert [(rows[lead]["state"], rows[lead]["reason"]) for lead in leads] == [
        ("sent", None),
        ("queued", "limited"),
        ("refused", "unreachable"),
        ("skipped", "window_closed"),
        ("unknown", "timeout"),
    ]
    assert rows[leads[0]]["mid_hash"] == world.keys.index.message(PAGE, "m_1")
    assert rows[leads[1]]["not_before"] == later
    assert (rows[leads[3]]["error_code"], rows[leads[3]]["error_subcode"]) == (10, 2018278)
    assert await world.deliveries.mark(PAGE, marks, now=NOW) == 1, "only the unknown one may still be moved"


async def test_a_row_set_back_is_claimed_again_though_the_cursor_passed_it(world):
    await world.page()
    for _ in range(6):
        await world.lead()
    campaign_id = await world.campaign()
    leads = list(await world.rows(campaign_id))
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=4, now=NOW)
    await world.deliveries.advance(lease, campaign_id)
    back = next(delivery for delivery in claim.deliveries if delivery.lead_id == leads[0])
    await world.deliveries.mark(PAGE, [(back.attempt_id, NotSent("limited", NOW + timedelta(seconds=1)))], now=NOW)
    early = await world.deliveries.claim(lease, campaign_id, limit=4, now=NOW)
    assert {delivery.lead_id for delivery in early.deliveries} == set(leads[4:])
    assert await world.deliveries.release(lease, limit=10, now=NOW) == 0
    assert await world.deliveries.release(lease, limit=10, now=NOW + timedelta(seconds=1)) == 1
    again = await world.deliveries.claim(lease, campaign_id, limit=4, now=NOW + timedelta(seconds=1))
    assert [delivery.lead_id for delivery in again.deliveries] == leads[:1]
    assert again.deliveries[0].attempt_id != back.attempt_id


async def test_a_cursor_moved_while_a_row_comes_back_never_loses_it(world):
    await world.page()
    for _ in range(30):
        await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=30, now=NOW)

    async def give_back() -> None:
        for delivery in claim.deliveries:
            await world.deliveries.mark(PAGE, [(delivery.attempt_id, NotSent("late", NOW))], now=NOW)

    async def keep_advancing() -> None:
        for _ in range(60):
            await world.deliveries.advance(lease, campaign_id)

    await asyncio.gather(give_back(), keep_advancing(), keep_advancing())
    again = await world.deliveries.claim(lease, campaign_id, limit=64, now=NOW)
    assert len(again.deliveries) == 30


async def test_an_echo_settles_whatever_was_believed_in_either_order_with_the_answer(world):
    await world.page()
    leads = [await world.lead() for _ in range(5)]
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=5, now=NOW)
    attempts = {delivery.lead_id: delivery.attempt_id for delivery in claim.deliveries}
    before = [None, Unsure("timeout"), Declined("policy"), NotSent("limited", NOW), Accepted(Mid("m"))]
    for lead, belief in zip(leads, before, strict=True):
        if belief is not None:
            await world.deliveries.mark(PAGE, [(attempts[lead], belief)], now=NOW)
        async with world.database.transaction() as tx:
            assert await world.deliveries.settle(tx, PAGE, attempts[lead], Mid("m"), now=NOW)
    for late in (Unsure("timeout"), Declined("policy"), NotSent("limited", NOW)):
        for lead in leads:
            await world.deliveries.mark(PAGE, [(attempts[lead], late)], now=NOW)
    assert set((await world.states(campaign_id)).values()) == {("sent", None)}
    async with world.database.transaction() as tx:
        assert not await world.deliveries.settle(tx, PAGE, uuid4(), Mid("m"), now=NOW)
        assert await world.deliveries.delivered(tx, PAGE, [Mid("m"), Mid("other")], now=NOW) == 0, "known already"


async def test_what_a_holder_left_on_the_wire_becomes_unknown_and_is_never_queued_again(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    await world.deliveries.claim(await world.lane(), campaign_id, limit=1, now=NOW)
    heir = await world.lane()
    assert await world.deliveries.orphans(heir) == 0, "its call may just be beginning"
    await world.age_attempts(3)
    assert await world.deliveries.orphans(heir) == 1
    assert (await world.states(campaign_id))[lead_id] == ("unknown", "interrupted")
    assert not (await world.deliveries.claim(heir, campaign_id, limit=5, now=NOW)).deliveries
    assert await world.deliveries.orphans(heir, after=timedelta()) == 0


async def test_the_own_claims_of_a_holder_are_orphans_only_when_no_call_can_take_that_long(world):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)
    await world.age_attempts(55)
    assert await world.deliveries.orphans(lease) == 0
    await world.age_attempts(6)
    assert await world.deliveries.orphans(lease) == 1


async def test_an_unknown_message_without_an_echo_is_listed_by_name_and_a_late_echo_still_settles_it(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)
    await world.deliveries.mark(PAGE, [(claim.deliveries[0].attempt_id, Unsure("timeout"))], now=NOW)
    wait = timedelta(minutes=10)
    assert await world.deliveries.name_unknown(lease, after=wait, now=NOW) == 0
    await world.age_attempts(601)
    assert await world.deliveries.name_unknown(lease, after=wait, now=NOW) == 1
    report = await world.store.reports.report(PAGE, campaign_id)
    assert [(unknown.lead_id, unknown.reason) for unknown in report.unknown] == [(lead_id, "no_echo")]
    async with world.database.transaction() as tx:
        await world.deliveries.settle(tx, PAGE, claim.deliveries[0].attempt_id, Mid("m"), now=NOW)
    assert (await world.store.reports.report(PAGE, campaign_id)).of(DeliveryState.SENT) == 1


async def test_a_row_that_comes_back_to_an_ended_campaign_is_settled(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)
    async with world.database.transaction() as tx:
        await world.campaigns.move(tx, PAGE, campaign_id, CampaignState.CANCELLED, now=NOW)
    await world.deliveries.mark(PAGE, [(claim.deliveries[0].attempt_id, NotSent("limited", NOW))], now=NOW)
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "cancelled")
    await world.execute("update delivery set state = 'queued'")
    await world.deliveries.sweep(lease, now=NOW)
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "cancelled")


@pytest.mark.parametrize(("later", "state"), [(timedelta(minutes=59), "queued"), (timedelta(minutes=61), "skipped")])
async def test_what_a_sender_that_stood_still_gives_back_is_sent_although_its_campaign_has_just_ended(
    world, later, state
):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    [held] = (await world.deliveries.claim(await world.lane(), campaign_id, limit=1, now=NOW)).deliveries
    heir = await world.lane()
    await world.age_attempts(3)
    assert await world.deliveries.orphans(heir) == 1
    assert await world.campaigns.finish(PAGE, now=NOW) == [campaign_id]
    await world.deliveries.mark(PAGE, [(held.attempt_id, NotSent("given_back", NOW))], now=NOW + later)
    assert (await world.states(campaign_id))[lead_id][0] == state
    found = await world.deliveries.claim(heir, campaign_id, limit=1, now=NOW + later)
    assert [one.lead_id for one in found.deliveries] == ([lead_id] if state == "queued" else [])
    campaign = await world.campaigns.get(PAGE, campaign_id)
    goes_on = state == "queued"
    assert campaign.state is (CampaignState.RUNNING if goes_on else CampaignState.FINISHED)
    assert (campaign.finished_at is None) is goes_on


async def test_a_campaign_never_ends_while_a_row_of_it_comes_back(world):
    await world.page()
    for _ in range(20):
        await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=20, now=NOW)
    attempts = [delivery.attempt_id for delivery in claim.deliveries]
    await world.deliveries.mark(PAGE, [(attempt, Unsure("interrupted")) for attempt in attempts], now=NOW)

    async def give_back() -> None:
        for attempt in attempts:
            await world.deliveries.mark(PAGE, [(attempt, NotSent("given_back", NOW))], now=NOW)

    async def keep_finishing() -> None:
        for _ in range(40):
            await world.campaigns.finish(PAGE, now=NOW)

    await asyncio.gather(give_back(), keep_finishing(), keep_finishing())
    assert len((await world.deliveries.claim(lease, campaign_id, limit=32, now=NOW)).deliveries) == 20


async def test_dropping_a_person_or_a_topic_leaves_what_is_on_its_way(world):
    await world.page()
    await world.lead()
    await world.lead()
    campaign_id = await world.campaign()
    sending, queued = await world.rows(campaign_id)
    await world.deliveries.claim(await world.lane(), campaign_id, limit=1, now=NOW)
    async with world.database.transaction() as tx:
        assert await world.deliveries.drop(tx, PAGE, sending, "no_consent", now=NOW) == 0
        assert await world.deliveries.drop(tx, PAGE, queued, "no_consent", topic="news", now=NOW) == 0
        assert await world.deliveries.drop(tx, PAGE, queued, "no_consent", topic=OFFERS, now=NOW) == 1
    assert await world.states(campaign_id) == {sending: ("sending", None), queued: ("skipped", "no_consent")}


async def test_a_closed_window_waits_where_the_campaign_says_so_until_the_person_writes(world):
    await world.page()
    closed = await world.lead(window_until=NOW)
    never = await world.lead(window_until=None)
    campaign_id = await world.campaign(wait_until=NOW + timedelta(days=2))
    lease = await world.lane()
    assert set((await world.states(campaign_id)).values()) == {("awaiting_window", "window_closed")}
    assert await world.campaigns.finish(PAGE, now=NOW) == []
    async with world.database.transaction() as tx:
        await tx.execute(
            "update lead set window_until = $2, newest_event = $3 where lead_id = $1",
            closed,
            NOW + timedelta(hours=24),
            NOW,
        )
        assert await world.deliveries.wake(tx, PAGE, closed, now=NOW) == 1
    assert await world.deliveries.release(lease, limit=10, now=NOW) == 1
    claim = await world.deliveries.claim(lease, campaign_id, limit=5, now=NOW)
    assert [delivery.lead_id for delivery in claim.deliveries] == [closed]
    await world.deliveries.sweep(lease, now=NOW + timedelta(days=2))
    assert (await world.states(campaign_id))[never] == ("expired", "window_closed")


async def test_nothing_leaves_once_the_time_until_which_a_campaign_waits_is_over(world):
    until = NOW + timedelta(hours=2)
    await world.page()
    leads = [await world.lead(window_until=NOW + timedelta(days=1)) for _ in range(4)]
    campaign_id = await world.campaign(wait_until=until)
    lease = await world.lane()
    last = await world.deliveries.claim(lease, campaign_id, limit=1, now=until - timedelta(seconds=1))
    assert len(last.deliveries) == 1
    restricted = next(lead_id for lead_id in leads if lead_id != last.deliveries[0].lead_id)
    await world.execute("update lead set restricted_since = $2 where lead_id = $1", restricted, NOW)
    assert (await world.deliveries.claim(lease, campaign_id, limit=5, now=until)).deliveries == []
    states = await world.states(campaign_id)
    assert states.pop(restricted) == ("skipped", "restricted")
    assert states.pop(last.deliveries[0].lead_id) == ("sending", None)
    assert list(states.values()) == [("expired", None)] * 2
    assert await world.value("select bool_and(settled_at = $1) from delivery where state = 'expired'", until)


async def test_a_window_that_opened_unnoticed_is_found_by_the_sweep(world):
    await world.page()
    lead_id = await world.lead(window_until=NOW)
    campaign_id = await world.campaign(wait_until=NOW + timedelta(days=2))
    lease = await world.lane()
    await world.execute("update lead set window_until = $1", NOW + timedelta(hours=24))
    await world.deliveries.sweep(lease, now=NOW)
    assert (await world.states(campaign_id))[lead_id] == ("queued", None)


async def test_a_window_that_closed_since_the_freeze_is_noticed_at_the_claim(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=5, now=NOW + timedelta(hours=24))
    assert (len(claim.deliveries), claim.skipped) == (0, 1)
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "window_closed")


async def test_the_counts_of_a_report_add_up_to_the_audience_at_any_time(world):
    await world.page()
    for state in ("given", "given", "given", "refused", None):
        await world.lead(topic_state=state)
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=2, now=NOW)
    await world.deliveries.mark(PAGE, [(claim.deliveries[0].attempt_id, Unsure("timeout"))], now=NOW)
    report = await world.store.reports.report(PAGE, campaign_id)
    assert report.total == (await world.campaigns.get(PAGE, campaign_id)).audience_size == 5
    assert report.of(DeliveryState.SKIPPED) == report.counts[DeliveryState.SKIPPED]["no_consent"] == 2
    assert report.of(DeliveryState.UNKNOWN) == report.of(DeliveryState.SENDING) == report.of(DeliveryState.QUEUED) == 1


async def test_a_campaign_is_finished_when_nothing_of_it_is_open(world):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=2, now=NOW)
    assert await world.campaigns.finish(PAGE, now=NOW) == []
    await world.deliveries.mark(PAGE, [(claim.deliveries[0].attempt_id, Unsure("timeout"))], now=NOW)
    assert await world.campaigns.finish(PAGE, now=NOW) == [campaign_id]
    with pytest.raises(CampaignMoved):
        async with world.database.transaction() as tx:
            await world.campaigns.move(tx, PAGE, campaign_id, CampaignState.RUNNING, now=NOW)


async def test_a_lead_whose_key_does_not_fit_is_refused_and_stops_nobody_else(world):
    await world.page()
    broken, fine = await world.lead(), await world.lead()
    await world.execute("update lead set profile_sealed = '\\x0101' where lead_id = $1", broken)
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=5, now=NOW)
    assert [delivery.lead_id for delivery in claim.deliveries] == [fine]
    assert (await world.states(campaign_id))[broken] == ("refused", "unreadable")


async def test_an_unreachable_person_stays_so_unless_they_wrote_after_the_call(world):
    await world.page()
    gone, back = await world.lead(), await world.lead(newest_event=NOW + timedelta(seconds=5))
    await world.deliveries.lost_touch(PAGE, [gone, back], "person_unreachable", asked_at=NOW, now=NOW)
    found = await world.fetch("select lead_id from lead where unreachable_since is not null")
    assert [row["lead_id"] for row in found] == [gone]


async def test_a_stop_under_way_during_the_freeze_is_seen_by_the_first_claim(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign(start=False)
    lease = await world.lane()
    handle = await world.value("select suppression_handle from lead")
    async with world.database.transaction() as stop:
        await world.suppressions.stop(stop, PAGE, handle, since=NOW + timedelta(seconds=1), now=NOW)
        starting = asyncio.create_task(world.start(PAGE, campaign_id))
        done, _ = await asyncio.wait([starting], timeout=0.3)
        assert not done, "the campaign starts only when the stop is through"
        assert not (await world.deliveries.claim(lease, campaign_id, limit=5, now=NOW)).deliveries
    await starting
    assert not (await world.deliveries.claim(lease, campaign_id, limit=5, now=NOW)).deliveries
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "stopped")


async def test_a_stop_ends_what_came_back_while_it_was_under_way_and_is_just_being_claimed(world):
    """The claim began before the stop was committed, and takes the row after the stop was acknowledged."""
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    handle = await world.value("select suppression_handle from lead")
    [held] = (await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)).deliveries
    async with world.database.transaction() as slow:
        async with world.database.transaction() as stop:
            await world.suppressions.stop(stop, PAGE, handle, since=NOW + timedelta(seconds=1), now=NOW)
            await world.deliveries.mark(PAGE, [(held.attempt_id, NotSent("limited", NOW))], now=NOW)
            await slow.execute("select from lane where key = $1 for update", PAGE)
            claiming = asyncio.create_task(world.deliveries.claim(lease, campaign_id, limit=1, now=NOW))
            done, _ = await asyncio.wait([claiming], timeout=0.3)
            assert not done, "it sees the row as queued, and waits for the lane"
        assert await world.suppressions.wait_until_quiet(PAGE, handle, at_most=timedelta(seconds=2))
    assert not (await claiming).deliveries
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "stopped")


# The Page's state is looked at before any row.
ELSEWHERE = {Reason.PAGE_RESTRICTED}


def test_a_reason_in_the_statement_is_a_reason_of_the_rule():
    assert all(f"'{reason}'" in delivery_sql.CLAIM for reason in set(Reason) - ELSEWHERE)


async def test_the_attempt_in_the_row_is_the_one_that_was_returned(world):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign()
    claim = await world.deliveries.claim(await world.lane(), campaign_id, limit=1, now=NOW)
    [row] = (await world.rows(campaign_id)).values()
    assert attempt_of(row) == claim.deliveries[0].attempt_id

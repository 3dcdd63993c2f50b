"""Do the statements that choose people agree with the rule over caps, quiet hours, zones and notices, too?"""

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from domain.audience import EVERYBODY
from domain.consent import ConsentAct
from domain.eligibility import Eligible, Facts, Reason, decide
from domain.ids import Topic
from domain.page import MarketingBasis
from tests.broadcast.people import NOW, OFFERS, PAGE, World, open_world

HOUR = timedelta(hours=1)
CAP_HOURS = 48
NOTICE = 3
ZONES = [None, "UTC", "America/New_York", "Europe/Berlin", "Pacific/Auckland", "Asia/Kathmandu", "Australia/Lord_Howe"]
PAGE_ZONE = "Europe/Berlin"
SENT = [None, NOW - timedelta(hours=CAP_HOURS), NOW - timedelta(hours=CAP_HOURS, seconds=-1), NOW]
NOTICES = [None, NOTICE - 1, NOTICE]
SPANS = [(None, None), (22 * 60, 8 * 60), (12 * 60, 13 * 60), (0, 1), (13 * 60, 12 * 60)]


@pytest.fixture
async def world(database_dsn):
    async with open_world(database_dsn) as world:
        yield world


def is_quiet(moment: datetime, zone: str, quiet_from: int | None, quiet_until: int | None) -> bool:
    """The question asked of the standard library's clock."""
    if quiet_from is None or quiet_until is None:
        return False
    local = moment.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    if quiet_from < quiet_until:
        return quiet_from <= minute < quiet_until
    return minute >= quiet_from or minute < quiet_until


async def reasons(world: World, now: datetime) -> dict:
    async with world.database.transaction() as tx:
        groups = await world.store.audiences.preview(tx, PAGE, EVERYBODY, OFFERS, now=now, samples=10_000)
    assert all(group.people == len(group.samples) for group in groups)
    return {lead_id: group.reason for group in groups for lead_id in group.samples}


@pytest.mark.parametrize("span", SPANS)
async def test_the_database_and_the_rule_agree_on_caps_quiet_hours_zones_and_notices(world, span):
    quiet_from, quiet_until = span
    await world.page(
        time_zone=PAGE_ZONE,
        frequency_hours=CAP_HOURS,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        consent_from_notice=NOTICE,
    )
    expected = {}
    for zone, sent, notice in product(ZONES, SENT, NOTICES):
        lead_id = await world.lead(time_zone=zone)
        await world.execute("update lead_topic set notice_version = $2 where lead_id = $1", lead_id, notice)
        if sent is not None:
            await world.execute("insert into lead_sent values ($1, $2, 999, $3)", PAGE, lead_id, sent)
        facts = Facts(
            page_connected=True,
            basis=MarketingBasis.EXPLICIT,
            erased=False,
            suppressed=None,
            restricted=False,
            answer=ConsentAct.GIVEN,
            conversation_started=True,
            unreachable=False,
            human_until=None,
            window_until=NOW + 24 * HOUR,
            newest_event=NOW,
            notice_outdated=(notice or 0) < NOTICE,
            capped_until=sent and sent + timedelta(hours=CAP_HOURS),
            quiet=is_quiet(NOW, zone or PAGE_ZONE, quiet_from, quiet_until),
        )
        decision = decide(facts, NOW)
        expected[lead_id] = None if isinstance(decision, Eligible) else decision.reason
    assert await reasons(world, NOW) == expected
    assert {Reason.NOTICE_OUTDATED, Reason.FREQUENCY_CAP, None} <= set(expected.values())

    # The statements of sending say the same.
    campaign_id = await world.campaign()
    frozen = await world.rows(campaign_id)
    for lead_id, reason in expected.items():
        row = frozen[lead_id]
        waits = reason is Reason.QUIET_HOURS
        assert row["state"] == ("queued" if reason is None or waits else "skipped")
        assert (row["reason"] or (Reason.QUIET_HOURS if row["not_before"] else None)) == reason
        if waits:
            ends = row["not_before"]
            zone = await _zone(world, lead_id)
            assert not is_quiet(ends, zone, *span)
            assert is_quiet(ends - timedelta(seconds=1), zone, *span)
    await world.execute("update delivery set state = 'queued', reason = null, rule = null, not_before = null")
    lease = await world.lane()
    for _ in range(3):
        await world.deliveries.claim(lease, campaign_id, limit=512, now=NOW)
    for lead_id, row in (await world.rows(campaign_id)).items():
        becomes = {None: "sending", Reason.QUIET_HOURS: "queued"}.get(expected[lead_id], "skipped")
        assert row["state"] == becomes


async def _zone(world: World, lead_id) -> str:
    return await world.value("select time_zone from lead where lead_id = $1", lead_id) or PAGE_ZONE


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
async def test_quiet_hours_are_those_of_the_persons_clock_through_the_days_when_it_is_changed(world, day):
    span = (90, 150)  # 01:30 to 02:30: within the gap of spring and the hour that comes twice in autumn
    await world.page(quiet_from=span[0], quiet_until=span[1], time_zone=PAGE_ZONE)
    lead_id = await world.lead(window_until=day + timedelta(days=9), newest_event=day - timedelta(days=9))
    quiet = 0
    for minutes in range(-120, 240, 10):
        moment = day + timedelta(minutes=minutes)
        found = (await reasons(world, moment))[lead_id]
        assert found == (Reason.QUIET_HOURS if is_quiet(moment, PAGE_ZONE, *span) else None), moment
        quiet += found is not None
    # In spring half an hour of them does not exist; in autumn half an hour comes twice.
    assert quiet == (3 if day.month == 3 else 9)


async def test_a_yes_counts_again_once_it_was_given_under_the_new_notice(world):
    await world.page()
    lead_id = await world.lead()
    async with world.database.transaction() as tx:
        kept = await world.store.notices.publish(tx, PAGE, {"en": "One."}, now=NOW)
    await world.execute("update lead_topic set notice_version = $1", kept)
    assert await reasons(world, NOW) == {lead_id: None}
    async with world.database.transaction() as tx:
        await world.store.notices.publish(tx, PAGE, {"en": "Two."}, now=NOW)
    assert await reasons(world, NOW) == {lead_id: None}
    async with world.database.transaction() as tx:
        renewed = await world.store.notices.publish(tx, PAGE, {"en": "Three."}, now=NOW, renews=True)
    assert await reasons(world, NOW) == {lead_id: Reason.NOTICE_OUTDATED}
    await world.execute("update lead_topic set notice_version = $1", renewed)
    assert await reasons(world, NOW) == {lead_id: None}


async def test_what_is_shown_beforehand_is_what_the_start_writes_down(world):
    await world.page(frequency_hours=CAP_HOURS)
    for answer, window, human in product(["given", "refused", None], [NOW, NOW + 3 * HOUR], [None, NOW + HOUR]):
        await world.lead(topic_state=answer, window_until=window, human_until=human)
    await world.lead(suppressed="stop")
    shown = await reasons(world, NOW)
    campaign_id = await world.campaign()
    async with world.database.transaction() as tx:
        groups = await world.store.audiences.preview(tx, PAGE, EVERYBODY, campaign_id, now=NOW, samples=99)
        none = await world.store.audiences.preview(tx, PAGE, EVERYBODY, Topic("news"), now=NOW, samples=2)
    assert {lead_id: group.reason for group in groups for lead_id in group.samples} == shown
    rows = await world.rows(campaign_id)
    assert {lead_id: row["reason"] for lead_id, row in rows.items()} == shown
    assert {group.reason for group in none} == {Reason.NO_CONSENT, Reason.STOPPED}
    assert max(len(group.samples) for group in none) == 2


async def test_the_last_message_of_the_same_campaign_caps_nobody(world):
    await world.page(frequency_hours=CAP_HOURS)
    lead_id = await world.lead()
    campaign_id = await world.campaign(start=False)
    await world.execute("insert into lead_sent values ($1, $2, $3, $4)", PAGE, lead_id, campaign_id, NOW)
    await world.start(PAGE, campaign_id)
    assert await world.states(campaign_id) == {lead_id: ("queued", None)}
    assert await reasons(world, NOW) == {lead_id: Reason.FREQUENCY_CAP}

"""Does the database choose exactly the people whom the filter chooses?"""

import random
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from domain.audience import (
    Either,
    Every,
    FieldIs,
    FieldKind,
    FieldKnown,
    FirstContact,
    FirstContactWithin,
    Is,
    Not,
    Order,
    Person,
    Subject,
    matches,
)
from domain.audience_text import AudienceRefused, parse, printed
from domain.campaign import CampaignRefused
from domain.eligibility import WINDOW_MARGIN
from storage.audiences import condition
from storage.fields import Field, FieldOfOtherKind
from tests.broadcast.people import NOW, PAGE, World, open_world

ZONE = "Pacific/Auckland"
TAGS = ["vip", "new", "cold"]
WAYS = [None, "ad", "message", "get_started"]
FIELDS = {"city": FieldKind.TEXT, "age": FieldKind.NUMBER, "born": FieldKind.DATE, "language": FieldKind.LANGUAGE}
VALUES = {
    "city": ["Köln", 'a "quoted" \\ one', "18", "2000-01-01", "' or true --"],
    "age": [Decimal("17.5"), Decimal(18), Decimal("-3")],
    "born": [date(1999, 12, 31), date(2000, 1, 1)],
    "language": ["de", "fr"],
}
FIRST = [NOW - timedelta(hours=hours) for hours in (0, 12, 13, 48, 24 * 30, 24 * 400)]
WINDOWS = [None, NOW - timedelta(hours=1), NOW + WINDOW_MARGIN, NOW + timedelta(hours=5)]


@pytest.fixture
async def world(database_dsn):
    async with open_world(database_dsn) as world:
        yield world


async def declared(world: World) -> None:
    async with world.database.transaction() as tx:
        for name, kind in FIELDS.items():
            await world.store.fields.declare(tx, PAGE, Field(name=name, kind=kind, purpose="test"), now=NOW)
        for tag in TAGS:
            await world.store.tags.give(tx, PAGE, tag, [], now=NOW)


async def crowd(world: World, odd: random.Random, size: int) -> dict:
    """People with facts at random; by lead id what a filter looks at."""
    found = {}
    for _ in range(size):
        first, way, window = odd.choice(FIRST), odd.choice(WAYS), odd.choice(WINDOWS)
        newest = odd.choice([NOW - timedelta(hours=2), NOW + timedelta(hours=6)])
        answer = odd.choice([None, "given", "withdrawn"])
        lead = await world.lead(
            topic_state=answer, first_seen=first, entry_point=way, window_until=window, newest_event=newest
        )
        tags = frozenset(tag for tag in TAGS if odd.random() < 0.4)
        fields = {name: odd.choice(values) for name, values in VALUES.items() if odd.random() < 0.6}
        async with world.database.transaction() as tx:
            for tag in tags:
                assert await world.store.tags.give(tx, PAGE, tag, [lead], now=NOW) == 1
            for name, value in fields.items():
                assert await world.store.fields.put(tx, PAGE, lead, name, value)
        found[lead] = Person(
            tags=tags,
            topics=frozenset({"offers"} if answer == "given" else ()),
            fields=fields,
            first_contact=first,
            entry_point=way,
            language=str(fields.get("language", "en")),
            window_open=window is not None and window > max(NOW, newest) + WINDOW_MARGIN,
        )
    return found


def one_filter(odd: random.Random, depth: int = 0):
    shape = odd.random()
    if depth < 3 and shape < 0.5:
        parts = tuple(one_filter(odd, depth + 1) for _ in range(odd.randint(2, 3)))
        return odd.choice([Every(parts), Either(parts), Not(parts[0])])
    name = odd.choice(list(FIELDS))
    any_value = odd.choice([value for values in VALUES.values() for value in values])
    return odd.choice(
        [
            Is(Subject.TAG, odd.choice([*TAGS, "nobody"])),
            Is(Subject.TOPIC, odd.choice(["offers", "news"])),
            Is(Subject.ENTRY_POINT, odd.choice(["ad", "message", "link"])),
            Is(Subject.LANGUAGE, odd.choice(["de", "en", "it"])),
            Is(Subject.WINDOW, odd.choice(["open", "closed"])),
            FirstContact(odd.choice(list(Order)), (odd.choice(FIRST) + timedelta(hours=odd.randint(-13, 13))).date()),
            FirstContactWithin(odd.choice([1, 2, 30, 500])),
            FieldIs(name, odd.choice(list(Order)), odd.choice(VALUES[name])),
            FieldIs(name, odd.choice(list(Order)), any_value),
            FieldKnown(name),
        ]
    )


async def chosen(world: World, wanted) -> set:
    where, values = condition(wanted, now="$2::timestamptz", first=3)
    statement = f"""
        select l.lead_id from lead l join page p using (page_id)
        where page_id = $1 and $2::timestamptz is not null and ({where})
    """
    return {row["lead_id"] for row in await world.fetch(statement, PAGE, NOW, *values)}


async def test_the_database_and_the_filter_choose_the_same_people(world):
    odd = random.Random(20261123)
    await world.page(time_zone=ZONE)
    await declared(world)
    people = await crowd(world, odd, 60)
    zone, some = ZoneInfo(ZONE), 0
    for _ in range(500):
        wanted = one_filter(odd)
        expected = {lead for lead, person in people.items() if matches(wanted, person, now=NOW, zone=zone)}
        assert await chosen(world, wanted) == expected, printed(wanted)
        some += 0 < len(expected) < len(people)
    assert some > 250


async def test_a_campaign_has_rows_for_whom_its_filter_chooses_only_and_late_joiners_stay_out(world):
    await world.page()
    vip, plain, refused = await world.lead(), await world.lead(), await world.lead(topic_state="refused")
    async with world.database.transaction() as tx:
        await world.store.tags.give(tx, PAGE, "vip", [vip, refused], now=NOW)
    campaign_id = await world.campaign(audience="tag = vip")
    async with world.database.transaction() as tx:
        await world.store.tags.give(tx, PAGE, "vip", [plain], now=NOW)
    assert await world.states(campaign_id) == {vip: ("queued", None), refused: ("skipped", "no_consent")}
    assert (await world.campaigns.get(PAGE, campaign_id)).audience_size == 2


async def test_a_segment_is_put_in_when_it_is_used_and_a_later_change_moves_nothing(world):
    await world.page()
    await declared(world)
    async with world.database.transaction() as tx:
        audiences = world.store.audiences
        await audiences.put_segment(tx, PAGE, "best", "tag = vip and field.age >= 18")
        await audiences.put_segment(tx, PAGE, "best-open", "segment best and window = open")
        wanted = await audiences.read(tx, PAGE, "segment best-open or tag = new")
        assert printed(wanted) == "((tag = vip and field.age >= 18) and window = open) or tag = new"
        await audiences.put_segment(tx, PAGE, "best", "tag = cold")
    assert (await audiences.segments(PAGE))["best-open"] == "(tag = vip and field.age >= 18) and window = open"


async def test_a_filter_that_names_what_is_not_there_is_refused(world):
    await world.page()
    async with world.database.transaction() as tx:
        with pytest.raises(CampaignRefused, match="there is no tag vip"):
            await world.store.audiences.read(tx, PAGE, "tag = vip")
        with pytest.raises(AudienceRefused):
            await world.store.audiences.read(tx, PAGE, "tag == vip")


async def test_a_tag_is_given_to_known_people_once_and_taken_away(world):
    await world.page()
    one, other = await world.lead(), await world.lead()
    async with world.database.transaction() as tx:
        assert await world.store.tags.give(tx, PAGE, "vip", [one], now=NOW) == 1
        assert await world.store.tags.give(tx, PAGE, "vip", [one, other, type(one)(int=7)], now=NOW) == 1
        assert await world.store.tags.take(tx, PAGE, "vip", [one]) == 1
    assert await world.store.tags.counts(PAGE) == {"vip": 1}
    assert await chosen(world, parse("tag = vip")) == {other}


async def test_a_field_keeps_its_kind_and_its_newest_value(world):
    await world.page()
    await declared(world)
    lead = await world.lead()
    async with world.database.transaction() as tx:
        for age in (Decimal(17), Decimal(18)):
            assert await world.store.fields.put(tx, PAGE, lead, "age", age)
        assert not await world.store.fields.put(tx, PAGE, type(lead)(int=7), "age", Decimal(3))
    assert await chosen(world, parse("field.age = 18.0")) == {lead}
    async with world.database.transaction() as tx:
        await world.store.fields.clear(tx, PAGE, lead, "age")
    assert await chosen(world, parse("field.age known")) == set()
    async with world.database.transaction() as tx:
        text = Field(name="age", kind=FieldKind.TEXT, purpose="test")
        with pytest.raises(FieldOfOtherKind):
            await world.store.fields.declare(tx, PAGE, text, now=NOW)


async def test_the_first_way_in_stays_and_only_a_time_zone_that_exists_is_noted(world):
    await world.page()
    lead_id = await world.lead()
    async with world.database.transaction() as tx:
        lead = await world.store.leads.get(tx, PAGE, lead_id)
        for way in ("ad", "message"):
            await world.store.leads.entered(tx, lead, way)
        for zone in ("Pacific/Auckland", "Nowhere/Else", "' or true --"):
            await world.store.leads.lives_in(tx, lead, zone)
    [row] = await world.fetch("select entry_point, time_zone from lead")
    assert tuple(row) == ("ad", "Pacific/Auckland")

"""Is a filter read as it is written, printed as it is read, and refused where it makes no sense?"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audience import (
    EVERYBODY,
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
    Segment,
    Subject,
    conditions,
    expanded,
    faults_of_names,
    matches,
)
from domain.audience_text import (
    DEEPEST,
    FIELD,
    LABEL,
    MOST_CHARACTERS,
    MOST_CONDITIONS,
    AudienceRefused,
    parse,
    printed,
    read_value,
)
from domain.proof.record_sections import EntryPoint

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
KEYWORDS = {"and", "or", "not", "within", "known"}

labels = st.from_regex(LABEL, fullmatch=True).filter(lambda name: name.isascii() and name not in KEYWORDS)
field_names = st.from_regex(FIELD, fullmatch=True)
orders = st.sampled_from(Order)
texts = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs", "Cc"]), max_size=30)
numbers = st.decimals(-999_999, 999_999, places=2)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
singles = st.one_of(
    st.builds(Is, st.sampled_from([Subject.TAG, Subject.TOPIC]), labels),
    st.builds(Is, st.just(Subject.ENTRY_POINT), st.sampled_from([way.value for way in EntryPoint])),
    st.builds(Is, st.just(Subject.WINDOW), st.sampled_from(["open", "closed"])),
    st.builds(Is, st.just(Subject.LANGUAGE), st.from_regex(r"[a-z]{2,3}", fullmatch=True)),
    st.builds(FirstContact, orders, days),
    st.builds(FirstContactWithin, st.integers(1, 36500)),
    st.builds(FieldIs, field_names, orders, st.one_of(texts, numbers, days)),
    st.builds(FieldKnown, field_names),
    st.builds(Segment, labels),
)


def _joined(inner):
    parts = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Every, parts), st.builds(Either, parts), st.builds(Not, inner))


filters = st.recursive(singles, _joined, max_leaves=12)


@given(filters)
def test_what_is_printed_reads_as_the_same_filter(wanted):
    text = printed(wanted)
    if len(text) <= MOST_CHARACTERS:
        assert parse(text) == wanted


def test_an_empty_text_is_everybody_and_prints_as_nothing():
    assert parse("  ") == EVERYBODY
    assert printed(EVERYBODY) == ""


def test_and_binds_closer_than_or_and_not_closest():
    vip, new, open_ = Is(Subject.TAG, "vip"), Is(Subject.TAG, "new"), Is(Subject.WINDOW, "open")
    assert parse("tag = vip or tag = new and not window = open") == Either((vip, Every((new, Not(open_)))))
    assert parse("(tag = vip or tag = new) and window = open") == Every((Either((vip, new)), open_))


def test_the_kind_of_a_value_is_seen_from_how_it_is_written():
    assert parse("field.age >= 18") == FieldIs("age", Order.AT_LEAST, Decimal(18))
    assert parse("field.born < 2000-01-31") == FieldIs("born", Order.BELOW, date(2000, 1, 31))
    assert parse("field.city = Köln") == FieldIs("city", Order.EQUAL, "Köln")
    assert parse(r'field.city != "a \"b\" \\ c"') == Not(FieldIs("city", Order.EQUAL, 'a "b" \\ c'))
    assert parse('field.zip = "01099"') == FieldIs("zip", Order.EQUAL, "01099")
    assert parse("tag = 2026-11-23") == Is(Subject.TAG, "2026-11-23")


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("tag vip", 4, "expected = or !="),
        ("tag = VIP", 6, "lower-case"),
        ("colour = red", 0, "expected tag, topic"),
        ("tag = vip tag = new", 10, "expected `and`"),
        ("(tag = vip", 10, "expected `)`"),
        ("tag = vip and", 13, "expected tag, topic"),
        ("window = ajar", 9, "open, closed"),
        ("entry_point = door", 14, "get_started"),
        ("language = Deutsch", 11, "language code"),
        ("first_contact > yesterday", 16, "expected a date"),
        ("first_contact > 2026-02-30", 16, "in no calendar"),
        ("first_contact within 0 days", 21, "number of days"),
        ("first_contact within 3 weeks", 23, "expected `days`"),
        ("field.Age = 1", 0, "begins with a letter"),
        ('field.city = "Köln', 13, "no end"),
        ("field.age = 1.2.3", 12, "neither number nor date"),
        ("tag = vip; drop table lead", 9, "cannot read"),
        ("tag = ", 6, "expected a name"),
        ("not", 3, "expected tag, topic"),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(text, place, expected):
    with pytest.raises(AudienceRefused) as caught:
        parse(text)
    assert caught.value.place == place
    assert expected in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place_inside(text):
    try:
        parse(text)
    except AudienceRefused as refused:
        place = refused.place
    else:
        place = 0
    assert 0 <= place <= len(text)


def test_nothing_larger_than_the_limits_is_read():
    parse(" and ".join(["tag = a"] * MOST_CONDITIONS))
    for text in (
        " and ".join(["tag = a"] * (MOST_CONDITIONS + 1)),
        "(" * (DEEPEST + 2) + "tag = a" + ")" * (DEEPEST + 2),
        "not " * 400 + "tag = a",
        " " * (MOST_CHARACTERS + 1),
    ):
        with pytest.raises(AudienceRefused):
            parse(text)


def test_the_day_of_the_first_contact_is_that_of_the_page():
    person = _person(first_contact=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    wanted = parse("first_contact = 2026-02-01")
    assert matches(wanted, person, now=NOW, zone=ZoneInfo("Europe/Berlin"))
    assert not matches(wanted, person, now=NOW, zone=UTC_ZONE)


def test_who_has_no_value_is_outside_of_every_comparison_and_inside_of_unequal():
    assert not matches(parse("field.age < 18"), _person(), now=NOW, zone=UTC_ZONE)
    assert not matches(parse("field.age >= 18"), _person(), now=NOW, zone=UTC_ZONE)
    assert matches(parse("field.age != 18"), _person(), now=NOW, zone=UTC_ZONE)
    assert not matches(parse("field.age known"), _person(), now=NOW, zone=UTC_ZONE)
    assert not matches(parse("entry_point = ad"), _person(), now=NOW, zone=UTC_ZONE)


def test_segments_are_put_in_wherever_they_stand():
    vip, closed = parse("tag = vip"), parse("window = closed")
    wanted = expanded(parse("not segment best and (segment best or window = closed)"), {"best": vip})
    assert wanted == Every((Not(vip), Either((vip, closed))))
    assert not any(isinstance(one, Segment) for one in conditions(wanted))


def test_every_name_that_is_not_there_and_every_value_of_another_kind_is_a_fault():
    fields = {"age": FieldKind.NUMBER, "city": FieldKind.TEXT, "born": FieldKind.DATE}
    wanted = parse(
        "tag = vip and segment x and field.no known and field.age = old and field.city < b and field.born = 3"
    )
    faults = faults_of_names(wanted, tags=frozenset(), fields=fields)
    assert [fault.split(";")[0] for fault in faults] == [
        "there is no tag vip",
        "there is no segment x",
        "there is no field no",
        "field age holds numbers",
        "field city holds text",
        "field born holds dates",
    ]
    assert faults_of_names(parse("field.age < 18 and tag = vip"), tags=frozenset({"vip"}), fields=fields) == []


def test_a_field_takes_only_values_of_its_kind():
    assert read_value(FieldKind.NUMBER, "-3.50") == Decimal("-3.5")
    assert read_value(FieldKind.DATE, "2026-02-28") == date(2026, 2, 28)
    assert read_value(FieldKind.LANGUAGE, "de") == "de"
    assert read_value(FieldKind.TEXT, "Köln") == "Köln"
    for kind, text in (
        (FieldKind.NUMBER, "1e9"),
        (FieldKind.NUMBER, "٣"),
        (FieldKind.DATE, "2026-02-30"),
        (FieldKind.LANGUAGE, "German"),
        (FieldKind.TEXT, ""),
        (FieldKind.TEXT, "a\nb"),
        (FieldKind.TEXT, "x" * 201),
    ):
        assert read_value(kind, text) is None


def _person(**changes):
    values = {
        "tags": frozenset(),
        "topics": frozenset(),
        "fields": {},
        "first_contact": NOW - timedelta(days=3),
        "entry_point": None,
        "language": "en",
        "window_open": True,
        **changes,
    }
    return Person(**values)

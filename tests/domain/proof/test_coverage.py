"""Every entry is of one sort, and those that nobody opens are named by something that stands later, or found."""

from hypothesis import given
from hypothesis import strategies as st

from domain.proof.coverage import Coverage, LogAccount, Opening, Place, Tally
from domain.proof.entry import leaf_hash
from domain.proof.findings import Finding, FindingKind
from domain.proof.record_sections import Destroyed, format_indexes

OLD, NEW = "log.example/2025", "log.example/2026"
SIZES = {OLD: 9, NEW: 12}
PLACES = [Place(number, index) for number, size in enumerate(SIZES.values()) for index in range(size)]
OPENINGS = st.lists(st.sampled_from(Opening), min_size=len(PLACES), max_size=len(PLACES))
NAMINGS = st.lists(
    st.tuples(
        st.sampled_from(PLACES),
        st.sampled_from([OLD, NEW]),
        st.sets(st.integers(0, 14), min_size=1, max_size=5),
        st.booleans(),
    ),
    max_size=4,
)


def coverage() -> Coverage:
    return Coverage([LogAccount.of(origin, size) for origin, size in SIZES.items()])


def leaf(place: Place) -> bytes:
    return leaf_hash(bytes([place.log, place.index]))


def kinds(found: list[Finding]) -> list[tuple[str, str | None, int | None]]:
    return [(one.kind.value, one.origin, one.index) for one in found]


def arrived(made: Coverage, namings: list[tuple[Place, str, set[int], bool]]) -> set[Place]:
    """Lets every awaited entry arrive; those that something later awaits."""
    latest: dict[Place, Place] = {}
    for by, origin, indexes, waiting in namings:
        for place in (Place([*SIZES].index(origin), index) for index in indexes if waiting):
            latest[place] = max(by, latest.get(place, by))
    for place in PLACES:
        if leaf(place) in made.awaited:
            made.arrived(place, leaf(place))
    return {place for place, by in latest.items() if place < by and place in PLACES}


def fault(opening: Opening, *, named: bool, lost: bool) -> FindingKind | None:
    if opening is Opening.WRONG or named != (opening is Opening.OPENED):
        return None
    if named:
        return FindingKind.DESTROYED_BUT_OPENS
    if opening is Opening.NONE:
        return FindingKind.ENTRY_UNACCOUNTED
    return FindingKind.UNOPENABLE_BEFORE_BREAK if lost else FindingKind.DESTROYED_UNNAMED


@given(OPENINGS, NAMINGS, st.none() | st.sampled_from(PLACES))
def test_the_account_of_every_entry_is_that_of_a_naive_count(
    openings: list[Opening], namings: list[tuple[Place, str, set[int], bool]], broken: Place | None
) -> None:
    made = coverage()
    for place, opening in zip(PLACES, openings, strict=True):
        made.found(place, opening)
    expected_named: set[Place] = set()
    unknown: set[tuple[str, Place]] = set()
    for by, origin, indexes, waiting in namings:
        log = [*SIZES].index(origin)
        places = [Place(log, index) for index in indexes]
        if waiting:
            present = [place for place in places if place in PLACES]
            assert list(made.name(by, (), [leaf(place).hex() for place in present])) == []
            continue
        before = {place for place in places if place in PLACES and place < by}
        expected_named |= before
        unknown |= {(origin, by) for place in places if place not in before}
        found = list(made.name(by, [Destroyed.of(origin, indexes)], ()))
        assert bool(found) is (len(before) < len(places))
        assert {one.kind for one in found} <= {FindingKind.DESTROYED_UNKNOWN}
    expected_named |= arrived(made, namings)
    findings = {(one.origin, one.index): one.kind for one in made.findings(broken_after=broken)}
    for place, opening in zip(PLACES, openings, strict=True):
        named = place in expected_named
        assert made.is_named(place) is named
        kind = findings.get(([*SIZES][place.log], place.index))
        assert kind is fault(opening, named=named, lost=broken is not None and place < broken)
    tally = made.tally()
    assert tally.opened + tally.named + tally.by_hand + tally.faulty == len(PLACES)


def test_an_entry_is_not_accounted_for_by_what_stands_before_it() -> None:
    made = coverage()
    early = Place(0, 4)
    found = list(made.name(early, [Destroyed.of(OLD, [2, 3, 4, 6]), Destroyed.of(NEW, [1])], ()))
    assert kinds(found) == [
        ("destroyed_unknown", OLD, 4),
        ("destroyed_unknown", OLD, 6),
        ("destroyed_unknown", NEW, 1),
    ]
    assert [made.is_named(Place(0, index)) for index in (2, 3, 4, 6)] == [True, True, False, False]


def test_an_entry_that_waits_names_everything_there_is() -> None:
    made = coverage()
    assert list(made.name(made.behind, [Destroyed.of(NEW, range(12))], ())) == []
    [finding] = made.name(made.behind, [Destroyed.of(NEW, [11, 12])], ())
    assert (finding.index, finding.row) == (12, "named by an entry that waits")


def test_a_list_that_reaches_to_the_end_of_all_numbers_costs_no_time() -> None:
    made = coverage()
    endless = Destroyed(origin=NEW, indexes=f"0-{2**63 - 1}")
    assert kinds(list(made.name(made.behind, [endless], ()))) == [("destroyed_unknown", NEW, 12)]


def test_what_several_found_is_put_together() -> None:
    made, other = coverage(), bytearray(12)
    made.found(Place(1, 0), Opening.OPENED)
    other[3], other[4] = Opening.OPENED, Opening.EMPTIED
    list(made.name(made.behind, [Destroyed.of(NEW, [4])], ()))
    made.merge(1, bytes(other))
    made.found(Place(0, 0), Opening.OPENED)
    assert made.tally() == Tally(opened=3, named=1, by_hand=0, faulty=17)


def test_what_an_operator_named_is_counted_apart() -> None:
    made = coverage()
    list(made.name(made.behind, [Destroyed.of(NEW, [4, 5])], [leaf(Place(0, 1)).hex()], by_hand=True))
    made.arrived(Place(0, 1), leaf(Place(0, 1)))
    assert made.tally().by_hand == 3
    assert format_indexes(one.index or 0 for one in made.findings(broken_after=None) if one.origin == NEW) == "0-3,6-11"

"""Does the checker find each broken promise, and nothing where none was broken?"""

from dataclasses import replace

import pytest

from tests.crash import checker
from tests.crash.checker import Audience, Call, Facts, Late, Row, Stop, check, peak, sends_after_stop

PAGE = "1"


def call(psid: str = "a", arrived: float = 10.0, *, accepted: bool = True, is_campaign: bool = True) -> Call:
    return Call(page=PAGE, psid=psid, arrived=arrived, accepted=accepted, is_campaign=is_campaign)


def row(psid: str = "a", state: str = "sent", reason: str | None = None) -> Row:
    return Row(page=PAGE, campaign=1, psid=psid, state=state, reason=reason)


def stop(psid: str = "a", acknowledged: float = 10.0) -> Stop:
    return Stop(page=PAGE, psid=psid, acknowledged=acknowledged)


def audience(*people: str, reported: int | None = None) -> Audience:
    return Audience(
        page=PAGE, campaign=1, people=frozenset(people), reported=len(people) if reported is None else reported
    )


WELL = Facts(
    calls=[call("a", 10.0), call("b", 10.1, accepted=False), call("b", 11.2)],
    stops=[stop("c", 9.0)],
    rows=[row("a"), row("b"), row("c", "skipped", "stopped"), row("d", "unknown", "interrupted")],
    audiences=[audience("a", "b", "c", "d")],
    paces={PAGE: 5},
    answers={(PAGE, "c"): 1},
)


def test_nothing_is_found_where_all_went_well():
    verdict = check(WELL)
    assert verdict.broken == []
    assert (verdict.sends, verdict.unknown, verdict.unknown_arrived) == (2, 1, 0)


@pytest.mark.parametrize(
    ("promise", "changed"),
    [
        (checker.TWICE, {"calls": [*WELL.calls, call("a", 12.5)]}),
        (checker.FORGOTTEN, {"rows": [row("a", "queued"), *WELL.rows[1:]]}),
        (checker.FORGOTTEN, {"rows": [row("a", "sending"), *WELL.rows[1:]]}),
        (checker.FORGOTTEN, {"rows": [row("a", "skipped", "stopped"), *WELL.rows[1:]]}),
        (checker.AFTER_STOP, {"calls": [*WELL.calls, call("c", 9.2, accepted=False)]}),
        (checker.NOT_SENT, {"calls": WELL.calls[1:]}),
        (checker.UNSETTLED, {"calls": [*WELL.calls, call("d", 12.5)]}),
        (checker.STRANGERS, {"calls": [*WELL.calls, call("x", 12.5)]}),
        (checker.SUMS, {"audiences": [audience("a", "b", "c", "d", reported=3)]}),
        (checker.SUMS, {"rows": [*WELL.rows, row("e", "unknown")]}),
        (checker.PACE, {"calls": [*WELL.calls, *(call("b", 20 + n / 8, accepted=False) for n in range(24))]}),
        (checker.ANSWERED_TWICE, {"answers": {(PAGE, "c"): 2}}),
    ],
)
def test_each_broken_promise_is_found_and_no_other(promise: str, changed: dict[str, object]):
    assert check(replace(WELL, **changed)).broken == [promise]


def test_whoever_should_have_a_row_and_has_none_is_forgotten():
    verdict = check(replace(WELL, rows=WELL.rows[1:], calls=WELL.calls[1:]))
    assert verdict.broken == [checker.FORGOTTEN, checker.SUMS]


def test_answers_of_the_bot_are_no_sends_of_a_campaign_but_count_for_the_pace():
    answers = [call("c", 20 + n / 8, is_campaign=False) for n in range(24)]
    assert check(replace(WELL, calls=[*WELL.calls, *answers])).broken == [checker.PACE]


@pytest.mark.parametrize(
    ("arrived", "late", "woken", "found"),
    [
        (9.9, [], [], (0, 0)),
        (10.04, [], [], (0, 0)),
        (10.06, [], [], (1, 0)),
        (10.5, [Late(9.9, 10.5)], [], (0, 0)),
        (10.5, [Late(10.2, 10.5)], [], (1, 0)),
        (10.5, [Late(9.9, 10.2), Late(10.2, 10.5)], [], (0, 0)),
        (13.0, [], [12.98], (0, 1)),
        (13.0, [], [12.5], (1, 0)),
    ],
)
def test_a_send_is_after_a_stop_when_it_cannot_have_begun_before(
    arrived: float, late: list[Late], woken: list[float], found: tuple[int, int]
):
    after, waking = sends_after_stop([call(arrived=arrived)], [stop(), stop(acknowledged=11.0)], late, woken)
    assert (len(after), len(waking)) == found


def test_a_second_may_begin_anywhere_and_does_not_hold_its_own_end():
    assert peak([0.0, 0.5, 1.0, 1.2, 1.4]).seen == 4
    assert peak([0.0, 1.0, 2.0]).seen == 1


def test_what_the_platform_noted_late_may_have_arrived_in_all_that_time():
    moments = [10.0 + n / 10 for n in range(10)] + [12.0] * 10
    assert peak(moments).fair == 10
    assert peak(sorted([*moments, *[11.999] * 5]), [Late(11.0, 12.0)]).fair == pytest.approx(10)


def test_of_what_was_never_seen_in_n_chances_the_bound_is_three_in_n():
    assert check(WELL).findings[0].bound == pytest.approx(3 / 2)

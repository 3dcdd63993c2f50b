"""Does a Page keep its pace in every second, and still when the platform says so?"""

import asyncio
from datetime import timedelta

import pytest

from broadcast.pacer import Pacer
from domain.pacing import SECOND_NS
from messenger.errors import FailureKind, NextStep, SendFailure
from messenger.usage import Usage


class Clock:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns

    def forward(self, seconds: float) -> None:
        self.ns += int(seconds * SECOND_NS)


def failure(kind: FailureKind, **more) -> SendFailure:
    return SendFailure(kind=kind, next_step=NextStep.RETRY_LATER, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacer(clock) -> Pacer:
    pacer = Pacer(20, clock, lambda: 0.0)
    clock.forward(1)
    return pacer


def test_a_new_holder_waits_a_second_because_the_one_before_may_have_sent(clock):
    pacer = Pacer(20, clock)
    assert pacer.room(100) == 0
    clock.forward(1)
    assert pacer.room(100) == 4


def test_claims_reach_only_as_far_ahead_as_calls_begin_soon(pacer):
    assert pacer.room(100) == 4
    assert pacer.room(2) == 2
    pacer.claimed(3)
    assert pacer.room(100) == 1
    pacer.claimed(1)
    assert pacer.room(100) == 0
    assert 0 < pacer.ask_again_in() < 0.06


def test_a_limit_stops_everything_and_twice_as_long_the_next_time(pacer, clock):
    pacer.refused(failure(FailureKind.LIMITED, code=80006))
    assert pacer.held
    assert pacer.room(10) == 0
    assert pacer.ask_again_in() == pytest.approx(300)
    clock.forward(301)
    assert not pacer.held
    pacer.refused(failure(FailureKind.LIMITED, code=80006))
    assert pacer.ask_again_in() == pytest.approx(600)
    clock.forward(601)
    assert pacer.room(10) == 1
    for _ in range(20):
        pacer.let_in()
        clock.forward(0.5)
    assert pacer.limit() is None
    pacer.refused(failure(FailureKind.LIMITED, code=80006))
    assert pacer.ask_again_in() == pytest.approx(300)


def test_the_time_the_platform_names_is_kept(pacer):
    pacer.refused(failure(FailureKind.LIMITED, code=613, retry_after=timedelta(minutes=42)))
    pacer.heard(Usage(percent=100, regain_minutes=42))
    assert pacer.ask_again_in() == pytest.approx(42 * 60)
    pacer = Pacer(20, pacer.now_ns)
    pacer.refused(failure(FailureKind.LIMITED, code=80006, retry_after=timedelta(seconds=2)))
    assert pacer.ask_again_in() == pytest.approx(2)


def test_many_refusals_of_one_round_count_once(pacer):
    for _ in range(20):
        pacer.refused(failure(FailureKind.LIMITED, code=80006))
        pacer.heard(Usage(percent=100, regain_minutes=0))
    assert pacer.ask_again_in() == pytest.approx(300)
    assert pacer.limit().code == 80006


def test_an_unreachable_platform_is_tried_again_soon_then_later(pacer, clock):
    waits = []
    for _ in range(4):
        pacer.refused(failure(FailureKind.NOT_SENT))
        waits.append(pacer.ask_again_in())
        clock.forward(waits[-1] + 0.001)
    assert waits == sorted(waits)
    assert waits[0] <= 1
    assert waits[-1] >= 4


def test_a_filling_allowance_halves_the_pace_then_leaves_the_rest_to_answers(pacer, clock):
    pacer.heard(Usage(percent=74, regain_minutes=0))
    assert pacer.room(100) == 4
    pacer.heard(Usage(percent=75, regain_minutes=0))
    assert pacer.room(100) == 2
    assert pacer.campaigns_may_send
    pacer.heard(Usage(percent=90, regain_minutes=0))
    assert not pacer.campaigns_may_send
    assert pacer.room(100) > 0
    clock.forward(301)
    assert pacer.campaigns_may_send
    assert pacer.room(100) == 4
    pacer.heard(Usage(percent=100, regain_minutes=3))
    assert pacer.ask_again_in() == pytest.approx(180)


def test_a_quiet_answer_does_not_lift_a_warning(pacer):
    pacer.heard(Usage(percent=92, regain_minutes=0))
    pacer.heard(None)
    pacer.heard(Usage(percent=10, regain_minutes=0))
    assert not pacer.campaigns_may_send


async def test_no_second_holds_more_calls_than_the_pace_and_delays_are_not_made_up():
    pacer = Pacer(40)
    loop, begun = asyncio.get_running_loop(), []
    await asyncio.sleep(1)

    async def call() -> None:
        await pacer.pass_gate()
        begun.append(loop.time())
        pacer.passed()

    pacer.claimed(60)
    calls = [asyncio.create_task(call()) for _ in range(60)]
    await asyncio.sleep(0.5)
    blocked_until = loop.time() + 0.2
    while loop.time() < blocked_until:
        pass  # as a busy machine would
    await asyncio.gather(*calls)
    busiest = max(sum(moment <= other < moment + 1 for other in begun) for moment in begun)
    # The moments are taken when a task runs again, which a busy machine delays by milliseconds.
    assert busiest <= 40 * 1.05
    assert pacer.room(100) > 0


async def test_an_image_is_claimed_alone_and_the_next_one_when_its_time_has_come(pacer, clock):
    assert Pacer(20, clock).media_room(4) == 0
    assert pacer.media_room(4) == 1
    pacer.claimed(1, 1)
    assert pacer.media_room(4) == 0
    await pacer.pass_gate(media=True)
    assert pacer.media_room(4) == 0
    assert 0 < pacer.ask_for_media_in() <= 0.21
    assert pacer.room(100) > 0
    clock.forward(0.21)
    assert pacer.media_room(4) == 1


async def test_what_a_stall_held_up_counts_in_the_second_in_which_it_arrives(clock):
    pacer = Pacer(40, clock)
    clock.forward(1)
    for _ in range(40):
        assert pacer.room(100) > 0
        pacer.claimed(1)
        clock.forward(0.05)
        await pacer.pass_gate()
    # Forty are begun and unanswered: they may all arrive now.
    clock.forward(2)
    assert pacer.room(100) == 0
    for _ in range(40):
        pacer.passed()
    clock.forward(0.9)
    assert pacer.room(100) <= 4
    clock.forward(0.1)
    assert pacer.room(100) > 4

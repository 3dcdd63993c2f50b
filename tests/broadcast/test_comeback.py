"""Does a stormed Page fall silent at once, try carefully, and come back within two minutes, whatever the others do?

The pacer itself runs here, in a loop whose minutes pass in moments.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.pacer import Pacer
from domain.holds import LimitCause
from domain.pacing import Standing
from messenger.errors import FailureKind, NextStep, SendFailure
from tests.broadcast.hasty import run_hastily

PACE = 20
PAGES = 5
CALM = 30.0
LATENCY = 0.15
STORM_CODE = 613


@dataclass
class Stormy:
    """A platform that refuses every call of the first Page from `CALM` on, for `lasts` seconds."""

    lasts: float
    code: int = STORM_CODE
    told: timedelta | None = None
    begun: list[list[float]] = field(default_factory=lambda: [[] for _ in range(PAGES)])
    taken: list[list[float]] = field(default_factory=lambda: [[] for _ in range(PAGES)])

    @property
    def ends(self) -> float:
        return CALM + self.lasts

    async def call(self, page: int, pacer: Pacer) -> None:
        await pacer.pass_gate()
        try:
            now = asyncio.get_running_loop().time()
            if pacer.held:
                return
            self.begun[page].append(now)
            stormed = page == 0 and CALM <= now < self.ends
            await asyncio.sleep(LATENCY)
            if stormed:
                pacer.refused(
                    SendFailure(
                        kind=FailureKind.LIMITED, next_step=NextStep.RETRY_LATER, code=self.code, retry_after=self.told
                    )
                )
            else:
                self.taken[page].append(now)
                pacer.let_in()
        finally:
            pacer.passed()

    async def lane(self, page: int, until: float) -> None:
        """What a Page's lane does, with messages enough for ever."""
        loop, pacer, calls = asyncio.get_running_loop(), Pacer(PACE), set()
        while loop.time() < until:
            room = pacer.room(5)
            if room:
                pacer.claimed(room)
                for _ in range(room):
                    calls.add(task := asyncio.create_task(self.call(page, pacer)))
                    task.add_done_callback(calls.discard)
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(min(pacer.ask_again_in(), 1.0))
        await asyncio.gather(*calls)

    def run(self, seconds_after: float) -> "Stormy":
        async def all_lanes() -> None:
            await asyncio.gather(*(self.lane(page, self.ends + seconds_after) for page in range(PAGES)))

        run_hastily(all_lanes())
        return self

    def rate(self, page: int, since: float, until: float) -> float:
        return sum(since <= moment < until for moment in self.taken[page]) / (until - since)


@settings(max_examples=12, deadline=None)
@given(st.floats(1, 280))
def test_a_page_in_a_storm_is_silent_within_ten_seconds_and_back_within_two_minutes(lasts):
    storm = Stormy(lasts).run(130)
    in_storm = [moment for moment in storm.begun[0] if CALM <= moment < storm.ends]
    on_the_way, tried = PACE * LATENCY + 2, 1 + lasts / 15
    assert len(in_storm) <= on_the_way + tried
    assert sum(moment >= CALM + 10 for moment in in_storm) <= tried
    assert storm.rate(0, storm.ends + 115, storm.ends + 125) >= 0.95 * PACE
    for page in range(1, PAGES):
        for second in range(5, int(storm.ends + 125), 5):
            assert storm.rate(page, second, second + 5) >= 0.95 * PACE


def test_the_first_message_after_a_hold_goes_alone_and_the_others_follow_by_steps():
    storm = Stormy(5).run(60)
    after = [moment for moment in storm.begun[0] if moment > storm.ends]
    assert after[0] == pytest.approx(CALM + LATENCY + 15, abs=1)
    assert after[1] >= after[0] + LATENCY
    quarter, half, whole = (
        storm.rate(0, after[0] + since, after[0] + since + 2) for since in (0.5, LATENCY + 3.5, LATENCY + 7)
    )
    assert quarter <= PACE / 4 + 1
    assert PACE / 4 < half <= PACE / 2 + 1
    assert whole >= 0.9 * PACE


def test_what_the_platform_told_is_kept_to_the_second():
    storm = Stormy(3, code=80006, told=timedelta(minutes=3)).run(400)
    after = [moment for moment in storm.begun[0] if moment > CALM + 1]
    assert after[0] == pytest.approx(CALM + LATENCY + 180, abs=1.5)
    assert storm.rate(0, CALM + 200, CALM + 210) >= 0.95 * PACE


def test_a_limit_on_an_allowance_is_waited_for_with_five_minutes_and_more():
    storm = Stormy(400, code=80006).run(800)
    tried = [moment for moment in storm.begun[0] if CALM + 1 < moment < storm.ends + 1]
    assert [round((moment - CALM) / 60) for moment in tried] == [5]
    assert storm.rate(0, CALM + 920, CALM + 930) >= 0.95 * PACE


def test_a_limit_that_returns_at_the_slower_pace_makes_the_next_hold_longer():
    async def work() -> None:
        pacer = Pacer(PACE)
        limited = SendFailure(kind=FailureKind.LIMITED, next_step=NextStep.RETRY_LATER, code=613)
        holds = []
        for _ in range(4):
            pacer.refused(limited)
            holds.append(round(pacer.ask_again_in()))
            await asyncio.sleep(holds[-1] + 0.01)
            pacer.let_in()
        assert holds == [15, 30, 60, 60]
        assert pacer.room(10) <= 1

    run_hastily(work())


def test_whoever_takes_the_lane_over_keeps_still_as_long_and_comes_back_by_steps():
    async def work() -> None:
        before, after = Pacer(PACE), Pacer(PACE)
        before.refused(SendFailure(kind=FailureKind.LIMITED, next_step=NextStep.RETRY_LATER, code=80001, subcode=7))
        await asyncio.sleep(60)
        told = before.limit()
        assert (told.standing, told.cause, told.code, told.subcode) == (
            Standing.NOTHING,
            LimitCause.ALLOWANCE,
            80001,
            7,
        )
        after.take_over(told)
        assert after.ask_again_in() == pytest.approx(240, abs=0.1)
        await asyncio.sleep(241)
        assert after.room(10) == 1
        assert after.limit().coming_back
        after.refused(SendFailure(kind=FailureKind.LIMITED, next_step=NextStep.RETRY_LATER, code=80001))
        assert after.ask_again_in() == pytest.approx(600, abs=0.1)

    run_hastily(work())


def test_nothing_else_leaves_while_the_message_that_is_tried_is_under_way():
    async def work() -> None:
        pacer = Pacer(PACE)
        pacer.refused(SendFailure(kind=FailureKind.LIMITED, next_step=NextStep.RETRY_LATER, code=613))
        await asyncio.sleep(20)
        assert pacer.room(10) == 1
        pacer.claimed(1)
        assert pacer.room(10) == 0
        await pacer.pass_gate()
        assert pacer.room(10) == 0
        pacer.passed()
        # Nobody knows what became of it: another one may be tried.
        assert pacer.room(10) == 1

    run_hastily(work())

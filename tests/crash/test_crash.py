"""Does the short form of the crash harness hold, and does the harness notice what it is there to notice?

`python3 dev.py crash` is the long form.
"""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.crash import checker
from tests.crash.__main__ import parts
from tests.crash.chaos import Ills
from tests.crash.planted import Planted
from tests.crash.scenario import FAULTS, Outcome, Plan, play

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks, freezes and finds processes as Linux does"),
    pytest.mark.timeout(240),
]

SHORT = Plan(
    seed=7, workers=2, pages=20, people=2000, pace=20,
    ills=Ills(seconds=16, kills=12, freezes=2, restarts=2, stops_per_second=3, web_kills=1),
)  # fmt: skip
LIMITED = ({"fault": "error", "code": 613, "rate": 0.1},)
EVERY_EVENT_TWICE = ({"fault": "duplicate", "rate": 1.0},)
PLANTED = [
    (
        Planted.CONSENT_UNCHECKED, 2, 400, LIMITED, checker.AFTER_STOP,
        Ills(seconds=15, kills=0, freezes=3, restarts=0, stops_per_second=10),
    ),
    (
        Planted.MARKED_AFTER_SEND, 2, 300, (), checker.TWICE,
        Ills(seconds=12, kills=6, freezes=0, restarts=0, stops_per_second=1,
             moments=("call: after", "call: under way", "mark: before")),
    ),
    (
        Planted.EPOCH_UNCHECKED, 1, 400, (), checker.PACE,
        Ills(seconds=14, kills=0, freezes=2, restarts=0, stops_per_second=1),
    ),
    (
        Planted.EVENTS_REPEATED, 2, 100, EVERY_EVENT_TWICE, checker.ANSWERED_TWICE,
        Ills(seconds=5, kills=0, freezes=0, restarts=0, stops_per_second=4),
    ),
]  # fmt: skip


def test_whatever_dies_nobody_is_reached_twice_forgotten_or_written_to_after_a_stop(tmp_path: Path):
    outcome = asyncio.run(play(SHORT, tmp_path))
    assert outcome.broken == [], _examples(outcome)
    assert outcome.killed.total() >= SHORT.ills.kills
    assert outcome.restarts == ["fast", "immediate"]
    assert outcome.frozen >= 1
    assert outcome.web_killed == 1
    assert outcome.stops > 20
    assert outcome.verdict.sends > SHORT.people * 0.8
    assert {"hang", "accepted_and_cut", "error 613", "error 2"} <= outcome.faults.keys()


@pytest.mark.parametrize(
    ("planted", "pages", "people", "faults", "promise", "ills"), PLANTED, ids=[one[0].value for one in PLANTED]
)
def test_a_mistake_made_on_purpose_is_noticed(
    planted: Planted, pages: int, people: int, faults: tuple[dict[str, object], ...], promise: str, ills: Ills,
    tmp_path: Path,
):  # fmt: skip
    plan = Plan(
        seed=3, workers=2, pages=pages, people=people, pace=15, ills=ills, faults=faults, patience=12, planted=planted
    )
    assert promise in asyncio.run(play(plan, tmp_path)).broken


def test_of_all_sends_three_per_cent_are_limited_and_one_per_cent_each_fails_is_cut_and_hangs():
    rates = {(fault["fault"], fault.get("code")): fault["rate"] for fault in FAULTS}
    assert sum(rates["error", code] for code in (613, 4, 80006)) == pytest.approx(0.03)
    assert rates["error", 2] + rates["error", 1200] == rates["accepted_and_cut", None] == rates["hang", None] == 0.01


def test_the_four_installations_together_make_the_whole():
    found = parts(None, None)
    assert {(part.workers, part.pages) for part in found} == {(2, 1), (4, 1), (2, 40), (4, 40)}
    assert sum(part.sends for part in found) == pytest.approx(1)
    assert sum(part.kills for part in found) == pytest.approx(1)


def _examples(outcome: Outcome) -> list[str]:
    return [example for found in outcome.verdict.findings for example in found.examples]

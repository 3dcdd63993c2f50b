"""Is nobody reached twice, nobody forgotten and nobody written to after their stop, whatever dies in the middle?

Real processes on this machine: PostgreSQL, the simulated platform, one web process, and workers that are killed,
frozen and started again while campaigns run. The truth is the platform's ledger. Exits 1 when a promise was broken.
Without --workers and --pages four installations are tried, one after the other: two and four workers on one Page and
on forty.
"""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crash.chaos import Ills
from tests.crash.processes import AT_RANDOM
from tests.crash.scenario import TTL, Outcome, Plan, play

ONE, MANY = 1, 40
PACES = {ONE: 30, MANY: 12}
# A single Page may send so little that it gets this share of the sends; its workers come and go all the more.
SHARE_OF_ONE = 0.01
KILLS_OF_ONE = 0.4
SECONDS_PER_FREEZE, SECONDS_PER_RESTART, SECONDS_PER_WEB_KILL = 40, 75, 40
# What is lost to stops and to messages that stay unknown.
MORE_PEOPLE = 1.05
# Of fewer chances three in n says nothing.
BOUND_FROM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One installation, and its share of the whole."""

    workers: int
    pages: int
    sends: float
    kills: float


def parts(workers: int | None, pages: int | None) -> list[Part]:
    """The four installations, or the one that is named."""
    if workers or pages:
        return [Part(workers=workers or 2, pages=pages or ONE, sends=1.0, kills=1.0)]
    one = [Part(workers=number, pages=ONE, sends=SHARE_OF_ONE, kills=KILLS_OF_ONE) for number in (2, 4)]
    many = [Part(workers=number, pages=MANY, sends=0.5 - SHARE_OF_ONE, kills=0.5 - KILLS_OF_ONE) for number in (2, 4)]
    return one + many


def plan_of(part: Part, *, seed: int, sends: int, kills: int, minutes: float) -> Plan:
    """The run of one installation; all of them together take about so many minutes."""
    seconds = minutes * 60 * (part.sends + part.kills) / 2
    return Plan(
        seed=seed,
        workers=part.workers,
        pages=part.pages,
        people=part.pages * (int(sends * part.sends * MORE_PEOPLE / part.pages) + 1),
        pace=PACES.get(part.pages, 20),
        ills=Ills(
            seconds=seconds,
            kills=round(kills * part.kills),
            freezes=max(1, round(seconds / SECONDS_PER_FREEZE)),
            restarts=max(1, round(seconds / SECONDS_PER_RESTART)),
            web_kills=round(seconds / SECONDS_PER_WEB_KILL),
            stops_per_second=3.0,
        ),
    )


def told(outcome: Outcome) -> str:
    """One run, in a table."""
    plan, verdict = outcome.plan, outcome.verdict
    lines = [
        f"\n{plan.workers} workers, {plan.pages} Pages at {plan.pace}/s, seed {plan.seed}: {outcome.seconds:.0f} s",
        f"  {verdict.sends} messages, {outcome.stops} stops; {outcome.killed.total()} workers killed, "
        f"{outcome.killed.total() - outcome.killed[AT_RANDOM]} of them at {len(outcome.killed) - 1} named moments, "
        f"{outcome.web_killed} web processes killed, {outcome.frozen} freezes, "
        f"{len(outcome.restarts)} database restarts",
        "  " + ", ".join(f"{number} x {name}" for name, number in sorted(outcome.faults.items())),
        f"  processes that gave up by themselves {outcome.gave_up}",
        f"  unknown at the end {verdict.unknown}, of them delivered {verdict.unknown_arrived}; fullest second of any "
        f"Page over its pace {verdict.peak:.2f}; calls that came through on waking {verdict.on_waking}",
    ]
    return "\n".join(lines)


def summed(outcomes: Sequence[Outcome]) -> str:
    """All runs together: how often each promise was broken, and what that says with 95 %."""
    broken, of = Counter[str](), Counter[str]()
    for finding in (finding for outcome in outcomes for finding in outcome.verdict.findings):
        broken[finding.promise] += finding.broken
        of[finding.promise] += finding.of
    kills = sum(outcome.killed.total() for outcome in outcomes)
    lines = [f"\n{sum(outcome.verdict.sends for outcome in outcomes)} messages, {kills} kills in all"]
    lines.append(f"  {'promise':<42} {'broken':>7} {'of':>8}  95 % bound")
    for promise, number in of.items():
        bound = f"< {3 / number:.1e}" if number > BOUND_FROM and not broken[promise] else ""
        lines.append(f"  {promise:<42} {broken[promise]:>7} {number:>8}  {bound}".rstrip())
    examples = [example for outcome in outcomes for found in outcome.verdict.findings for example in found.examples]
    return "\n".join(lines + [f"  ! {example}" for example in examples])


def chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py crash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=None, help="what goes wrong is drawn from it; any, if left out")
    parser.add_argument("--sends", type=int, default=100_000, help="messages in all (%(default)s)")
    parser.add_argument("--kills", type=int, default=300, help="killed workers in all (%(default)s)")
    parser.add_argument("--minutes", type=float, default=25.0, help="about how long in all (%(default)s)")
    parser.add_argument("--workers", type=int, default=None, help="one installation only, with so many workers")
    parser.add_argument("--pages", type=int, default=None, help="one installation only, with so many Pages")
    return parser.parse_args()


def main(say: Callable[[str], object] = lambda text: sys.stdout.write(text + "\n")) -> int:
    logging.disable()  # what a pool says of lost connections is no news here
    wanted = chosen()
    seed = secrets.randbelow(1_000_000) if wanted.seed is None else wanted.seed
    began, outcomes = time.monotonic(), []
    say(f"seed {seed}; leases last {TTL} s and the platform's rests are short, everything else is as in real life")
    for number, part in enumerate(parts(wanted.workers, wanted.pages)):
        plan = plan_of(part, seed=seed + number, sends=wanted.sends, kills=wanted.kills, minutes=wanted.minutes)
        with tempfile.TemporaryDirectory(prefix="assent-crash-") as folder:
            outcomes.append(asyncio.run(play(plan, Path(folder))))
        say(told(outcomes[-1]))
        sys.stdout.flush()
    say(summed(outcomes))
    broken = sorted({promise for outcome in outcomes for promise in outcome.broken})
    say(
        f"\nseed {seed}, {time.monotonic() - began:.0f} s: "
        + (f"BROKEN: {', '.join(broken)}" if broken else "all kept")
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

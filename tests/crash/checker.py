"""Did anything happen that must never happen? Judged from the platform's book and the rows of the report alone.

Everything here is a function of values. Both clocks are the platform's: when it had the 200 to a stop, and when a
call arrived.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# A stop is acknowledged only when no call to its person can begin any more: what arrives later than this began later.
# It covers the way over loopback and the platform's own turn; when the platform was late by itself, it says so.
STOP_TOLERANCE = 0.05
TURNS = 3
# What a frozen process had on its way out comes through as soon as it goes on.
WAKING = 0.05
# Who holds up a whole process holds up what it was about to send: that comes closer together. Over so many seconds
# it hardly counts, while two senders at once would send twice as much.
PACE_SECONDS, PACE_TOLERANCE = 3.0, 1.3
OPEN = frozenset({"queued", "awaiting_window", "sending"})

Person = tuple[str, str]
"""A Page and who somebody is on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message that arrived at the platform; the rest of what the Page says are answers of the bot."""

    page: str
    psid: str
    arrived: float
    accepted: bool
    is_campaign: bool

    @property
    def person(self) -> Person:
        return self.page, self.psid


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Somebody's stop, and when the platform had the 200 to it."""

    page: str
    psid: str
    acknowledged: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the product says of one person in one campaign."""

    page: str
    campaign: int
    psid: str
    state: str
    reason: str | None

    @property
    def person(self) -> Person:
        return self.page, self.psid


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a campaign had to reach, and the sum of what its report says. Nobody is in two."""

    page: str
    campaign: int
    people: frozenset[str]
    reported: int


@dataclass(frozen=True, slots=True)
class Late:
    """The platform did nothing in this time, so what it then noted may have arrived in it."""

    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known at the end. `answers` counts what the bot had to say to each person who said stop."""

    calls: Sequence[Call]
    stops: Sequence[Stop]
    rows: Sequence[Row]
    audiences: Sequence[Audience]
    paces: Mapping[str, int]
    late: Sequence[Late] = ()
    woken: Sequence[float] = ()
    answers: Mapping[Person, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One promise: how often it was broken, of how many chances, and a few examples."""

    promise: str
    broken: int
    of: int
    examples: Sequence[str] = ()

    @property
    def bound(self) -> float:
        """Of what was never seen in n independent chances, the true share is below this with 95 %."""
        return 3 / self.of if self.of else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The findings, and what is only told: `sends` messages, the unknown, the peak over the pace."""

    findings: Sequence[Finding]
    sends: int
    unknown: int
    unknown_arrived: int
    on_waking: int
    peak: float

    @property
    def broken(self) -> list[str]:
        return [finding.promise for finding in self.findings if finding.broken]


TWICE = "sent twice"
FORGOTTEN = "forgotten"
AFTER_STOP = "sent after an acknowledged stop"
NOT_SENT = "marked sent but not sent"
UNSETTLED = "unknown but delivered, every echo told"
STRANGERS = "sent to somebody who was not meant"
SUMS = "reports that do not add up"
PACE = "Pages above their pace"
ANSWERED_TWICE = "events handled twice"


def check(facts: Facts) -> Verdict:
    """All promises at once."""
    campaign = [call for call in facts.calls if call.is_campaign]
    reached = Counter(call.person for call in campaign if call.accepted)
    stopped = {(stop.page, stop.psid) for stop in facts.stops}
    unknown = [row.person for row in facts.rows if row.state == "unknown"]
    sent = [row.person for row in facts.rows if row.state == "sent"]
    meant = {row.person for row in facts.rows}
    after, waking = sends_after_stop(campaign, facts.stops, facts.late, facts.woken)
    times = _by_page(facts.calls)
    peaks = {page: peak(of_page) for page, of_page in times.items()}
    people = sum(len(audience.people) for audience in facts.audiences)
    findings = [
        _finding(TWICE, [person for person, times in reached.items() if times > 1], reached.total()),
        _finding(FORGOTTEN, forgotten(facts.audiences, facts.rows, stopped), people),
        _finding(AFTER_STOP, after, len(facts.stops)),
        _finding(NOT_SENT, [person for person in sent if not reached[person]], len(sent)),
        _finding(UNSETTLED, [person for person in unknown if reached[person]], len(unknown)),
        _finding(STRANGERS, [person for person in reached if person not in meant], reached.total()),
        _finding(SUMS, wrong_sums(facts.audiences, facts.rows), len(facts.audiences)),
        _finding(PACE, _above(times, facts.paces, facts.late), len(facts.paces)),
        _finding(ANSWERED_TWICE, handled_twice(facts.stops, facts.answers), len(facts.stops)),
    ]
    return Verdict(
        findings=findings,
        sends=reached.total(),
        unknown=len(unknown),
        unknown_arrived=sum(1 for person in unknown if reached[person]),
        on_waking=len(waking),
        peak=max((found.seen / facts.paces[page] for page, found in peaks.items()), default=0.0),
    )


def _finding(promise: str, broken: Sequence[object], of: int) -> Finding:
    return Finding(promise=promise, broken=len(broken), of=of, examples=[str(one) for one in broken[:5]])


def forgotten(audiences: Iterable[Audience], rows: Iterable[Row], stopped: set[Person]) -> list[str]:
    """Who should have a row and has none, whose row is still open, or who was passed over without having said stop."""
    of = {(row.page, row.campaign, row.psid): row for row in rows}
    found = []
    for audience in audiences:
        for psid in audience.people:
            row = of.get((audience.page, audience.campaign, psid))
            state = "no row" if row is None else row.state
            passed_over = state not in ("sent", "unknown") and (audience.page, psid) not in stopped
            if row is None or state in OPEN or passed_over:
                found.append(f"{audience.page}/{audience.campaign}/{psid}: {state} {row and row.reason}")
    return found


def sends_after_stop(
    calls: Iterable[Call], stops: Iterable[Stop], late: Sequence[Late] = (), woken: Sequence[float] = ()
) -> tuple[list[str], list[str]]:
    """Calls that began after the person's stop was acknowledged; and apart those that only came through then.

    A process that the machine stops between its last look at the clock and the system call finishes that call on
    waking; nothing outside the platform can stop it.
    """
    acknowledged: dict[Person, float] = {}
    for stop in stops:
        person = stop.page, stop.psid
        acknowledged[person] = min(stop.acknowledged, acknowledged.get(person, stop.acknowledged))
    after, waking = [], []
    for call in calls:
        if call.arrived <= acknowledged.get(call.person, call.arrived):
            continue
        behind = _earliest(call.arrived, late) - acknowledged[call.person]
        if behind > STOP_TOLERANCE:
            on_waking = any(-WAKING <= call.arrived - moment <= WAKING for moment in woken)
            (waking if on_waking else after).append(f"{call.person}: {behind:.3f} s after, accepted {call.accepted}")
    return after, waking


def _earliest(arrived: float, late: Sequence[Late]) -> float:
    """When it may have come to the platform's door: from there to the platform's note it takes a few turns."""
    moment = arrived
    for _ in range(TURNS):
        moment = min([moment, *(span.since for span in late if span.since < moment <= span.until + 0.02)])
    return moment


@dataclass(frozen=True, slots=True)
class Peak:
    """The fullest span of a Page: what was `seen`, and that less what the platform's own lateness explains."""

    seen: int
    fair: float


def peak(times: Sequence[float], late: Sequence[Late] = (), span: float = 1.0) -> Peak:
    """The most of these moments, which stand in order, within any such span."""
    seen, fair, first = 0, 0.0, 0
    ends = [span.until for span in late]
    for last, moment in enumerate(times):
        while moment - times[first] >= span:
            first += 1
        number = last - first + 1
        seen = max(seen, number)
        if number > fair:
            near = range(bisect_left(ends, times[first] - 0.02), min(len(late), bisect_right(ends, moment) + 1))
            lateness = sum(late[place].until - late[place].since for place in near if late[place].since <= moment)
            fair = max(fair, number * span / (span + lateness))
    return Peak(seen, fair)


def _above(times: Mapping[str, Sequence[float]], paces: Mapping[str, int], late: Sequence[Late]) -> list[str]:
    found = {page: peak(of_page, late, PACE_SECONDS) for page, of_page in times.items()}
    return [
        f"{page}: {most.seen} in {PACE_SECONDS:.0f} seconds at a pace of {paces[page]}"
        for page, most in found.items()
        if most.fair > paces[page] * PACE_SECONDS * PACE_TOLERANCE + 1
    ]


def wrong_sums(audiences: Iterable[Audience], rows: Iterable[Row]) -> list[str]:
    """Campaigns whose report, rows and audience are not the same number of people."""
    counted = Counter((row.page, row.campaign) for row in rows)
    sums = [(one, (one.reported, counted[one.page, one.campaign], len(one.people))) for one in audiences]
    return [f"{one.page}/{one.campaign}: report, rows, people {found}" for one, found in sums if len(set(found)) > 1]


def handled_twice(stops: Iterable[Stop], answers: Mapping[Person, int]) -> list[str]:
    """People whom the bot had more to say to than they said to it."""
    said = Counter((stop.page, stop.psid) for stop in stops)
    return [f"{person}: {number} answers" for person, number in answers.items() if number > said[person]]


def _by_page(calls: Iterable[Call]) -> dict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for call in calls:
        found[call.page].append(call.arrived)
    return {page: sorted(times) for page, times in found.items()}

"""May this person get this campaign now, under which rule, and if not, why not?

Three states are never mixed: suppressed (they, the law or an operator said never), permitted (a consent, or what the
Page's law puts in its place) and reachable (the platform lets a message through at this moment). A campaign sends
only where all three agree. storage/eligibility.py asks the same question in SQL, in the statement that claims a
delivery; a test holds the two together over every combination of facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from domain.consent import ConsentAct
from domain.lanes import Lane
from domain.page import MarketingBasis
from domain.window import is_open

# A send stops this long before the window ends: the platform's clock decides, and a call takes its time.
WINDOW_MARGIN = timedelta(minutes=5)


class Rule(StrEnum):
    """What allowed a send; stored with the delivery."""

    OPEN_WINDOW = "open_window"
    OPEN_WINDOW_STARTED = "open_window_conversation_start"


# Both rest on the same lane; they differ in what stood for the person's yes.
LANE_OF: Final[Mapping[Rule, Lane]] = {Rule.OPEN_WINDOW: Lane.OPEN_WINDOW, Rule.OPEN_WINDOW_STARTED: Lane.OPEN_WINDOW}


class Reason(StrEnum):
    """Why a person is not written to."""

    PAGE_RESTRICTED = "page_restricted"
    ERASED = "erased"
    UNDER_AGE = "under_age"
    STOPPED = "stopped"
    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"
    NOTICE_OUTDATED = "notice_outdated"
    UNREACHABLE = "unreachable"
    HUMAN_TALKING = "human_talking"
    WINDOW_CLOSED = "window_closed"
    FREQUENCY_CAP = "frequency_cap"
    QUIET_HOURS = "quiet_hours"


# Reasons that end by themselves or by the person's next message: "later" rather than "never".
# What the person's next message, or time, takes away: a campaign that waits for people waits for these.
WAITING = frozenset({Reason.UNREACHABLE, Reason.HUMAN_TALKING, Reason.WINDOW_CLOSED, Reason.FREQUENCY_CAP})
PASSING = WAITING | {Reason.PAGE_RESTRICTED, Reason.QUIET_HOURS}


class Reach(StrEnum):
    """When a person is reached who is refused for a reason now, or for none."""

    NOW = "now"
    AFTER_QUIET_HOURS = "after_quiet_hours"
    NEXT_WRITE = "when_they_next_write"
    NEVER = "never"


def reach_of(reason: Reason | None) -> Reach:
    """What a campaign can expect of the person: only one that waits reaches those of NEXT_WRITE."""
    if reason is None:
        return Reach.NOW
    if reason is Reason.QUIET_HOURS:
        return Reach.AFTER_QUIET_HOURS
    return Reach.NEXT_WRITE if reason in WAITING else Reach.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision looks at. `suppressed` is the reason of a standing suppression, None without one."""

    page_connected: bool
    basis: MarketingBasis
    erased: bool
    suppressed: str | None
    restricted: bool
    answer: ConsentAct | None
    conversation_started: bool
    unreachable: bool
    human_until: datetime | None
    window_until: datetime | None
    newest_event: datetime
    notice_outdated: bool = False
    capped_until: datetime | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Eligible:
    rule: Rule


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Reason

    @property
    def passing(self) -> bool:
        """True when waiting may help."""
        return self.reason in PASSING


Decision: TypeAlias = Eligible | Refused


def decide(facts: Facts, now: datetime) -> Decision:
    """The first obstacle in a fixed order, the lasting ones before the passing ones; else the rule that allows it."""
    reason = _obstacle(facts, now)
    if reason is not None:
        return Refused(reason)
    return Eligible(Rule.OPEN_WINDOW if facts.answer is ConsentAct.GIVEN else Rule.OPEN_WINDOW_STARTED)


def _obstacle(facts: Facts, now: datetime) -> Reason | None:
    if not facts.page_connected:
        return Reason.PAGE_RESTRICTED
    if facts.erased:
        return Reason.ERASED
    if facts.suppressed is not None:
        return Reason.UNDER_AGE if facts.suppressed == Reason.UNDER_AGE else Reason.STOPPED
    if facts.restricted:
        return Reason.RESTRICTED
    if not permitted(facts):
        return Reason.NO_CONSENT
    if facts.notice_outdated and facts.answer is ConsentAct.GIVEN:
        return Reason.NOTICE_OUTDATED
    return _unreached(facts, now)


def permitted(facts: Facts) -> bool:
    """A given topic always; a started conversation only where the Page's basis says so and nobody said no."""
    if facts.answer is None:
        return facts.basis is MarketingBasis.CONVERSATION_START and facts.conversation_started
    return facts.answer is ConsentAct.GIVEN


def _unreached(facts: Facts, now: datetime) -> Reason | None:
    if facts.unreachable:
        return Reason.UNREACHABLE
    if facts.human_until is not None and facts.human_until > now:
        return Reason.HUMAN_TALKING
    if not is_open(facts.window_until, now=now, newest_event=facts.newest_event, margin=WINDOW_MARGIN):
        return Reason.WINDOW_CLOSED
    if facts.capped_until is not None and facts.capped_until > now:
        return Reason.FREQUENCY_CAP
    return Reason.QUIET_HOURS if facts.quiet else None

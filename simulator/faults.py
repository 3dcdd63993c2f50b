"""What goes wrong, when? Faults by rate and by script, for one Page or for all.

Calls    error · accepted_but_error · accepted_and_cut · refused_and_cut · hang · hang_refused · slow · garbage ·
         error_under_200
Echoes   echo_before_answer (alias echo_early) · echo_late · echo_lost · echo_doubled
Events   duplicate · late · reorder · unsigned · wrong_secret · seconds · lost
`ok` in a script stands for a call that goes well. `echo_lost` also loses the delivery report of its message.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulator.errors import Refusal, refusal_of

CALL_FAULTS = frozenset(
    {
        "error",
        "accepted_but_error",
        "accepted_and_cut",
        "refused_and_cut",
        "hang",
        "hang_refused",
        "slow",
        "garbage",
        "error_under_200",
    }
)
ECHO_FAULTS = frozenset({"echo_before_answer", "echo_late", "echo_lost", "echo_doubled"})
EVENT_FAULTS = frozenset({"duplicate", "late", "reorder", "unsigned", "wrong_secret", "seconds", "lost"})
ALIASES = {"echo_early": "echo_before_answer", "seconds_timestamps": "seconds", "doubled": "duplicate"}
KNOWN = CALL_FAULTS | ECHO_FAULTS | EVENT_FAULTS | frozenset(ALIASES) | {"ok"}

_USUAL_SECONDS = {"hang": 60.0, "hang_refused": 60.0, "slow": 2.0, "late": 2.0, "echo_late": 5.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong; `code` and `subcode` matter to errors, `seconds` to waits."""

    name: str
    code: int = 1
    subcode: int | None = None
    status: int | None = None
    seconds: float | None = None

    @property
    def wait(self) -> float:
        """How long it takes, as asked or as usual for its kind."""
        return self.seconds if self.seconds is not None else _USUAL_SECONDS.get(self.name, 0.0)

    def refusal(self) -> Refusal:
        """The error that it stands for, with the HTTP status asked for."""
        usual = refusal_of(self.code, self.subcode)
        return usual if self.status is None else replace(usual, status=self.status)


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault that happens at a rate.

    `page` None: every Page. `edge` is the last part of the path of the calls that it hits, `*` for all.
    `kind` limits an event fault to one kind of event. `times` counts down; None never ends.
    """

    fault: Fault
    rate: float = 1.0
    page: str | None = None
    edge: str = "messages"
    kind: str | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What goes wrong with one call and with the echo of its message."""

    call: Fault | None = None
    echo: tuple[Fault, ...] = ()

    def echo_fault(self, name: str) -> Fault | None:
        """The echo fault of this name, if it is planned."""
        return next((fault for fault in self.echo if fault.name == name), None)


NOTHING = CallPlan()


class Faults:
    """The rules and scripts in force; seeded, so that a run can be repeated."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._rules: list[Rule] = []
        self._scripts: dict[str | None, deque[tuple[Fault, ...]]] = {}

    def add(self, rule: Rule) -> None:
        """Puts a rule in force beside the others."""
        self._rules.append(rule)

    def script(self, page: str | None, steps: Iterable[tuple[Fault, ...]]) -> None:
        """Appends steps, one for each coming message send; a Page's own script goes before the general one."""
        self._scripts.setdefault(page, deque()).extend(steps)

    def clear(self, page: str | None = None) -> None:
        """Ends everything, or what was set for one Page."""
        if page is None:
            self._rules.clear()
            self._scripts.clear()
            return
        self._rules = [rule for rule in self._rules if rule.page != page]
        self._scripts.pop(page, None)

    def counts(self) -> dict[str, int]:
        """How many rules and scripted steps wait."""
        return {"rules": len(self._rules), "next": sum(len(script) for script in self._scripts.values())}

    def for_send(self, page: str) -> CallPlan:
        """The plan for the message that this Page sends now; takes the next step of a script."""
        if not self._rules and not self._scripts:
            return NOTHING
        for key in (page, None):
            script = self._scripts.get(key)
            if script:
                step = script.popleft()
                if not script:
                    del self._scripts[key]
                return _plan(step)
        return _plan(tuple(self._rolled(page, CALL_FAULTS | ECHO_FAULTS, edge="messages")))

    def for_call(self, page: str | None, edge: str) -> Fault | None:
        """What goes wrong with a call that is not a message send."""
        if not self._rules:
            return None
        return next(iter(self._rolled(page, CALL_FAULTS, edge=edge)), None)

    def for_event(self, page: str, kind: str) -> tuple[Fault, ...]:
        """What goes wrong with an event about to be pushed."""
        if not self._rules:
            return ()
        return tuple(self._rolled(page, EVENT_FAULTS, kind=kind))

    def _rolled(
        self, page: str | None, names: frozenset[str], *, edge: str | None = None, kind: str | None = None
    ) -> Iterable[Fault]:
        for rule in list(self._rules):
            if rule.fault.name not in names or rule.page not in (None, page):
                continue
            if edge is not None and rule.fault.name in CALL_FAULTS and rule.edge not in ("*", edge):
                continue
            if kind is not None and rule.kind not in (None, kind):
                continue
            if self._rng.random() >= rule.rate:
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times <= 0:
                    self._rules.remove(rule)
            yield rule.fault


def _plan(faults: tuple[Fault, ...]) -> CallPlan:
    call = next((fault for fault in faults if fault.name in CALL_FAULTS), None)
    return CallPlan(call, tuple(fault for fault in faults if fault.name in ECHO_FAULTS))

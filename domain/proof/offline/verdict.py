"""What do the steps add up to, in words that claim no more than was checked?

Exit statuses: 0 verified and anchored; 3 verified under a key from elsewhere, not anchored; 4 verified with the
bundle's own keys only; 1 failed; 2 unreadable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.proof.offline.anchoring import AnchorStatus
from domain.proof.offline.container import IDENTITY
from domain.proof.offline.kept import KeptStatus
from domain.proof.offline.report import (
    AnchorFact,
    Line,
    bound_text,
    bounds,
    field_lines,
    one_line,
    summary_lines,
    withdrawn,
)
from domain.proof.offline.steps import Brought, Check, Step, run_steps

ANCHORED, FAILED, UNREADABLE, NOT_ANCHORED, OWN_KEYS = 0, 1, 2, 3, 4
_WORST_FIRST = (FAILED, UNREADABLE, OWN_KEYS, NOT_ANCHORED, ANCHORED)
_NOTHING = "nothing that was given shows it"
_NOT_FACEBOOK = "Facebook signed none of this."


@dataclass(frozen=True, slots=True)
class Verdict:
    """All fifteen steps and what they add up to; summary and fields are there only when every step held."""

    status: int
    meaning: str
    steps: tuple[Step, ...]
    anchors: tuple[AnchorStatus, ...]
    summary: tuple[Line, ...] = ()
    confirmed: tuple[Line, ...] = ()
    fields: tuple[Line, ...] = ()
    kept: tuple[KeptStatus, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def finding(self) -> Step | None:
        """The first step that failed."""
        return next((step for step in self.steps if step.held is False), None)

    def document(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        finding = self.finding
        return {
            "status": self.status,
            "meaning": self.meaning,
            "finding": None if finding is None else _step_document(finding),
            "steps": [_step_document(step) for step in self.steps],
            "anchors": [
                {
                    "name": anchor.name,
                    "method": anchor.fact.method,
                    "authority": one_line(anchor.fact.authority),
                    "time": anchor.fact.time,
                    "size": anchor.fact.size,
                    "index": anchor.fact.index,
                    "confirmed": anchor.confirmed,
                    "time_confirmed": anchor.timed,
                    "detail": one_line(anchor.detail),
                }
                for anchor in self.anchors
            ],
            "kept": [{"name": one.name, "compared": one.compared, "detail": one.detail} for one in self.kept],
            "notes": list(self.notes),
            "summary": dict(self.summary),
            "confirmed": dict(self.confirmed),
            "fields": dict(self.fields),
        }

    def lines(self) -> list[str]:
        """The verdict for people, one fact a line; the last line is what it means."""
        marks = {True: "ok  ", False: "FAIL", None: "--  "}
        shown = [f"{marks[step.held]} {step.number:>2} {step.name:<11} {one_line(step.detail)}" for step in self.steps]
        if self.anchors:
            shown += ["", "anchors"]
            for anchor in self.anchors:
                word = "confirmed" if anchor.confirmed else "not confirmed"
                bound = f"{bound_text(anchor.fact)}, size {anchor.fact.size}, noted at {anchor.fact.index}"
                shown.append(one_line(f"{anchor.name}: {bound}: {word}: {anchor.detail}"))
        if self.kept:
            shown += ["", "checkpoints that you kept", *(one_line(one.said) for one in self.kept)]
        if self.summary:
            shown += ["", *(f"{label:<20}  {value}" for label, value in (*self.summary, *self.confirmed))]
            shown += ["", *(f"{label}: {value}" for label, value in self.fields)]
        return [*shown, "", *(f"note: {note}" for note in self.notes), self.meaning]


def verify(data: bytes, brought: Brought) -> Verdict:
    """What the bundle in these bytes shows to somebody who brought this; never raises for what is in the bundle."""
    check = Check(data, brought)
    steps, readable = run_steps(check)
    anchors = tuple(check.anchors)
    failed = next((step for step in steps if step.held is False), None)
    if failed is not None:
        said = f"step {failed.number}, {failed.name}: {one_line(failed.detail)}."
        if readable:
            return Verdict(FAILED, f"FAILED at {said}", steps, anchors)
        return Verdict(UNREADABLE, f"UNREADABLE at {said}", steps, anchors)
    facts = check.facts()
    before, after = bounds(facts.index, [anchor.fact for anchor in anchors if anchor.timed])
    status, meaning = _meaning(check)
    if before and after and before.time > after.time:
        meaning += " The confirmed times exclude each other: one of these authorities is wrong, or its clock."
    kept = check.kept()
    return Verdict(
        status,
        one_line(" ".join([meaning, *_besides(check, kept)])),
        steps,
        anchors,
        tuple(summary_lines(check.record.document, facts)),
        _confirmed(check, before, after),
        tuple(field_lines(check.record.document)),
        kept,
        _notes(check),
    )


def unreadable(reason: str) -> Verdict:
    """The verdict on a file that nobody could even open."""
    return Verdict(UNREADABLE, f"UNREADABLE: {one_line(reason)}.", (), ())


def worst(statuses: Sequence[int]) -> int:
    """The one exit status for several bundles."""
    return min(statuses, key=_WORST_FIRST.index, default=UNREADABLE)


def _besides(check: Check, kept: Sequence[KeptStatus]) -> list[str]:
    """What must not be missed beside the status."""
    taken_back = withdrawn(check.record.document, check.facts())
    found = [] if taken_back is None else [f"WITHDRAWN: {taken_back}."]
    missed = [one.name for one in kept if not one.compared]
    return found + ([f"NOT compared with this bundle: {', '.join(missed)}."] if missed else [])


def _notes(check: Check) -> tuple[str, ...]:
    program = check.brought.program
    if program is None or check.members["verify.py"] == program:
        return ()
    return ("verify.py in this bundle differs from the one you run: another version, or a changed one",)


def _confirmed(check: Check, before: AnchorFact | None, after: AnchorFact | None) -> tuple[Line, ...]:
    """The bounds in time that follow from what was given."""
    until = [] if after is None else [bound_text(after)]
    if _kept_copies(check):
        until.append("when you got the checkpoint that you kept")
    if check.brought.receipt is not None:
        until.append("when the thread shows the receipt")
    return (
        ("confirmed not before", _NOTHING if before is None else one_line(bound_text(before))),
        ("confirmed not after", one_line("; ".join(until)) or _NOTHING),
    )


def _kept_copies(check: Check) -> bool:
    """Whether a checkpoint that the auditor kept holds the record."""
    states = [check.opened.checkpoint.text]
    states += [anchor.text for anchor in check.anchors if anchor.fact.size > check.entry.proof.index]
    return any(kept.checkpoint.text in states for kept in check.brought.kept)


def _meaning(check: Check) -> tuple[int, str]:
    if check.brought.psid is not None and IDENTITY not in check.members:
        return UNREADABLE, (
            "The person's id was not compared: the bundle discloses no identity. Ask for a bundle with the identity"
            f" disclosed, or check without the id. {_NOT_FACEBOOK}"
        )
    if check.brought.policy is None:
        return OWN_KEYS, (
            "Verified with the bundle's own keys only. This proves nothing about who signed: give the log's key as you"
            f" got it elsewhere (--vkey or --policy). {_NOT_FACEBOOK}"
        )
    if check.guests:
        return OWN_KEYS, (
            "Verified, but some related records stand in a log whose key came with the bundle"
            f" ({', '.join(dict.fromkeys(check.guests))}). This proves nothing about who signed those: give that log's"
            f" key too. {_NOT_FACEBOOK}"
        )
    reasons = _anchored_by(check)
    if reasons:
        return ANCHORED, f"Verified and anchored: {'; '.join(reasons)}. {_NOT_FACEBOOK}"
    return NOT_ANCHORED, (
        "Verified under the key that you gave, and not anchored: whoever holds that key could have rebuilt the log"
        " later. Give the root of a time-stamping authority (--tsa-root), a policy with witnesses (--policy), a"
        f" checkpoint you kept (--checkpoint) or the receipt in the person's thread (--receipt). {_NOT_FACEBOOK}"
    )


def _anchored_by(check: Check) -> list[str]:
    """What outside the operator's hands holds the entry."""
    reasons = []
    if check.pinned.quorum is not None:
        reasons.append("as many witnesses as your policy asks for saw the state of the log that holds the record")
    covering = [a for a in check.anchors if a.timed and a.fact.size > check.entry.proof.index]
    reasons += [f"{anchor.name} covers the record and is {anchor.detail}" for anchor in covering]
    if _kept_copies(check):
        reasons.append("the checkpoint that you kept holds the record")
    if check.brought.receipt is not None:
        reasons.append("the receipt you gave is that of the record")
    return reasons


def _step_document(step: Step) -> dict[str, Any]:
    return {"number": step.number, "name": step.name, "held": step.held, "detail": one_line(step.detail)}

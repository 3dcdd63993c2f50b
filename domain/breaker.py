"""Does one error become the rule among the messages of a campaign?

A message that is wrong is wrong for everybody, and a platform that leaves half of all calls unanswered makes half of an
audience unknown. So a campaign stops when too many of its newest messages ended the same way.
"""

from dataclasses import dataclass, replace

# Of so many of the newest outcomes, so many with one error stop the campaign.
WINDOW = 20
TOO_MANY = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which messages fail: the platform's code and subcode, or none when no answer came."""

    code: int | None = None
    subcode: int | None = None

    def __str__(self) -> str:
        if self.code is None:
            return "no_answer"
        return str(self.code) if self.subcode is None else f"{self.code}/{self.subcode}"


@dataclass(frozen=True, slots=True)
class Breaker:
    """The newest outcomes of a campaign, None for each that went well."""

    newest: tuple[Fault | None, ...] = ()

    def after(self, outcome: Fault | None) -> "Breaker":
        """With one outcome more."""
        return replace(self, newest=(*self.newest, outcome)[-WINDOW:])

    @property
    def tripped_by(self) -> Fault | None:
        """The error of the newest outcome, if it is the rule by now."""
        if not self.newest or self.newest[-1] is None:
            return None
        return self.newest[-1] if self.newest.count(self.newest[-1]) >= TOO_MANY else None

"""What do a person's yes, no and stop add up to?

Three acts are kept apart: a conversation start (they wrote first: contact, not marketing), an opt-in (an affirmative
yes to a topic under a notice version) and a withdrawal. Acts are ordered by the time of the event, and at equal times
the one that permits less wins; so any order of arrival and any repetition give the same state.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import Topic


class ConsentAct(StrEnum):
    """What a person did about one topic; the value is the state it leads to."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_WEIGHT = {ConsentAct.GIVEN: 0, ConsentAct.REFUSED: 1, ConsentAct.WITHDRAWN: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicConsent:
    """The standing answer of a person for one topic, and when it was given."""

    topic: Topic
    act: ConsentAct
    event_time: datetime

    def outweighs(self, other: "TopicConsent") -> bool:
        """True when this act, and not the other, is the standing one."""
        return (self.event_time, _WEIGHT[self.act]) > (other.event_time, _WEIGHT[other.act])


def standing(acts: Iterable[TopicConsent]) -> dict[Topic, TopicConsent]:
    """The act that counts for each topic, whatever order they arrived in."""
    found: dict[Topic, TopicConsent] = {}
    for act in acts:
        if act.topic not in found or act.outweighs(found[act.topic]):
            found[act.topic] = act
    return found


DEFAULT_TOPIC = Topic("offers")
"""The one topic of a fresh installation: news and offers of the Page."""

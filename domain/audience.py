"""Whom does a campaign speak to?

The audience of a campaign is everybody known on its Page; the topic decides who of them gave permission. Whoever is
not written to still has a row, with the reason: a report accounts for everyone.
"""

from dataclasses import dataclass

from domain.ids import PageId, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The rule by which people are chosen: those of this Page who may be sent this topic."""

    page_id: PageId
    topic: Topic

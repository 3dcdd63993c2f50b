"""By which names do the rooms call a Page, a person, a campaign, a message?

A `Psid` names one person towards one Page and is personal data: outside storage it travels
inside `Pii` (domain/personal.py). A `LeadId` is ours, random, and says nothing by itself.
"""

from typing import NewType
from uuid import UUID

PageId = NewType("PageId", str)
Psid = NewType("Psid", str)
LeadId = NewType("LeadId", UUID)
CampaignId = NewType("CampaignId", int)
Topic = NewType("Topic", str)
Mid = NewType("Mid", str)

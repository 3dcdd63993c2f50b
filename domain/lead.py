"""Who is a lead: what is known of a person through one Page."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from domain.ids import LeadId, PageId, Psid
from domain.personal import Pii


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadProfile:
    """Everything personal that is kept of a lead, sealed as one value so that a dump does not show what is set.

    `imported`: known from an operator's file only; the person has not written yet.
    """

    psid: Pii[Psid]
    first_name: Pii[str] | None = None
    language: str | None = None
    entry_ref: Pii[str] | None = None
    ad_id: Pii[str] | None = None
    imported: bool = False

    def encode(self) -> bytes:
        """UTF-8 JSON for sealing."""
        reason = "seal the profile"
        fields = {
            "psid": self.psid.reveal(reason),
            "first_name": self.first_name and self.first_name.reveal(reason),
            "language": self.language,
            "entry_ref": self.entry_ref and self.entry_ref.reveal(reason),
            "ad_id": self.ad_id and self.ad_id.reveal(reason),
            "imported": self.imported or None,
        }
        return json.dumps({k: v for k, v in fields.items() if v is not None}, ensure_ascii=False).encode()

    @classmethod
    def decode(cls, sealed_open: bytes) -> "LeadProfile":
        """The profile that `encode` wrote; fields of later versions are ignored."""
        fields = json.loads(sealed_open)
        return cls(
            psid=Pii(Psid(fields["psid"])),
            first_name=_pii(fields.get("first_name")),
            language=fields.get("language"),
            entry_ref=_pii(fields.get("entry_ref")),
            ad_id=_pii(fields.get("ad_id")),
            imported=bool(fields.get("imported")),
        )

    def with_first_name(self, name: str) -> "LeadProfile":
        return replace(self, first_name=Pii(name))

    def with_language(self, language: str) -> "LeadProfile":
        return replace(self, language=language)


def _pii(value: str | None) -> Pii[str] | None:
    return None if value is None else Pii(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A person known through one Page. `dialog` names the question that waits for an answer, if any."""

    page_id: PageId
    lead_id: LeadId
    suppression_handle: bytes
    profile: LeadProfile
    first_seen: datetime
    newest_event: datetime
    window_until: datetime | None = None
    human_until: datetime | None = None
    unreachable_since: datetime | None = None
    restricted_since: datetime | None = None
    erasing_since: datetime | None = None
    dialog: str | None = None
    dialog_ref: str | None = None

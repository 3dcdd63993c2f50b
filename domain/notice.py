"""Which privacy notice does a Page stand by, in which version and language?"""

from dataclasses import dataclass
from datetime import datetime

from domain.ids import PageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A published notice; `body` is the exact text, `sha256` its digest. Never edited, only followed by another."""

    page_id: PageId
    version: int
    language: str
    body: str
    sha256: bytes
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownText:
    """The exact words of a question as people saw it, and their digest. Holds nothing about a person."""

    language: str
    body: str
    sha256: bytes

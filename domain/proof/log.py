"""Which logs does an installation have, what are they called, and which keys sign their heads?

One log per calendar year. One that had to be given up is followed by the next part of its year, so a name is used for
one tree only, ever. The seeds of the keys stand in the key ring as `log`, `log-2`, `log-3` and so on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.proof.errors import LogNameError

KEY_OVERLAP = timedelta(days=7)
"""How long a key that was followed by another one still signs beside it."""
MAX_YEAR = 9999
MAX_PART = 99
FIRST_SEED = "log"
_LATER_SEED = re.compile(r"log-([2-9]|[1-9][0-9]{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class LogName:
    """The place of a log among those of an installation; later ones compare greater."""

    year: int
    part: int = 1

    def __post_init__(self) -> None:
        if not 1000 <= self.year <= MAX_YEAR or not 1 <= self.part <= MAX_PART:
            raise LogNameError(f"there is no log of the year {self.year}, part {self.part}")

    @property
    def log_id(self) -> int:
        """The number by which database, commands and addresses call it; no two names have the same."""
        return self.year if self.part == 1 else self.year * 100 + self.part

    @property
    def following(self) -> "LogName":
        """The part that goes on when this one is given up."""
        return LogName(self.year, self.part + 1)

    @property
    def coming(self) -> tuple["LogName", ...]:
        """The names of which one is next, whether this log is given up or its year ends."""
        names = ((self.year, self.part + 1), (self.year + 1, 1))
        return tuple(LogName(year, part) for year, part in names if year <= MAX_YEAR and part <= MAX_PART)

    def origin(self, host: str, install_id: UUID) -> str:
        """The name of the log in its checkpoints, which is also the name of its keys."""
        part = "" if self.part == 1 else f".{self.part}"
        return f"{host}/assent/{install_id.hex[:12]}/{self.year}{part}"


class KeyState(StrEnum):
    SIGNING = "signing"
    RETIRING = "retiring"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """A key of one log: it signs heads of at least `from_size`, and from `until` on it signs no more."""

    vkey: str
    seed_name: str
    from_size: int
    until: datetime | None = None

    def signs(self, size: int, stored_at: datetime) -> bool:
        """Whether a head that was stored then gets this key's signature, however late it is signed."""
        return self.from_size <= size and (self.until is None or stored_at < self.until)

    def state(self, now: datetime) -> KeyState:
        if self.until is None:
            return KeyState.SIGNING
        return KeyState.RETIRING if now < self.until else KeyState.RETIRED


def signing_keys(keys: Iterable[LogKey], size: int, stored_at: datetime) -> list[LogKey]:
    """The keys whose signatures a head gets: the one in use first, then those that retire, the newest first."""
    signing = [key for key in keys if key.signs(size, stored_at)]
    return sorted(signing, key=lambda key: (key.until is None, key.from_size, key.vkey), reverse=True)


def seed_number(name: str) -> int:
    """1 for `log`, 2 for `log-2`; 0 for a name that is no seed of the log."""
    if name == FIRST_SEED:
        return 1
    found = _LATER_SEED.fullmatch(name)
    return int(found[1]) if found else 0


def newest_seed(names: Iterable[str]) -> str | None:
    """The name with the highest number; None when none of them is a seed of the log."""
    return max((name for name in names if seed_number(name)), key=seed_number, default=None)


def next_seed(names: Iterable[str]) -> str:
    """A name with a higher number than all of these."""
    number = max((seed_number(name) for name in names), default=0) + 1
    return FIRST_SEED if number == 1 else f"{FIRST_SEED}-{number}"

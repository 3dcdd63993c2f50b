"""How does one environment variable become one value of the settings?

Each setting carries an `Env`: its name, the names that other products use for it, whether it is secret, and what it
does. Secrets may also come as NAME_FILE, the path of a file that holds the value.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

PREFIX: Final = "ASSENT_"
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Env:
    """Where a setting comes from, and what is said about it in the table of settings."""

    name: str
    text: str
    expects: str
    aliases: tuple[str, ...] = ()
    secret: bool = False
    from_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with one variable, and what to do; never its value."""

    variable: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.wrong}; {self.remedy}"


class SettingsError(Exception):
    """The program cannot start as it is set up; all faults at once."""

    code: ClassVar[str] = "settings.faulty"
    exit_code: ClassVar[int] = 78

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.variable))
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"settings to put right before the program can start ({len(self.faults)}):\n{lines}")


@dataclass(slots=True)
class Found:
    """What the environment holds for our settings: raw text by field, and what is to be said about it."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def find(environ: Mapping[str, str], settings: Mapping[str, Env]) -> Found:
    """Every set variable of these settings; an empty one counts as not set."""
    found = Found()
    for name, env in settings.items():
        raw = _lookup(environ, env, found)
        if raw is not None:
            found.values[name] = raw
    _refuse_unknown(environ, settings.values(), found)
    return found


def _lookup(environ: Mapping[str, str], env: Env, found: Found) -> str | None:
    named = [name for name in (env.name, *env.aliases) if environ.get(name, "").strip()]
    file_variable = f"{env.name}_FILE"
    if env.from_file and environ.get(file_variable, "").strip():
        if env.name in named:
            found.faults.append(
                Fault(variable=file_variable, wrong=f"is set beside {env.name}", remedy="remove one of the two")
            )
        return _content(file_variable, environ[file_variable].strip(), found)
    if not named:
        return None
    if named[0] != env.name:
        found.notices.append(f"{named[0]} is read as {env.name}; the latter is the name to use")
    return environ[named[0]].strip()


def _content(variable: str, path: str, found: Found) -> str | None:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        found.faults.append(
            Fault(
                variable=variable,
                wrong="names a file that cannot be read",
                remedy="check that the path is right and that the program's account may read it",
            )
        )
        return None
    if not text:
        found.faults.append(Fault(variable=variable, wrong="names an empty file", remedy="put the value into the file"))
        return None
    return text


def _refuse_unknown(environ: Mapping[str, str], settings: Iterable[Env], found: Found) -> None:
    known = known_names(settings)
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            meant = f"did you mean {near[0]}? If not, " if near else ""
            found.faults.append(
                Fault(variable=name, wrong="is not a setting of this program", remedy=f"{meant}remove it")
            )


def known_names(settings: Iterable[Env]) -> frozenset[str]:
    """Every name under which one of these settings may be given."""
    names = set[str]()
    for env in settings:
        names |= {env.name, *env.aliases}
        if env.from_file:
            names.add(f"{env.name}_FILE")
    return frozenset(names)


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # read now: a wrong one raises with its text
    except ValueError:
        raise ValueError("is not an address") from None
    return parts


def data_folder(text: str) -> Path:
    """An absolute folder. Raises ValueError for the root of a disk, beside which nothing can stand."""
    path = Path(text).expanduser().absolute()
    if not path.name:
        raise ValueError("is the root of a disk")
    return path


def public_address(text: str) -> str:
    """https, without path; plain http only for this machine. Raises ValueError with what is wrong."""
    parts = _parts(text if "://" in text else f"https://{text}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("is not a web address")
    if parts.path.rstrip("/") or parts.query or parts.fragment:
        raise ValueError("has more than scheme, host and port")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES:
        raise ValueError("is not https")
    return f"{parts.scheme}://{parts.netloc}"


def platform_address(text: str) -> str:
    """https, or plain http to this machine or a neighbour without a dot in its name, such as a container."""
    parts = _parts(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ValueError("is not a web address")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES and "." in parts.hostname:
        raise ValueError("is not https")
    return text.rstrip("/")


def address_token(secret: SecretStr) -> SecretStr:
    """A secret that stands in an address as it is. Raises ValueError for one that is short or needs quoting."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{32,200}", secret.get_secret_value(), re.ASCII):
        raise ValueError("is too short, or holds what cannot stand in an address")
    return secret


def database_address(text: str) -> str:
    """A PostgreSQL address. Raises ValueError for another scheme."""
    if _parts(text).scheme not in {"postgres", "postgresql"}:
        raise ValueError("is not a PostgreSQL address")
    return text


def time_zone(text: str) -> ZoneInfo:
    """A zone of the IANA data. Raises ValueError for an unknown one."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a known time zone") from None


def listed(text: str) -> list[str]:
    """The parts between commas, without spaces around them and without empty ones."""
    return [part for part in re.split(r"\s*,\s*", text.strip()) if part]


def masked_database(text: str) -> str:
    """Scheme, host and database of an address, with no account, password or option."""
    parts = urlsplit(text)
    host = parts.hostname or "local socket"
    return f"{parts.scheme}://{host}{parts.path}"

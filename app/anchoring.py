"""Which authorities hold this installation's checkpoints, as the settings name them?

Files that settings point at are read once, before anything else starts; what is wrong with them stops the start like
any wrong setting.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import aiohttp
from yarl import URL

from app.anchor_settings import span_text
from app.environment import Fault, SettingsError
from app.settings import Settings
from domain.proof.errors import PolicyError, StampError
from domain.proof.policy import Policy, Witness
from domain.proof.timestamp import StampRoots
from privacy.anchors.calls import AddressRefused, Caller, outside_address
from privacy.anchors.folder import FolderAnchor
from privacy.anchors.growth import LogGrowth
from privacy.anchors.mail import MailAnchor, MailServer
from privacy.anchors.overview import Overview
from privacy.anchors.port import Anchor
from privacy.anchors.remembered import LOOK_SECONDS, FolderMemory, WitnessMemory
from privacy.anchors.rfc3161 import TimestampAnchor
from privacy.anchors.witness import WitnessAnchor
from privacy.outside_heads import OutsideHeads
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """The addresses, keys and roots of all authorities, read and checked."""

    stampers: tuple[URL, ...] = ()
    roots: StampRoots | None = None
    witnesses: tuple[tuple[URL, Witness], ...] = ()

    @classmethod
    def read(cls, settings: Settings, *, local_mode: bool) -> Self:
        """Blocks; raises SettingsError with everything that is wrong. Private addresses will do in local mode only."""
        faults: list[Fault] = []
        roots, policy = _roots(settings.tsa_roots, faults), _policy(settings.witness_policy, faults)
        witnesses = () if policy is None else tuple(witness for witness in policy.witnesses if witness.url)
        if policy is not None and not witnesses:
            faults.append(_wrong("ASSENT_WITNESS_POLICY", "names no witness with an address"))
        stampers = _outside("ASSENT_TSA_URLS", settings.tsa_urls, faults, local_mode=local_mode)
        urls = [witness.url or "" for witness in witnesses]
        asked = _outside("ASSENT_WITNESS_POLICY", urls, faults, local_mode=local_mode)
        if faults:
            raise SettingsError(faults)
        return cls(stampers=tuple(stampers), roots=roots, witnesses=tuple(zip(asked, witnesses, strict=True)))


def build_anchors(
    settings: Settings,
    authorities: Authorities,
    store: Store,
    session: aiohttp.ClientSession,
    clock: Callable[[], datetime],
) -> tuple[Anchor, ...]:
    """The adapter of every authority; does no input or output."""
    growth = LogGrowth(store=store)
    return tuple(_anchors(settings, authorities, growth, Caller(session=session), clock))


def build_memories(
    settings: Settings, authorities: Authorities, session: aiohttp.ClientSession
) -> tuple[OutsideHeads, ...]:
    """Every authority that can be asked what it remembers of the log; does no input or output."""
    caller = Caller(session=session, call_seconds=LOOK_SECONDS)
    folder = settings.checkpoint_folder
    folders = () if folder is None else (FolderMemory(folder=folder),)
    return (*folders, *(WitnessMemory(url=url, caller=caller) for url, _ in authorities.witnesses))


def _anchors(
    settings: Settings, authorities: Authorities, growth: LogGrowth, caller: Caller, clock: Callable[[], datetime]
) -> Iterator[Anchor]:
    if authorities.roots is not None:
        for url in authorities.stampers:
            yield TimestampAnchor(
                url=url,
                roots=authorities.roots,
                interval=settings.tsa_every,
                caller=caller,
                random_bytes=os.urandom,
            )
    for url, witness in authorities.witnesses:
        yield WitnessAnchor(
            url=url,
            witness=witness.verifier,
            interval=settings.witness_every,
            caller=caller,
            growth=growth,
        )
    if settings.checkpoint_mail_to and settings.smtp_url is not None and settings.checkpoint_mail_from is not None:
        yield MailAnchor(
            server=MailServer.from_url(settings.smtp_url.get_secret_value()),
            sender=settings.checkpoint_mail_from.get_secret_value(),
            recipients=tuple(one.get_secret_value() for one in settings.checkpoint_mail_to),
            interval=settings.checkpoint_mail_every,
            growth=growth,
            clock=clock,
        )
    if settings.checkpoint_folder is not None:
        yield FolderAnchor(folder=settings.checkpoint_folder, interval=settings.checkpoint_folder_every, clock=clock)


def in_words(one: Overview) -> str:
    """How an authority does, in one line for people."""
    often = "not configured here" if one.interval is None else f"every {span_text(one.interval)}"
    if one.age is None:
        holds = "holds nothing yet"
    else:
        holds = f"holds {one.size:,} entries of {one.origin}, {_about(one.age)} ago"
    late = ", which is overdue" if one.overdue else ""
    failed = f"; failed {one.failures} times since, last: {one.error}" if one.failures else ""
    return f"{holds}{late} ({often}){failed}"


def _about(age: timedelta) -> str:
    """The largest unit that fits, rounded down."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _roots(path: Path | None, faults: list[Fault]) -> StampRoots | None:
    content = _content("ASSENT_TSA_ROOTS", path, faults)
    try:
        return None if content is None else StampRoots.from_pem(content)
    except StampError:
        faults.append(_wrong("ASSENT_TSA_ROOTS", "names a file without certificates in PEM form"))
        return None


def _policy(path: Path | None, faults: list[Fault]) -> Policy | None:
    content = _content("ASSENT_WITNESS_POLICY", path, faults)
    try:
        return None if content is None else Policy.parse(content)
    except PolicyError as error:
        faults.append(_wrong("ASSENT_WITNESS_POLICY", f"names a file that is no policy: {error}"))
        return None


def _content(variable: str, path: Path | None, faults: list[Fault]) -> bytes | None:
    try:
        return None if path is None else path.expanduser().read_bytes()
    except OSError:
        faults.append(_wrong(variable, "names a file that cannot be read"))
        return None


def _outside(
    variable: str, addresses: list[str] | tuple[str, ...], faults: list[Fault], *, local_mode: bool
) -> list[URL]:
    urls = []
    for address in addresses:
        try:
            urls.append(outside_address(address, local_mode=local_mode))
        except AddressRefused as error:
            faults.append(_wrong(variable, f"has an address that {error}"))
    return urls


def _wrong(variable: str, wrong: str) -> Fault:
    return Fault(variable=variable, wrong=wrong, remedy="docs/operations.md, section Anchors, has examples")

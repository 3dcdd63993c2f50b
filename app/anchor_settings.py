"""What can be set about those who hold the log's checkpoints outside of our hands?

A part of the settings (app/settings.py). Each authority is off until it is named; its interval has a default.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr

from app import environment
from app.environment import Env, Fault
from privacy.anchors.calls import outside_address
from privacy.anchors.mail import MailServer

_SPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(days=30)


def span(text: object) -> object:
    """A time span such as 15m. Raises ValueError outside of ten seconds to thirty days."""
    if not isinstance(text, str):
        return text
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("is no time span")
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if not SHORTEST <= length <= LONGEST:
        raise ValueError("is shorter than 10s or longer than 30d")
    return length


def span_text(length: timedelta) -> str:
    """The shortest spelling of a span, as it may be set."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _addresses(text: object) -> object:
    if not isinstance(text, str):
        return text
    urls = environment.listed(text)
    hosts = [outside_address(url, local_mode=True).host for url in urls]  # whether it is outside is known at the start
    if len(set(hosts)) < len(hosts):
        raise ValueError("names one host twice")
    return tuple(urls)


def _mailboxes(text: object) -> object:
    return tuple(_mailbox(one) for one in environment.listed(text)) if isinstance(text, str) else text


def _mailbox(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        address = Address(addr_spec=text)
    except (ValueError, HeaderParseError):
        raise ValueError("is no mail address") from None
    if not address.username or not address.domain:
        raise ValueError("is no mail address")
    return SecretStr(text)


def _mail_server(secret: SecretStr) -> SecretStr:
    MailServer.from_url(secret.get_secret_value())
    return secret


Span = Annotated[timedelta, BeforeValidator(span)]
SPELLED: Final = "a time span such as 15m, 1h or 1d"


class AnchorSettings(BaseModel):
    """The settings of anchors."""

    tsa_urls: Annotated[
        tuple[str, ...],
        BeforeValidator(_addresses),
        Env(
            "ASSENT_TSA_URLS",
            "Time-stamping authorities (RFC 3161) that stamp the log's checkpoints.",
            "one or more web addresses, separated by commas, each of another host",
        ),
    ] = ()
    tsa_roots: Annotated[
        Path | None,
        Env(
            "ASSENT_TSA_ROOTS",
            "The root certificates of these authorities, which you got from them: a stamp that leads to none of them "
            "is not kept.",
            "a path of a file with certificates in PEM form",
        ),
    ] = None
    tsa_every: Annotated[Span, Env("ASSENT_TSA_EVERY", "How often each time-stamping authority is asked.", SPELLED)] = (
        timedelta(hours=1)
    )
    witness_policy: Annotated[
        Path | None,
        Env(
            "ASSENT_WITNESS_POLICY",
            "The witnesses that cosign the log's checkpoints.",
            "a path of a C2SP tlog-policy file whose witness lines end with an address",
        ),
    ] = None
    witness_every: Annotated[Span, Env("ASSENT_WITNESS_EVERY", "How often each witness is asked.", SPELLED)] = (
        timedelta(minutes=15)
    )
    smtp_url: Annotated[
        Annotated[SecretStr, AfterValidator(_mail_server)] | None,
        Env(
            "SMTP_URL",
            "The mail server that takes the mails with checkpoints.",
            "smtps://user:password@host or smtp+starttls://user:password@host; smtp:// on this machine only",
            secret=True,
            from_file=True,
        ),
    ] = None
    # About people: shown as little as a password.
    checkpoint_mail_to: Annotated[
        tuple[SecretStr, ...],
        BeforeValidator(_mailboxes),
        Env(
            "ASSENT_CHECKPOINT_MAIL_TO",
            "Who gets the log's checkpoints by mail, best somebody outside of your organisation.",
            "one or more mail addresses, separated by commas",
            secret=True,
        ),
    ] = ()
    checkpoint_mail_from: Annotated[
        Annotated[SecretStr, BeforeValidator(_mailbox)] | None,
        Env("ASSENT_CHECKPOINT_MAIL_FROM", "The sender of these mails.", "a mail address", secret=True),
    ] = None
    checkpoint_mail_every: Annotated[
        Span, Env("ASSENT_CHECKPOINT_MAIL_EVERY", "How often a checkpoint is mailed.", SPELLED)
    ] = timedelta(days=1)
    checkpoint_folder: Annotated[
        Path | None,
        AfterValidator(lambda path: path.expanduser().absolute()),
        Env(
            "ASSENT_CHECKPOINT_FOLDER",
            "A folder that gets the log's checkpoints as files, for somebody to carry away. It must be there already.",
            "a path",
        ),
    ] = None
    checkpoint_folder_every: Annotated[
        Span, Env("ASSENT_CHECKPOINT_FOLDER_EVERY", "How often a checkpoint is put into the folder.", SPELLED)
    ] = timedelta(days=1)

    def faults_together(self) -> Iterator[Fault]:
        """What is missing beside what is set."""
        if self.tsa_urls and self.tsa_roots is None:
            yield _beside("ASSENT_TSA_ROOTS", "ASSENT_TSA_URLS", "a file with the authorities' root certificates")
        if self.checkpoint_mail_to and self.smtp_url is None:
            yield _beside("SMTP_URL", "ASSENT_CHECKPOINT_MAIL_TO", "the address of your mail server")
        if self.checkpoint_mail_to and self.checkpoint_mail_from is None:
            yield _beside("ASSENT_CHECKPOINT_MAIL_FROM", "ASSENT_CHECKPOINT_MAIL_TO", "the sender's mail address")


def _beside(missing: str, present: str, remedy: str) -> Fault:
    return Fault(variable=missing, wrong=f"is not set, and {present} is", remedy=f"set it to {remedy}")

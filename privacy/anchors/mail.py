"""How does a mailbox get a checkpoint, once a day, in words a person understands?

The mail's id is made from the checkpoint, so a mail that was sent twice because an answer got lost is seen to be one.
Nothing here repeats a mail by itself: the duty does, by what is stored. TLS with a checked certificate, except to this
machine itself.
"""

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from enum import StrEnum
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

from domain.proof.checkpoint import Checkpoint
from domain.proof.note import signed_text
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.folder import file_name
from privacy.anchors.growth import LogGrowth
from privacy.anchors.port import Answer, Misconfigured, Trouble, TryAgain

ANSWER_SECONDS = 10.0
MAIL_SECONDS = 40.0


class Tls(StrEnum):
    """How a connection to a mail server is protected; the value is the scheme of its address."""

    FROM_THE_START = "smtps"
    UPGRADED = "smtp+starttls"
    NONE = "smtp"


_PORTS = {Tls.FROM_THE_START: 465, Tls.UPGRADED: 587, Tls.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    tls: Tls
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, text: str) -> Self:
        """Raises ValueError, in words that hold no part of the address."""
        try:
            parts = urlsplit(text)
            scheme, port, host = Tls(parts.scheme), parts.port, parts.hostname
        except ValueError:
            raise ValueError("is no address of a mail server") from None
        if not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("has no host, or more than user, password, host and port")
        if scheme is Tls.NONE and not _is_loopback(host):
            raise ValueError("is neither smtps:// nor smtp+starttls://, and not on this machine")
        return cls(
            host=host,
            port=_PORTS[scheme] if port is None else port,
            tls=scheme,
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )

    def tls_context(self) -> ssl.SSLContext | None:
        """Blocks: reads this machine's certificates."""
        if self.tls is Tls.NONE:
            return None
        context = ssl.create_default_context()
        if _is_loopback(self.host):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAnchor:
    """One or more mailboxes, preferably not the operator's own."""

    server: MailServer
    sender: str
    recipients: tuple[str, ...]
    interval: timedelta
    growth: LogGrowth
    clock: Callable[[], datetime]

    @property
    def method(self) -> AnchorMethod:
        return AnchorMethod.MAIL

    @property
    def authority(self) -> str:
        """Never an address: that is about a person."""
        return "mail"

    async def anchor(self, note: bytes) -> Answer:
        """The mail server took the mail for at least one mailbox; the time is our own."""
        checkpoint = Checkpoint.parse(signed_text(note))
        keys = await self.growth.unsent_keys(self.method, self.authority, checkpoint.origin)
        now = self.clock()
        message = letter(checkpoint, note, keys, sender=self.sender, recipients=self.recipients, now=now)
        context = await asyncio.to_thread(self.server.tls_context)
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                await self._send(message, context)
        except TimeoutError:
            raise TryAgain(Trouble.TIMED_OUT) from None
        except (SMTPException, OSError, ValueError) as error:
            raise _failure(error) from None
        return Answer(time=now, note=note)

    async def _send(self, message: EmailMessage, context: ssl.SSLContext | None) -> None:
        await aiosmtplib.send(
            message,
            sender=self.sender,
            recipients=list(self.recipients),
            hostname=self.server.host,
            port=self.server.port,
            username=self.server.user,
            password=self.server.password,
            use_tls=self.server.tls is Tls.FROM_THE_START,
            start_tls=self.server.tls is Tls.UPGRADED,
            tls_context=context,
            timeout=ANSWER_SECONDS,
            # What a server is told of this machine: nothing but where the mail says that it is from.
            local_hostname=_domain(self.sender),
        )


def letter(
    checkpoint: Checkpoint,
    note: bytes,
    keys: tuple[str, ...],
    *,
    sender: str,
    recipients: tuple[str, ...],
    now: datetime,
) -> EmailMessage:
    """The mail; from one checkpoint always under one Message-ID."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = f"Checkpoint of the log {checkpoint.origin} at {checkpoint.size} entries"
    message["Date"] = now
    message["Message-ID"] = f"<checkpoint.{hashlib.sha256(note).hexdigest()[:40]}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_words(checkpoint, keys)))
    # As bytes, so that no program on the way touches a line end: a checkpoint is checked to the last byte.
    message.add_attachment(note, maintype="application", subtype="octet-stream", filename=file_name(checkpoint))
    return message


def _words(checkpoint: Checkpoint, keys: tuple[str, ...]) -> Iterator[str]:
    yield "Please keep this mail."
    yield ""
    yield f"It holds the state of the log {checkpoint.origin} as of this moment: {checkpoint.size} entries."
    yield "The attached file is that state, signed by the log. It holds nothing personal."
    yield ""
    yield "The log proves what people agreed to. Whoever runs it could try to change it later. Then a proof made from"
    yield "the changed log does not fit this file any more, and anybody can see that:"
    yield ""
    yield "    python3 verify.py --checkpoint FILE PROOF.zip"
    yield ""
    yield "FILE is the attachment; verify.py lies in every proof."
    if keys:
        yield ""
        yield "This mail also brings a key that the log's signatures are checked with, for the log or the key is new."
        yield "Keep it: with the key from here, nobody needs to trust the one that lies in a proof."
        yield ""
        yield from keys
        yield ""
        yield "    python3 verify.py --vkey KEY --checkpoint FILE PROOF.zip"


def _failure(error: Exception) -> TryAgain | Misconfigured:
    """What a failed mail means; texts of the server are not kept."""
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Misconfigured(Trouble.CERTIFICATE_WRONG)
    match error:
        case SMTPRecipientsRefused():
            later = any(_is_temporary(one.code) for one in error.recipients)
            return TryAgain(Trouble.BUSY) if later else Misconfigured(Trouble.RECIPIENT_REFUSED)
        case SMTPResponseException() if _is_temporary(error.code):
            return TryAgain(Trouble.BUSY)
        case SMTPAuthenticationError():
            return Misconfigured(Trouble.LOGIN_REFUSED)
        case SMTPResponseException():
            return Misconfigured(Trouble.REFUSED)
        case SMTPTimeoutError():
            return TryAgain(Trouble.TIMED_OUT)
        case OSError():
            return TryAgain(Trouble.UNREACHABLE)
        case _:
            # What is left of the library's own errors: a server without TLS or without a login that was asked for.
            return Misconfigured(Trouble.NOT_OFFERED)


def _is_temporary(code: int) -> bool:
    return 400 <= code < 500


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip("> ")

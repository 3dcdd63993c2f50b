"""Does a mailbox get every checkpoint to the last byte, protected on the way, and is a repeated mail seen to be one?"""

import asyncio
import dataclasses
import os
import ssl
from datetime import timedelta
from email.message import EmailMessage

import pytest

from domain.proof.checkpoint import open_checkpoint
from domain.proof.keys import Verifier
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.duty import Anchoring
from privacy.anchors.mail import MailAnchor, MailServer, Tls
from privacy.anchors.port import Misconfigured, Trouble, TryAgain
from privacy.checkpoints import Sequencer
from tests.privacy.anchors.post_office import PostOffice, post_office, self_signed
from tests.privacy.anchors.stand import NOW, LogStand


@pytest.fixture
async def office():
    async with post_office() as office:
        yield office


@pytest.fixture
async def certificate(tmp_path) -> ssl.SSLContext:
    return await asyncio.to_thread(self_signed, tmp_path)


def anchor_at(log: LogStand, office: PostOffice, url: str = "smtp://127.0.0.1") -> MailAnchor:
    return MailAnchor(
        server=dataclasses.replace(MailServer.from_url(url), port=office.port),
        sender="log@operator.example",
        recipients=("auditor@elsewhere.example", "notary@elsewhere.example"),
        interval=timedelta(days=1),
        growth=log.growth,
        clock=log.clock,
    )


def attachment(mail: EmailMessage) -> tuple[str | None, bytes]:
    (part,) = mail.iter_attachments()
    return part.get_filename(), part.get_content()


def words(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return body.get_content()


async def test_done_the_mail_carries_the_checkpoint_to_the_last_byte(log, office):
    await log.grow(3)
    anchor = anchor_at(log, office)
    answer = await anchor.anchor(await log.note())
    assert (anchor.method, anchor.authority) == (AnchorMethod.MAIL, "mail")
    assert (answer.time, answer.note, answer.answer) == (NOW, await log.note(), None)
    (mail,) = office.mails
    file, content = attachment(mail)
    assert file.endswith("-000000000003.checkpoint")
    assert content == await log.note()
    assert open_checkpoint(content, await log.verifier()).size == 3
    assert "3 entries" in words(mail)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "auditor@elsewhere.example, notary@elsewhere.example"


async def test_only_the_first_mail_about_a_log_brings_its_key(log, office):
    anchor = anchor_at(log, office)
    duty = Anchoring(store=log.store, anchors=[anchor], clock=log.clock, random_bytes=os.urandom)
    for _ in range(2):
        await log.grow(1)
        assert await duty.step() == 1
        log.later(timedelta(days=1))
    first, second = office.mails
    vkey = (await log.verifier()).vkey
    assert vkey in words(first).split()
    assert Verifier.from_vkey(vkey) == await log.verifier()
    assert vkey not in words(second)


async def test_a_new_key_of_the_log_is_mailed_too(log, office):
    anchor = anchor_at(log, office)
    duty = Anchoring(store=log.store, anchors=[anchor], clock=log.clock, random_bytes=os.urandom)
    await log.grow(3)
    await duty.step()
    old = await log.verifier()
    await Sequencer(store=log.store, host="log.example", clock=log.clock).rotate_key()
    log.later(timedelta(days=1))
    await log.grow(1)
    await duty.step()
    _, second = office.mails
    assert (await log.verifier()).vkey in words(second).split()
    assert old.vkey not in words(second)
    assert open_checkpoint(attachment(second)[1], await log.verifier()).size > 3


async def test_failed_but_done_the_repeated_mail_bears_the_same_id(log, office):
    await log.grow(3)
    office.faults = ["lost"]
    with pytest.raises(TryAgain) as failed:
        await anchor_at(log, office).anchor(await log.note())
    assert failed.value.trouble is Trouble.UNREACHABLE
    await anchor_at(log, office).anchor(await log.note())
    first, second = office.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert attachment(first) == attachment(second)


async def test_a_mail_about_a_newer_checkpoint_bears_another_id(log, office):
    for _ in range(2):
        await log.grow(1)
        await anchor_at(log, office).anchor(await log.note())
    assert len({mail["Message-ID"] for mail in office.mails}) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "trouble"),
    [
        ("451 later", TryAgain, Trouble.BUSY),
        ("554 no thanks, secret@person.example", Misconfigured, Trouble.REFUSED),
    ],
)
async def test_failed_and_not_done_is_tried_once_and_says_what_next(log, office, fault, kind, trouble):
    await log.grow(1)
    office.faults = [fault]
    with pytest.raises(kind) as failed:
        await anchor_at(log, office).anchor(await log.note())
    assert failed.value.trouble is trouble
    assert "secret" not in str(failed.value)
    assert office.mails == []
    assert office.faults == []  # one attempt: the duty repeats it, by what is stored


async def test_one_mailbox_that_takes_it_is_enough(log, office):
    await log.grow(1)
    office.refused = {"notary@elsewhere.example": "550 unknown"}
    await anchor_at(log, office).anchor(await log.note())
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "trouble"),
    [("550 unknown", Misconfigured, Trouble.RECIPIENT_REFUSED), ("450 grey", TryAgain, Trouble.BUSY)],
)
async def test_no_mailbox_that_takes_it_is_a_failure(log, office, answer, kind, trouble):
    await log.grow(1)
    office.refused = dict.fromkeys(("notary@elsewhere.example", "auditor@elsewhere.example"), answer)
    with pytest.raises(kind) as failed:
        await anchor_at(log, office).anchor(await log.note())
    assert failed.value.trouble is trouble


async def test_mail_is_handed_in_over_tls_from_the_start(log, certificate):
    await log.grow(1)
    async with post_office(tls=certificate) as office:
        await anchor_at(log, office, "smtps://127.0.0.1").anchor(await log.note())
    assert office.over_tls == [True]


async def test_mail_is_handed_in_over_a_connection_that_was_upgraded_and_after_a_login(log, certificate):
    await log.grow(1)
    async with post_office(upgrade=certificate, with_login=True) as office:
        await anchor_at(log, office, "smtp+starttls://log:pass%20word@127.0.0.1").anchor(await log.note())
        assert office.over_tls == [True]
        with pytest.raises(Misconfigured) as failed:
            await anchor_at(log, office, "smtp+starttls://log:wrong@127.0.0.1").anchor(await log.note())
    assert failed.value.trouble is Trouble.LOGIN_REFUSED


async def test_a_server_that_offers_no_tls_gets_no_mail(log, office):
    await log.grow(1)
    with pytest.raises(Misconfigured) as failed:
        await anchor_at(log, office, "smtp+starttls://127.0.0.1").anchor(await log.note())
    assert failed.value.trouble is Trouble.NOT_OFFERED
    assert office.mails == []


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_a_certificate_that_nobody_vouches_for_is_refused_where_it_matters(log, certificate, scheme, monkeypatch):
    """On this machine certificates are not checked; so this server is made to count as a distant one."""
    monkeypatch.setattr("privacy.anchors.mail._is_loopback", lambda host: False)
    await log.grow(1)
    how = {"tls": certificate} if scheme == "smtps" else {"upgrade": certificate}
    async with post_office(**how) as office:
        with pytest.raises(Misconfigured) as failed:
            await anchor_at(log, office, f"{scheme}://127.0.0.1").anchor(await log.note())
    assert failed.value.trouble is Trouble.CERTIFICATE_WRONG
    assert office.mails == []


async def test_a_server_that_is_away_is_unreachable(log, office):
    await log.grow(1)
    anchor = anchor_at(log, office)
    gone = dataclasses.replace(anchor, server=dataclasses.replace(anchor.server, port=9))
    with pytest.raises(TryAgain) as failed:
        await gone.anchor(await log.note())
    assert failed.value.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user", "password"),
    [
        ("smtps://mail.example", "mail.example", 465, Tls.FROM_THE_START, None, None),
        ("smtp+starttls://a%40b:p%3Aw@mail.example:2525", "mail.example", 2525, Tls.UPGRADED, "a@b", "p:w"),
        ("smtp://localhost", "localhost", 25, Tls.NONE, None, None),
        ("smtp://[::1]:1025/", "::1", 1025, Tls.NONE, None, None),
    ],
)
def test_an_address_of_a_mail_server_is_read(url, host, port, tls, user, password):
    server = MailServer.from_url(url)
    assert (server.host, server.port, server.tls, server.user, server.password) == (host, port, tls, user, password)
    assert password is None or password not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example", "smtp://mail.example", "smtp://10.0.0.1", "http://mail.example", "smtps://"),
        *("smtps://a:secret@mail.example/inbox", "smtps://a:secret@mail.example:99999"),
    ],
)
def test_an_address_that_would_not_do_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match=r"^is |^has ") as refused:
        MailServer.from_url(url)
    assert "secret" not in str(refused.value)

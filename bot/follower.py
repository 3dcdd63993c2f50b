"""What did the person do, and who answers it?

The first act of a person makes the lead and the record of the conversation start. Then the first rule that fits
answers: a tap of ours, a word we know, an answer to an open question, and last the way on. In a thread that a human
holds, and for an event too old, everything is recorded and nothing is said.
"""

from dataclasses import dataclass
from datetime import datetime

from bot import payloads
from bot.data_request import DataRequests
from bot.evidence import evidence_of
from bot.fallback import Fallback
from bot.opt_in import OptIn
from bot.payloads import CampaignTap, ConsentTap, EraseTap, Plain
from bot.turn import Input, Turn
from bot.unsubscribe import Unsubscribe
from domain.ids import Psid
from domain.inbox import InboxItem
from domain.keywords import Command, match_command
from domain.lead import Lead, LeadProfile
from domain.page import Page
from domain.personal import Pii
from domain.proof.record_sections import EntryPoint
from domain.texts import TextCatalog
from domain.window import TOO_OLD, opens_anew, window_until
from messenger import events
from messenger.envelope import Incoming
from privacy.ledger import Ledger
from privacy.notices import Notices
from storage import jobs
from storage.database import Transaction
from storage.store import Store

PROFILE_JOB = "profile.fetch"


# What a person expects an answer to.
INPUTS = events.MessageReceived | events.PostbackTapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Handles the acts of people."""

    store: Store
    ledger: Ledger
    notices: Notices
    opt_in: OptIn
    unsubscribe: Unsubscribe
    data_requests: DataRequests
    fallback: Fallback
    texts: TextCatalog

    async def handle(
        self, tx: Transaction, page: Page, lead: Lead | None, item: InboxItem, incoming: Incoming, now: datetime
    ) -> None:
        """All that the act leads to, in the caller's transaction."""
        turn = await self._turn(tx, page, lead, item, incoming, now)
        if turn is None:
            return
        await self._answer(turn, incoming.event)
        await turn.finish()

    async def unsent(self, tx: Transaction, lead: Lead, event: events.MessageDeleted) -> None:
        """Destroys the kept raw deliveries of messages that the person took back; the records stand."""
        key = await self.store.leads.key_of(tx, lead.page_id, lead.lead_id)
        if key is None:
            return
        for record in await self.store.consents.of_lead(tx, key, lead.page_id, lead.lead_id):
            if record.raw is not None and any(mid.encode() in record.raw for mid in event.mids):
                await self.store.consents.destroy_raw(tx, lead.page_id, record.record_id)

    async def _turn(
        self, tx: Transaction, page: Page, lead: Lead | None, item: InboxItem, incoming: Incoming, now: datetime
    ) -> Turn | None:
        event = incoming.event
        evidence = evidence_of(item, incoming)
        fresh = item.received_at - evidence.at <= TOO_OLD
        texts = self.texts.choose(lead.profile.language if lead else None, page.language)
        notice = await self.notices.in_force(tx, page, texts.language, now)
        first = False
        if lead is None:
            if incoming.psid is None or not starts_conversation(event):
                return None
            lead, first = await self._start(tx, page, incoming.psid, event, evidence.at)
        elif lead.profile.imported and starts_conversation(event):
            lead, first = await self._met(tx, page, lead, event), True
        until = window_until(event.kind.value, evidence.at, item.received_at) if _opens(event) else None
        opened = opens_anew(lead.window_until, until, evidence.at)
        lead = await self.store.leads.seen(
            tx, lead, event_time=evidence.at, window_until=until, writes=isinstance(event, INPUTS)
        )
        if opened and not first:
            await self.store.deliveries.wake(tx, page.page_id, lead.lead_id, now=now)
        turn = Turn(
            tx=tx,
            store=self.store,
            page=page,
            lead=lead,
            notice=notice,
            texts=texts,
            evidence=evidence,
            now=now,
            first=first,
            speaks=fresh and not incoming.is_standby and not _held_by_human(lead, now),
        )
        if first:
            await self.store.leads.entered(tx, lead, entry_point(event))
            await self.ledger.record_start(tx, page, lead, evidence, entry_point(event), notice)
        if isinstance(event, events.OptInReceived) and event.time_zone:
            await self.store.leads.lives_in(tx, lead, event.time_zone)
        return turn

    async def _start(
        self, tx: Transaction, page: Page, psid: Pii[Psid], event: events.Event, at: datetime
    ) -> tuple[Lead, bool]:
        lead, first = await self.store.leads.add(tx, page.page_id, _profile(psid, page, event), now=at)
        if first:
            await self._ask_name(tx, page, lead)
        return lead, first

    async def _met(self, tx: Transaction, page: Page, lead: Lead, event: events.Event) -> Lead:
        """Somebody known from an imported file only begins the conversation, like anybody else."""
        await self._ask_name(tx, page, lead)
        return await self.store.leads.keep_profile(tx, lead, _profile(lead.profile.psid, page, event))

    async def _ask_name(self, tx: Transaction, page: Page, lead: Lead) -> None:
        if page.use_first_name:
            await jobs.enqueue(tx, PROFILE_JOB, f"{page.page_id}/{lead.lead_id}")

    async def _answer(self, turn: Turn, event: events.Event) -> None:
        match event:
            case events.OptOutReceived():
                await self.unsubscribe.stop(turn)
            case events.MessageEdited():
                if event.text and match_command(event.text.reveal("look for a stop")) is Command.STOP:
                    await self.unsubscribe.stop(turn)
            case events.MessageReceived() | events.PostbackTapped():
                await self._answer_input(turn, event)
            case events.ReferralFollowed() | events.MessageRequestAccepted() | events.OptInReceived():
                if turn.first:
                    await self.opt_in.greet(turn, ask=True)
            case _:
                return

    async def _answer_input(self, turn: Turn, event: events.MessageReceived | events.PostbackTapped) -> None:
        read = read_input(event)
        turn.by_tap = not isinstance(read, Command)
        turn.said = _said(event)
        if turn.first and (read is None or read in (Plain(payloads.START), CampaignTap(), Command.START, Command.HELP)):
            await self.opt_in.greet(turn, ask=True)
            return
        if turn.first and read not in (Plain(payloads.STOP), Command.STOP):
            await self.opt_in.greet(turn, ask=False)
        if not await self._act(turn, read):
            self._fall_back(turn, event)

    async def _act(self, turn: Turn, read: Input) -> bool:
        """True when the input was understood and answered."""
        match read:
            case Plain(payloads.STOP) | Command.STOP:
                await self.unsubscribe.stop(turn)
            case Plain(payloads.EXPORT) | Command.EXPORT:
                await self.data_requests.export(turn)
            case Plain(payloads.ERASE) | Command.ERASE:
                await self.data_requests.explain(turn)
            case Plain(payloads.OFFERS) | Command.START:
                await self.opt_in.ask(turn)
            case Command.HELP | CampaignTap():
                self.fallback.help(turn)
            case Plain(payloads.START):
                await self.opt_in.greet(turn, ask=True)
            case Plain(payloads.RIGHTS):
                self.data_requests.rights(turn)
            case Plain(payloads.HUMAN) | Command.HUMAN:
                self.fallback.human(turn)
            case _:
                return await self._act_on_question(turn, read)
        return True

    async def _act_on_question(self, turn: Turn, read: Input) -> bool:
        """True when the input answers a question that was put."""
        match read:
            case ConsentTap():
                return await self.opt_in.tapped(turn, read)
            case EraseTap():
                return await self.data_requests.tapped(turn, read)
            case Command.YES | Command.NO:
                return await self.opt_in.typed(turn, read)
            case Command.CANCEL:
                return await self.data_requests.cancelled(turn)
            case _:
                return False

    def _fall_back(self, turn: Turn, event: events.MessageReceived | events.PostbackTapped) -> None:
        if isinstance(event, events.MessageReceived) and event.text is None:
            self.fallback.unreadable(turn)
        else:
            self.fallback.not_understood(turn)


def _profile(psid: Pii[Psid], page: Page, event: events.Event) -> LeadProfile:
    """What the first act of a person tells of them."""
    referral = _referral(event)
    return LeadProfile(
        psid=psid,
        language=page.language,
        entry_ref=referral.ref if referral else None,
        ad_id=Pii(referral.ad_id) if referral and referral.ad_id else None,
    )


def read_input(event: events.MessageReceived | events.PostbackTapped) -> Input:
    """What the person means: a tap of ours before words, and words only if they are a command."""
    if isinstance(event, events.PostbackTapped):
        # In a thread that stands by, the platform keeps the payload back and gives the title.
        by_title = event.payload is None and match_command(event.title or "") is Command.STOP
        return Command.STOP if by_title else payloads.read(event.payload)
    tap = payloads.read(event.quick_reply_payload)
    if isinstance(tap, CampaignTap) and event.text is not None:
        # The title of a marketer's choice answers no question of ours; a stop is a stop in whatever words.
        return Command.STOP if match_command(event.text.reveal("look for a stop")) is Command.STOP else tap
    if tap is not None or event.text is None:
        return tap
    return match_command(event.text.reveal("look for a command"))


def starts_conversation(event: events.Event) -> bool:
    """Whether a person we do not know made themselves known by this."""
    match event:
        case (
            events.MessageReceived()
            | events.PostbackTapped()
            | events.ReferralFollowed()
            | events.MessageRequestAccepted()
        ):
            return True
        case events.OptInReceived():
            return event.source is events.OptInSource.PLUGIN
        case _:
            return False


def entry_point(event: events.Event) -> EntryPoint:
    """By which way a conversation began."""
    referral = _referral(event)
    if referral is not None and (referral.ad_id or referral.source == "ADS"):
        return EntryPoint.AD
    if referral is not None and referral.source == "CUSTOMER_CHAT_PLUGIN":
        return EntryPoint.PLUGIN
    match event:
        case events.PostbackTapped(payload=payloads.START):
            return EntryPoint.GET_STARTED
        case events.PostbackTapped():
            return EntryPoint.POSTBACK
        case events.ReferralFollowed():
            return EntryPoint.REFERRAL
        case events.MessageReceived(prior_user_ref=Pii()) | events.OptInReceived():
            return EntryPoint.PLUGIN
        case events.MessageReceived(referral=events.Referral()):
            return EntryPoint.REFERRAL
        case _:
            return EntryPoint.MESSAGE


def _referral(event: events.Event) -> events.Referral | None:
    match event:
        case events.MessageReceived() | events.PostbackTapped() | events.ReferralFollowed():
            return event.referral
        case _:
            return None


def _opens(event: events.Event) -> bool:
    """Taking a reaction back opens no window, nor does a click on an advertisement before the person writes."""
    match event:
        case events.ReactionSeen():
            return event.is_set
        case events.ReferralFollowed():
            return event.referral.source != "ADS"
        case _:
            return True


def _said(event: events.MessageReceived | events.PostbackTapped) -> str:
    if isinstance(event, events.PostbackTapped):
        return event.title or ""
    return event.text.reveal("the words of the act go into its sealed record") if event.text else ""


def _held_by_human(lead: Lead, now: datetime) -> bool:
    return lead.human_until is not None and lead.human_until > now

"""campaigns: create, start, pause, resume, cancel, status."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, leave, show, with_runtime
from app.commands.standing import limit_document, standing_lines

if TYPE_CHECKING:
    from app.runtime import Runtime
    from broadcast.campaigns import Campaigns, CampaignStatus
    from domain.campaign import Campaign
    from domain.page import Page

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Make campaigns, send them, and see what became of each message."
)

CampaignArgument = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The campaign's number.")]
WRONG_USE = 2


class Clock(StrEnum):
    """Whose clock a time is meant by."""

    PAGE = "page"
    PERSON = "person"


@app.command()
def create(
    name: Annotated[str | None, typer.Option(help="What you call it; followers never see it.")] = None,
    text: Annotated[
        str | None, typer.Option(help="The message; {{first_name|there}} puts in the name, or the word behind |.")
    ] = None,
    topic: Annotated[str, typer.Option(help="Goes to people who said yes to this.")] = "offers",
    language: Annotated[str | None, typer.Option(help="The language of --text; the Page's, if left out.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A TOML file with name, topic and what it says in each language.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="Who cannot be reached gets it when they next write, until then, as 2026-12-01 18:00."),
    ] = None,
    weight: Annotated[
        int, typer.Option(min=1, max=100, help="Its share beside other campaigns of the Page that run.")
    ] = 10,
    audience: Annotated[str, typer.Option(help="Only whom this filter chooses; everybody, if left out.")] = "",
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Store a draft. The line that says how to stop is added to every message and cannot be left out."""

    async def work(runtime: "Runtime") -> int:
        from domain.campaign import NewCampaign
        from domain.consent import DEFAULT_TOPIC
        from domain.ids import Topic

        chosen = await chosen_page(runtime, page)
        form = _form(file, name, text, topic, language or chosen.language)
        wait_until = until or form.get("until")
        if form["topic"] != DEFAULT_TOPIC:
            raise CommandFailed(f"nobody is asked about that topic; there is one: {DEFAULT_TOPIC}")
        return await campaigns_of(runtime).create(
            NewCampaign(
                page_id=chosen.page_id,
                name=form["name"],
                topic=Topic(form["topic"]),
                texts=form["texts"],
                wait_until=_moment(wait_until, chosen) if wait_until else None,
                audience=audience or form.get("audience", ""),
                weight=weight,
            ),
            now=runtime.clock(),
        )

    number = with_runtime(work)
    show(
        {"campaign": number, "state": "draft"},
        [f"Campaign {number} is a draft. Start it: assent campaigns start {number}"],
        as_json=as_json,
    )


@app.command()
def start(
    campaign: CampaignArgument,
    at: Annotated[str | None, typer.Option(help="Begin then, as 2026-12-01 09:00; now, if left out.")] = None,
    zone: Annotated[
        Clock, typer.Option(help="Whose clock --at is meant by; every person's own, or the Page's for all.")
    ] = Clock.PAGE,
    over: Annotated[str | None, typer.Option(help="Spread the messages over this time: 90m, 2h, 1d.")] = None,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Freeze the audience and send, now or at a time; the audience is frozen when it begins."""
    spread = _span(over)
    if at is not None:
        _schedule(campaign, at, zone, spread, page, as_json=as_json)
        return
    if zone is Clock.PERSON:
        leave("--zone says whose clock --at is meant by; give --at too", WRONG_USE)

    async def work(runtime: "Runtime") -> int:
        chosen = await chosen_page(runtime, page)
        return await campaigns_of(runtime).start(
            chosen.page_id, campaign_key(campaign), now=runtime.clock(), over=spread
        )

    people = with_runtime(work)
    show(
        {"campaign": campaign, "audience": people},
        [f"Campaign {campaign} runs; its audience is {people} people."],
        as_json=as_json,
    )


@app.command()
def pause(campaign: CampaignArgument, page: PageOption = None) -> None:
    """Send nothing more of it until `resume`."""
    _step("pause", campaign, page)
    show(None, [f"Campaign {campaign} is paused."], as_json=False)


@app.command()
def resume(campaign: CampaignArgument, page: PageOption = None) -> None:
    """Go on where it stopped; one that was paused before it began waits for its time, or begins if that is past."""
    state = _step("resume", campaign, page)
    show(None, [f"Campaign {campaign} {'waits for its time' if state == 'scheduled' else 'runs'}."], as_json=False)


@app.command()
def cancel(campaign: CampaignArgument, page: PageOption = None) -> None:
    """End it: everybody not reached yet is skipped."""
    _step("cancel", campaign, page)
    show(None, [f"Campaign {campaign} is cancelled."], as_json=False)


@app.command()
def status(
    campaign: Annotated[int | None, typer.Argument(help="The campaign's number; all of them, if left out.")] = None,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Say how far a campaign is."""

    async def work(runtime: "Runtime") -> "list[CampaignStatus]":
        chosen = await chosen_page(runtime, page)
        if campaign is not None:
            return [await campaigns_of(runtime).status(chosen.page_id, campaign_key(campaign))]
        found = await runtime.store.campaigns.of_page(chosen.page_id)
        return [await campaigns_of(runtime).status(chosen.page_id, one.campaign_id) for one in found]

    found = with_runtime(work)
    lines = [line for one in found for line in (*_head(one.campaign), f"  {_counts(one)}")]
    lines += standing_lines(found[0].page, found[0].limit) if found else []
    documents = [document(one) for one in found]
    show(documents[0] if campaign is not None else documents, lines or ["There are no campaigns."], as_json=as_json)


def _step(verb: str, campaign: int, page: str | None) -> Any:
    async def work(runtime: "Runtime") -> Any:
        chosen = await chosen_page(runtime, page)
        step = getattr(campaigns_of(runtime), verb)
        return await step(chosen.page_id, campaign_key(campaign), now=runtime.clock())

    return with_runtime(work)


def _schedule(campaign: int, at: str, zone: Clock, spread: timedelta, page: str | None, *, as_json: bool) -> None:
    async def work(runtime: "Runtime") -> datetime:
        chosen = await chosen_page(runtime, page)
        when = {"at": _moment(at, chosen)}
        if zone is Clock.PERSON:
            when = {"wall": _time(at)}
            if when["wall"].tzinfo is not None:
                raise CommandFailed("a time with an offset is one moment; leave the offset out with --zone person")
        return await campaigns_of(runtime).schedule(
            chosen.page_id, campaign_key(campaign), now=runtime.clock(), over=spread, **when
        )

    first = with_runtime(work)
    show(
        {"campaign": campaign, "state": "scheduled", "start_at": first.isoformat()},
        [f"Campaign {campaign} begins at {first:%Y-%m-%d %H:%M} UTC."],
        as_json=as_json,
    )


def _span(text: str | None) -> timedelta:
    from domain.schedule import SpanUnreadable, read_span

    try:
        return read_span(text) if text is not None else timedelta()
    except SpanUnreadable as error:
        leave(str(error), WRONG_USE)


def campaigns_of(runtime: "Runtime") -> "Campaigns":
    from broadcast.campaigns import Campaigns

    return Campaigns(store=runtime.store, catalog=runtime.texts, public_url=runtime.public_url)


def campaign_key(campaign: int) -> Any:
    from domain.ids import CampaignId

    return CampaignId(campaign)


def _form(file: Path | None, name: str | None, text: str | None, topic: str, language: str) -> dict[str, Any]:
    if file is not None:
        from app.commands.campaign_form import read_file

        return {"topic": topic, **read_file(file)}
    if not text:
        leave("give the message with --text, or a --file", WRONG_USE)
    return {"name": name or text[:40], "topic": topic, "texts": {language: text}}


def _moment(text: Any, page: "Page") -> datetime:
    """The moment of a time that somebody wrote, by the Page's clock where it names no offset of its own."""
    from zoneinfo import ZoneInfo

    from domain.schedule import moment

    return moment(_time(text), ZoneInfo(page.time_zone))


def _time(text: Any) -> datetime:
    from domain.schedule import TimeUnreadable, read_time

    try:
        return read_time(str(text))
    except TimeUnreadable as error:
        raise CommandFailed(str(error)) from None


def _head(campaign: "Campaign") -> list[str]:
    from domain.pauses import campaign_remedy

    if campaign.state != "paused" or campaign.paused_cause is None:
        return [headline(campaign)]
    return [headline(campaign), f"  {campaign_remedy(campaign.paused_cause)} {campaign.campaign_id}"]


def headline(campaign: "Campaign") -> str:
    cause = f" ({campaign.paused_cause})" if campaign.paused_cause else ""
    if campaign.state == "scheduled" and campaign.start_at is not None:
        cause = f" for {campaign.start_at:%Y-%m-%d %H:%M} UTC"
    return f"Campaign {campaign.campaign_id} “{campaign.name}”: {campaign.state}{cause}"


def rows_of(found: "CampaignStatus") -> list[tuple[str, str, int]]:
    counts = found.report.counts
    return [(str(state), reason, people) for state, reasons in counts.items() for reason, people in reasons.items()]


def _counts(found: "CampaignStatus") -> str:
    totals: dict[str, int] = {}
    for state, _, count in rows_of(found):
        totals[state] = totals.get(state, 0) + count
    return ", ".join(f"{count:,} {state}" for state, count in totals.items()) or "not started"


def document(found: "CampaignStatus") -> dict[str, Any]:
    campaign = found.campaign
    return {
        "campaign": campaign.campaign_id,
        "name": campaign.name,
        "state": str(campaign.state),
        "start_at": campaign.start_at and campaign.start_at.isoformat(),
        "audience": campaign.audience_size,
        "total": found.report.total,
        "adds_up": found.adds_up,
        "paused_cause": campaign.paused_cause,
        "page_paused_cause": found.page.paused_cause,
        "limit": limit_document(found.limit),
        "counts": [{"state": state, "reason": reason, "people": count} for state, reason, count in rows_of(found)],
        "unknown": [str(one.lead_id) for one in found.report.unknown],
        "ended": found.report.ended,
        "sent_again": found.report.sent_again,
        "came_twice": found.report.came_twice,
        "echo_delay": _echo_delay(found),
    }


def _echo_delay(found: "CampaignStatus") -> dict[str, float] | None:
    delay = found.report.echo_delay
    if delay is None:
        return None
    seconds = {"half_seconds": delay.half, "most_seconds": delay.most, "longest_seconds": delay.longest}
    return {"measured": delay.measured, **{name: round(value, 3) for name, value in seconds.items()}}

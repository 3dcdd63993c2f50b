"""pages: connect, list, set, resume."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, one_of, show, with_runtime
from app.commands.standing import limit_document, pause_lines, standing_lines

if TYPE_CHECKING:
    from app.connect import Connected
    from app.runtime import Runtime
    from domain.ids import PageId
    from domain.page import Page
    from storage.limits import KeptLimit

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Connect Pages and change their settings.")

TOKEN_VARIABLE = "FB_PAGE_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


@app.command()
def connect(
    page_id: Annotated[str | None, typer.Argument(help="The Page's id; left out, that of FB_PAGE_ID.")] = None,
    controller_name: Annotated[
        str, typer.Option(help="Who is responsible for the data (GDPR: the controller); for a new Page.")
    ] = "",
    controller_contact: Annotated[str, typer.Option(help="Where people reach the controller; for a new Page.")] = "",
    dpo_contact: Annotated[str, typer.Option(help="The data protection officer's contact, if there is one.")] = "",
    region: Annotated[
        str | None, typer.Option(help="EU, UK, US ...; a new Page's is unknown, as strict as EU.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="The Page's language; a new Page's is en.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the Page's token, subscribe to its events, publish menu and privacy notice.

    The token is read from FB_PAGE_ACCESS_TOKEN, never from the command line, where others could see it. A Page that
    is connected already keeps what is left out, and goes on if its token was what stopped it.
    """

    async def work(runtime: "Runtime") -> "Connected":
        from app.connect import Controller, ControllerMissing, connect_page
        from domain.ids import PageId
        from domain.personal import Pii

        wanted, token = page_id or runtime.settings.page_id, runtime.settings.page_access_token
        if wanted is None:
            raise CommandFailed("say which Page: assent pages connect PAGE_ID, or set FB_PAGE_ID")
        if token is None:
            raise CommandFailed(f"set {TOKEN_VARIABLE} to the Page's access token for this one command")
        if bool(controller_name) != bool(controller_contact):
            raise CommandFailed("give --controller-name and --controller-contact together")
        controller = Controller(name=controller_name, contact=controller_contact, dpo_contact=dpo_contact)
        try:
            return await connect_page(
                runtime,
                PageId(wanted),
                Pii(token.get_secret_value()),
                controller if controller_name else None,
                region=region,
                language=language,
            )
        except ControllerMissing as missing:
            raise CommandFailed(str(missing)) from None

    connected = with_runtime(work)
    page = connected.page
    document = {"page": page.page_id, "name": page.name, "fields": list(connected.fields)}
    show(
        document,
        [
            f"Page {page.page_id} “{page.name}” is connected; {len(connected.fields)} kinds of events come.",
            *pause_lines(page),
        ],
        as_json=as_json,
    )


@app.command("list")
def list_pages(as_json: AsJson = False) -> None:
    """Show the connected Pages."""

    async def work(runtime: "Runtime") -> "tuple[list[Page], dict[PageId, KeptLimit]]":
        return await runtime.store.pages.all(), await runtime.store.limits.all()

    found, limits = with_runtime(work)
    lines = []
    for page in found:
        lines.append(f"{page.page_id}  {page.name}  {page.state}{_cause(page)}  {page.region}  {page.pace}/s")
        lines += [f"  {line}" for line in standing_lines(page, limits.get(page.page_id))]
    documents = [{**_document(page), "limit": limit_document(limits.get(page.page_id))} for page in found]
    show(documents, lines or ["No Page is connected: assent pages connect"], as_json=as_json)


@app.command("set")
def set_page(
    page: PageOption = None,
    region: Annotated[str | None, typer.Option(help="EU, UK, US ...")] = None,
    language: Annotated[str | None, typer.Option(help="A language code.")] = None,
    controller_name: Annotated[str | None, typer.Option(help="Who is responsible for the data.")] = None,
    controller_contact: Annotated[str | None, typer.Option(help="Where people reach the controller.")] = None,
    dpo_contact: Annotated[str | None, typer.Option(help="The data protection officer's contact.")] = None,
    pace: Annotated[int | None, typer.Option(min=1, max=40, help="Messages a second.")] = None,
    minimum_age: Annotated[int | None, typer.Option(min=13, max=18, help="From which age a yes counts.")] = None,
    takeover_hours: Annotated[
        int | None, typer.Option(min=1, max=24, help="How long a human's reply silences the bot.")
    ] = None,
    marketing_basis: Annotated[
        str | None, typer.Option(help="explicit, or conversation_start where the law allows it.")
    ] = None,
    frequency_hours: Annotated[
        int | None, typer.Option(min=0, max=720, help="Least hours between two campaign messages to a person; 0: none.")
    ] = None,
    quiet: Annotated[
        str | None,
        typer.Option(help="No campaign messages between these hours of each person's clock: 22:00-08:00, or off."),
    ] = None,
    use_first_name: Annotated[
        bool | None, typer.Option("--first-name/--no-first-name", help="Ask the platform for first names.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change settings of a Page; what is left out stays."""
    wanted: dict[str, Any] = {
        "region": region,
        "language": language,
        "controller_name": controller_name,
        "controller_contact": controller_contact,
        "dpo_contact": dpo_contact,
        "pace": pace,
        "minimum_age": minimum_age,
        "takeover_hours": takeover_hours,
        "use_first_name": use_first_name,
    }

    async def work(runtime: "Runtime") -> "Page":
        from domain.page import MarketingBasis, check_basis

        before = await chosen_page(runtime, page)
        after = replace(before, **{name: value for name, value in wanted.items() if value is not None})
        after = _with_limits(after, frequency_hours, quiet)
        if marketing_basis is not None:
            after = replace(after, marketing_basis=one_of(MarketingBasis, marketing_basis))
        check_basis(after.marketing_basis, after.region)
        await runtime.store.pages.put(after)
        return after

    changed = with_runtime(work)
    show(_document(changed), [f"Page {changed.page_id} is changed."], as_json=as_json)


@app.command()
def resume(
    page: PageOption = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Before the time that the platform wants is over.")] = False,
) -> None:
    """Let the campaigns of a paused Page go on, once the cause is gone."""

    async def work(runtime: "Runtime") -> str:
        chosen = await chosen_page(runtime, page)
        early = chosen.resume_after is not None and runtime.clock() < chosen.resume_after
        if early and not anyway:
            raise CommandFailed(
                f"calls before {chosen.resume_after:%Y-%m-%d %H:%M} UTC could prolong what the platform holds against "
                "the Page; wait, or say --anyway"
            )
        await runtime.store.pages.resume(chosen.page_id)
        return chosen.page_id

    show(None, [f"The campaigns of Page {with_runtime(work)} go on."], as_json=False)


def _with_limits(page: "Page", frequency_hours: int | None, quiet: str | None) -> "Page":
    from domain.page import QuietRefused, read_quiet

    if frequency_hours is not None:
        page = replace(page, frequency_hours=frequency_hours or None)
    if quiet is None:
        return page
    try:
        quiet_from, quiet_until = read_quiet(quiet)
    except QuietRefused as refused:
        raise CommandFailed(str(refused)) from None
    return replace(page, quiet_from=quiet_from, quiet_until=quiet_until)


def _clock(minutes: int | None) -> str | None:
    return None if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"


def _cause(page: "Page") -> str:
    return f" ({page.paused_cause})" if page.paused_cause else ""


def _document(page: "Page") -> dict[str, object]:
    return {
        "page": page.page_id,
        "name": page.name,
        "state": page.state,
        "paused_cause": page.paused_cause,
        "resume_after": page.resume_after and page.resume_after.isoformat(),
        "region": page.region,
        "language": page.language,
        "controller_name": page.controller_name,
        "controller_contact": page.controller_contact,
        "dpo_contact": page.dpo_contact,
        "marketing_basis": page.marketing_basis.value,
        "minimum_age": page.minimum_age,
        "pace": page.pace,
        "takeover_hours": page.takeover_hours,
        "use_first_name": page.use_first_name,
        "frequency_hours": page.frequency_hours,
        "quiet_from": _clock(page.quiet_from),
        "quiet_until": _clock(page.quiet_until),
        "consent_from_notice": page.consent_from_notice,
    }

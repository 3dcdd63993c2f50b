"""campaigns: report, retry, send-again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO
from uuid import UUID

import typer

from app.commands.campaigns import CampaignArgument, campaign_key, campaigns_of, document, headline, rows_of
from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, leave, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from broadcast.campaigns import CampaignStatus
    from domain.ids import CampaignId, LeadId, PageId
    from storage.campaign_reports import ListedDelivery

WRONG_USE = 2
OWNER_ONLY = 0o600
EVERYBODY = "all"
COLUMNS = (
    *("lead_id", "state", "reason", "rule", "error_code", "error_subcode"),
    *("planned_at", "sending_at", "settled_at"),
)
LeadsOption = Annotated[list[UUID] | None, typer.Option("--lead", help="Only this lead; may be given several times.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this only say how many it would be.")]


def report(
    campaign: CampaignArgument,
    wanted: Annotated[
        str | None, typer.Option("--list", help="List the people of a state or a reason, or `all`, by lead.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the whole list into this new file; `all` without --list.")
    ] = None,
    after: Annotated[UUID | None, typer.Option(help="With --list: go on behind this lead.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="With --list: so many at once.")] = 50,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Count everybody of the audience by what became of their message, and why; or list who they are, by lead."""

    async def work(runtime: "Runtime") -> "tuple[CampaignStatus, list[ListedDelivery], int]":
        from domain.ids import LeadId

        chosen = await chosen_page(runtime, page)
        status = await campaigns_of(runtime).status(chosen.page_id, campaign_key(campaign))
        if wanted is not None:
            _check(status, wanted)
        if csv is not None:
            written = await _write(runtime, csv, chosen.page_id, campaign_key(campaign), wanted or EVERYBODY)
            return status, [], written
        if wanted is None:
            return status, [], 0
        found = await runtime.store.reports.listed(
            chosen.page_id, campaign_key(campaign), wanted, after=LeadId(after) if after else None, limit=limit
        )
        return status, found, 0

    status, found, written = with_runtime(work)
    if csv is not None:
        show({"file": str(csv), "people": written}, [f"Wrote {written:,} people into {csv}."], as_json=as_json)
    elif wanted is None:
        show(document(status), _summary(status), as_json=as_json)
    else:
        _say_list(found, wanted, more=len(found) == limit, as_json=as_json)


def retry(
    campaign: CampaignArgument,
    reason: Annotated[list[str], typer.Option(help="Why they were not reached; may be given several times.")],
    lead: LeadsOption = None,
    yes: Yes = False,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Try once more what surely was not sent; everybody is asked about anew, and a finished campaign goes on."""
    from domain.delivery import RETRIED

    for one in reason:
        if one not in RETRIED:
            leave(f"{one!r} is not tried again; these are: {', '.join(sorted(RETRIED))}", WRONG_USE)

    async def work(runtime: "Runtime") -> dict[str, int]:
        chosen = await chosen_page(runtime, page)
        campaigns, number = campaigns_of(runtime), campaign_key(campaign)
        counts = await campaigns.failed(chosen.page_id, number, reason, _leads(lead))
        if yes:
            queued = await campaigns.retry(chosen.page_id, number, reason, _leads(lead), now=runtime.clock())
            return {"queued": queued}
        return counts

    counts = with_runtime(work)
    if yes:
        show({"campaign": campaign, **counts}, [f"{counts['queued']:,} messages are tried again."], as_json=as_json)
        return
    lines = [f"{people:>9,}  {why}" for why, people in counts.items()]
    show(
        {"campaign": campaign, "would_be_queued": counts},
        [*lines, f"{sum(counts.values()):>9,}  would be tried again; give --yes to do it."],
        as_json=as_json,
    )


def send_again(
    campaign: CampaignArgument,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")],
    lead: LeadsOption = None,
    all_unknown: Annotated[
        bool, typer.Option("--all-unknown", help="Everybody whose message is unknown and whose echo is overdue.")
    ] = False,
    yes: Yes = False,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Send messages of unknown fate once more. Somebody may get it twice: nobody knows whether the first one came."""
    if bool(lead) == all_unknown:
        leave("say whom: --lead for some, or --all-unknown", WRONG_USE)
    if not reason.strip():
        leave("give a reason; it is kept in the audit", WRONG_USE)

    async def work(runtime: "Runtime") -> int:
        chosen = await chosen_page(runtime, page)
        campaigns, number = campaigns_of(runtime), campaign_key(campaign)
        if yes:
            return await campaigns.send_again(chosen.page_id, number, _leads(lead), reason, now=runtime.clock())
        return await campaigns.unclear(chosen.page_id, number, _leads(lead))

    people = with_runtime(work)
    said = (
        f"{people:,} messages are sent again."
        if yes
        else f"{people:,} messages would be sent again, and some of these people may get it twice; give --yes to do it."
    )
    show({"campaign": campaign, "queued" if yes else "would_be_queued": people}, [said], as_json=as_json)


def _summary(found: "CampaignStatus") -> list[str]:
    counted = found.report
    lines = [headline(found.campaign)]
    lines += [f"  {count:>9,}  {state}{f': {reason}' if reason else ''}" for state, reason, count in rows_of(found)]
    lines.append(f"  {counted.total:>9,}  together; the audience was {found.campaign.audience_size or 0:,}")
    if counted.ended:
        lines.append(f"  {counted.ended:>9,}  of these are counted only: their rows are past their time")
    if counted.sent_again:
        lines.append(
            f"  {counted.sent_again:>9,}  were sent once more; {counted.came_twice:,} of them surely got it twice"
        )
    if delay := counted.echo_delay:
        lines.append(
            f"  echoes came after {delay.half:.1f} s (half of them), {delay.most:.1f} s (95 of 100), "
            f"{delay.longest:.1f} s (all of {delay.measured:,} measured)"
        )
    return lines + [f"  unknown: lead {one.lead_id}" for one in counted.unknown]


def _check(status: "CampaignStatus", wanted: str) -> None:
    """A list of nobody must not come from a slip of the pen."""
    from domain.delivery import DeliveryState

    reasons = {reason for _, reason, _ in rows_of(status) if reason}
    known = [EVERYBODY, *(state.value for state in DeliveryState), *sorted(reasons)]
    if wanted not in known:
        raise CommandFailed(
            f"nobody of this campaign has the state or reason {wanted!r}; there are: {', '.join(known)}"
        )


async def _write(runtime: "Runtime", file: Path, page_id: "PageId", campaign: "CampaignId", wanted: str) -> int:
    """Writes everybody into a new file, portion by portion; how many."""
    from domain.csv_form import BEGIN, line

    people = 0
    with _new_file(file) as out:
        out.write(BEGIN + line(COLUMNS))
        async for portion in runtime.store.reports.everybody(page_id, campaign, wanted):
            out.writelines(line(_fields(one).values()) for one in portion)
            people += len(portion)
    return people


@contextmanager
def _new_file(file: Path) -> Iterator[TextIO]:
    """A file that only its owner reads. What cannot be written whole does not stay."""
    try:
        with open(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w", encoding="utf-8", newline=""
        ) as out:
            try:
                yield out
            except BaseException:
                # Also when interrupted: half a list would look like a whole one.
                file.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise CommandFailed(f"{file} is there already; give another name") from None
    except OSError as error:
        raise CommandFailed(f"cannot write {file} ({type(error).__name__})") from None


def _fields(one: "ListedDelivery") -> dict[str, Any]:
    values = {name: getattr(one, name) for name in COLUMNS}
    return {name: value.isoformat() if name.endswith("_at") and value else value for name, value in values.items()}


def _say_list(found: "list[ListedDelivery]", wanted: str, *, more: bool, as_json: bool) -> None:
    following = str(found[-1].lead_id) if more else None
    lines = [_line(one) for one in found] or ["Nobody, from here on."]
    if following is not None:
        lines.append(f"There may be more: --list {wanted} --after {following}")
    people = [_fields(one) for one in found]
    show({"list": wanted, "people": people, "next": following}, lines, as_json=as_json)


def _line(one: "ListedDelivery") -> str:
    when = one.settled_at or one.sending_at or one.planned_at
    code = "" if one.error_code is None else f"  code {one.error_code}"
    code += "" if one.error_subcode is None else f"/{one.error_subcode}"
    return f"lead {one.lead_id}  {one.state}{f': {one.reason}' if one.reason else ''}{code}  {when:%Y-%m-%d %H:%M} UTC"


def _leads(leads: list[UUID] | None) -> "list[LeadId] | None":
    from domain.ids import LeadId

    return [LeadId(one) for one in leads] if leads else None

"""leads: find, show, import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, leave, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from domain.lead import Lead
    from privacy.imports import Imported

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The people known through a Page, by ids that name nobody; and claims about others.",
)

LISTED = 50
WRONG_USE = 2


@app.command()
def find(
    psid: Annotated[
        str | None, typer.Option(prompt=False, help="The platform's id of a person; without it, ids are listed.")
    ] = None,
    after: Annotated[UUID | None, typer.Option(help="Go on behind this lead.")] = None,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Find the lead of a person by the platform's id, or list lead ids."""

    async def work(runtime: "Runtime") -> tuple[int, list[str]]:
        from domain.ids import LeadId, Psid
        from domain.personal import Pii

        chosen = await chosen_page(runtime, page)
        async with runtime.store.database.transaction() as tx:
            count = await runtime.store.leads.count(tx, chosen.page_id)
            if psid is not None:
                lead = await runtime.store.leads.find(tx, chosen.page_id, Pii(Psid(psid)))
                return count, [] if lead is None else [str(lead.lead_id)]
            behind = None if after is None else LeadId(after)
            ids = await runtime.store.leads.ids(tx, chosen.page_id, after=behind, limit=LISTED)
        return count, [str(lead_id) for lead_id in ids]

    count, found = with_runtime(work)
    lines = [*found, f"{count:,} leads in all" if psid is None else ("" if found else "This person is not known.")]
    show({"leads": count, "found": found}, lines, as_json=as_json)


@app.command("show")
def show_lead(lead_id: UUID, page: PageOption = None, as_json: AsJson = False) -> None:
    """Show states, times and records of a lead; nothing personal."""

    async def work(runtime: "Runtime") -> dict[str, Any]:
        from domain.ids import LeadId

        chosen = await chosen_page(runtime, page)
        async with runtime.store.database.transaction() as tx:
            lead = await runtime.store.leads.get(tx, chosen.page_id, LeadId(lead_id))
            if lead is None:
                raise CommandFailed("there is no such lead, or it was erased")
            topics = await runtime.store.consents.topics(tx, lead.page_id, lead.lead_id)
            stopped = await runtime.store.suppressions.find(tx, lead.page_id, lead.suppression_handle)
            key = await runtime.store.leads.key_of(tx, lead.page_id, lead.lead_id)
            records = [] if key is None else await runtime.store.consents.of_lead(tx, key, lead.page_id, lead.lead_id)
        return {
            **_times(lead),
            "stopped": stopped,
            "topics": {topic: {"answer": one.act.value, "since": one.event_time} for topic, one in topics.items()},
            "records": [{"id": one.record_id, "kind": one.kind, "received_at": one.received_at} for one in records],
        }

    found = with_runtime(work)
    lines = [f"{name}: {value}" for name, value in found.items() if name not in {"topics", "records"}]
    lines += [f"topic {topic}: {one['answer']} since {one['since']}" for topic, one in found["topics"].items()]
    lines += [f"record {one['id']}  {one['received_at']}  {one['kind']}" for one in found["records"]]
    show(found, lines, as_json=as_json)


@app.command("import")
def import_claims(
    file: Annotated[Path, typer.Argument(help="JSON lines with psid, claimed_at, statement and topics, if any.")],
    source: Annotated[str, typer.Option(help="Who claims it: the system or company the file comes from.")],
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Take the good lines although others are bad.")] = False,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Write down consents that are claimed from elsewhere; they permit no message."""
    from domain.imports import MAX_FILE_BYTES, good_source

    if not good_source(source):
        leave("--source is one line of at most 200 characters", WRONG_USE)
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            leave("the file is larger than 10 MiB; split it by lines", WRONG_USE)
        content = file.read_bytes()
    except OSError as error:
        leave(f"the file cannot be read ({type(error).__name__})", WRONG_USE)
    done = with_runtime(lambda runtime: _take(runtime, page, source.strip(), content, skip_bad=skip_bad))
    document = {"people": done.people, "claims": done.claims, "repeated": done.repeated}
    lines = [
        f"{done.claims:,} claims written down, {done.people:,} people were not known before.",
        f"{done.repeated:,} claims were there already.",
    ]
    left_out = [{"line": fault.line, "fault": fault.kind.value} for fault in done.refused]
    if done.refused:
        lines += [f"{len(done.refused):,} lines left out:", *(str(fault) for fault in done.refused)]
    show({**document, "left_out": left_out}, lines, as_json=as_json)


async def _take(runtime: "Runtime", page: str | None, source: str, content: bytes, *, skip_bad: bool) -> "Imported":
    from domain.imports import read_claims
    from privacy.imports import Imports

    chosen = await chosen_page(runtime, page)
    claims, faults = read_claims(content, runtime.clock())
    imports = Imports(store=runtime.store, ledger=runtime.ledger, clock=runtime.clock)
    refused = await imports.faults(chosen, claims)
    faults = sorted([*faults, *refused], key=lambda fault: fault.line)
    if faults and not skip_bad:
        listed = "\n".join(str(fault) for fault in faults)
        raise CommandFailed(f"{listed}\nNothing was written. Mend these lines, or leave them out with --skip-bad.")
    bad = {fault.line for fault in refused}
    done = await imports.take(chosen, source, [claim for claim in claims if claim.line not in bad])
    done.refused = sorted([*faults, *done.refused], key=lambda fault: fault.line)
    return done


def _times(lead: "Lead") -> dict[str, Any]:
    return {
        "lead": lead.lead_id,
        "page": lead.page_id,
        "first_seen": lead.first_seen,
        "newest_event": lead.newest_event,
        "window_until": lead.window_until,
        "human_until": lead.human_until,
        "unreachable_since": lead.unreachable_since,
    }

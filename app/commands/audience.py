"""campaigns audience: who would be reached, before anything is sent."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from domain.page import Page
    from storage.audiences import Group

SAMPLES = 3
_SAID = {
    "now": "reached now",
    "after_quiet_hours": "reached when their quiet hours end",
    "when_they_next_write": "reached when they next write, by a campaign that waits",
    "never": "not reached",
}


def audience(
    campaign: Annotated[int | None, typer.Argument(min=1, max=2**63 - 1, help="The campaign's number.")] = None,
    wanted: Annotated[
        str, typer.Option("--audience", help="Instead of a campaign: a filter; everybody if empty.")
    ] = "",
    topic: Annotated[str, typer.Option(help="With --audience: who said yes to this.")] = "offers",
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Count who would be reached now, later or never, and why, with some lead ids of each."""

    async def work(runtime: "Runtime") -> "tuple[Page, list[Group]]":
        from domain.ids import CampaignId, Topic

        if campaign is not None and wanted:
            raise CommandFailed("give a campaign's number or --audience, not both")
        chosen = await chosen_page(runtime, page)
        store = runtime.store
        async with store.database.transaction() as tx:
            if campaign is None:
                chosen_people = await store.audiences.read(tx, chosen.page_id, wanted)
            else:
                chosen_people = await store.audiences.of_campaign(tx, chosen.page_id, CampaignId(campaign))
            of = Topic(topic) if campaign is None else CampaignId(campaign)
            return chosen, await store.audiences.preview(
                tx, chosen.page_id, chosen_people, of, now=runtime.clock(), samples=SAMPLES
            )

    chosen, groups = with_runtime(work)
    paused = [f"The Page is paused ({chosen.paused_cause}): nobody is reached until it goes on."]
    show(
        {"page_state": chosen.state, "people": sum(group.people for group in groups), "groups": _documents(groups)},
        [*(paused if chosen.state != "connected" else []), *_lines(groups)],
        as_json=as_json,
    )


def _documents(groups: "list[Group]") -> list[dict[str, Any]]:
    from domain.eligibility import reach_of

    return [
        {
            "reached": reach_of(group.reason).value,
            "reason": group.reason,
            "people": group.people,
            "samples": [str(lead_id) for lead_id in group.samples],
        }
        for group in groups
    ]


def _lines(groups: "list[Group]") -> list[str]:
    from domain.eligibility import Reach, reach_of

    lines = []
    for reach in Reach:
        found = [group for group in groups if reach_of(group.reason) is reach]
        lines.append(f"{sum(group.people for group in found):>9,}  {_SAID[reach]}")
        lines += [
            f"           {group.people:>9,}  {group.reason or 'nothing in the way'}: {_few(group)}" for group in found
        ]
    return [*lines, f"{sum(group.people for group in groups):>9,}  together"]


def _few(group: "Group") -> str:
    more = " ..." if group.people > len(group.samples) else ""
    return ", ".join(str(lead_id) for lead_id in group.samples) + more

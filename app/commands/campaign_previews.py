"""campaigns: show, test."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.commands.campaigns import CampaignArgument
from app.commands.running import AsJson, PageOption, chosen_page, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from broadcast.previews import Preview, Previews
    from domain.campaign import Campaign


def show_campaign(campaign: CampaignArgument, page: PageOption = None, as_json: AsJson = False) -> None:
    """Show what it says in each language, as somebody without a name would get it."""

    async def work(runtime: "Runtime") -> "tuple[Campaign, Mapping[str, Preview]]":
        from domain.ids import CampaignId

        chosen = await chosen_page(runtime, page)
        return await _previews(runtime).show(chosen.page_id, CampaignId(campaign))

    found, previews = with_runtime(work)
    lines = [f"Campaign {found.campaign_id} “{found.name}”: {found.state}"]
    for language, preview in previews.items():
        lines += [f"{language}:", *(f"  {line}" for line in _lines(preview.message.json()))]
    show(_document(found, previews), lines, as_json=as_json)


def send_test(
    campaign: CampaignArgument,
    lead: Annotated[UUID, typer.Option(help="The lead who gets it; `assent leads find` knows the ids.")],
    page: PageOption = None,
) -> None:
    """Send it to one lead, behind a note that it is a test; no report counts it."""

    async def work(runtime: "Runtime") -> None:
        from domain.ids import CampaignId, LeadId

        chosen = await chosen_page(runtime, page)
        await _previews(runtime).send_test(chosen, CampaignId(campaign), LeadId(lead), now=runtime.clock())

    with_runtime(work)
    show(None, [f"A test of campaign {campaign} is on its way; a running worker sends it."], as_json=False)


def _previews(runtime: "Runtime") -> "Previews":
    from broadcast.previews import Previews
    from broadcast.sender import StopLinks

    links = StopLinks(public_url=runtime.public_url, keys=runtime.store.keys)
    return Previews(store=runtime.store, catalog=runtime.texts, links=links)


def _document(campaign: "Campaign", previews: "Mapping[str, Preview]") -> dict[str, Any]:
    from domain.content import form_of

    return {
        "campaign": campaign.campaign_id,
        "name": campaign.name,
        "topic": campaign.topic,
        "state": str(campaign.state),
        "texts": {language: form_of(preview.content) for language, preview in previews.items()},
        "messages": {language: preview.message.json() for language, preview in previews.items()},
    }


def _lines(message: Mapping[str, Any]) -> Iterator[str]:
    """The message as it would be read, one line for each thing to see."""
    payload = message.get("attachment", {}).get("payload", {})
    yield from str(message.get("text") or payload.get("text") or "").splitlines()
    for element in payload.get("elements", ()):
        parts = (element.get(name) for name in ("title", "subtitle", "image_url", "attachment_id", "url"))
        yield f"- {' / '.join(part for part in parts if part)}"
        yield from (f"  [{button['title']}]" for button in element.get("buttons", ()))
    yield from (f"[{button['title']}]" for button in payload.get("buttons", ()))
    yield from (f"({reply['title']})" for reply in message.get("quick_replies", ()))

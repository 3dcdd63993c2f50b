"""How does a Page get connected, so that its followers reach the bot?

Safe to repeat: each step sets what it should be. The platform is asked first, so that a wrong token changes nothing.
"""

from dataclasses import dataclass

from app.runtime import Runtime
from bot.menu import profile
from domain.ids import PageId
from domain.page import MarketingBasis, Page
from domain.personal import Pii


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the data of the Page's followers."""

    name: str
    contact: str
    dpo_contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The Page as it is now, and which events the platform agreed to send."""

    page: Page
    fields: tuple[str, ...]


async def connect_page(
    runtime: Runtime, page_id: PageId, token: Pii[str], controller: Controller, *, region: str, language: str
) -> Connected:
    """Checks the token, subscribes, publishes menu and notice, stores the Page; raises CallFailed and changes
    nothing here when the platform refuses.
    """
    name = await runtime.client.page_name(page_id, token) or f"Page {page_id}"
    fields = await runtime.client.subscribe(page_id, token)
    page = await _page(runtime, page_id, token, controller, name=name, region=region, language=language)
    await runtime.client.set_messenger_profile(token, profile(page, runtime.texts, runtime.public_url))
    await runtime.store.pages.put(page)
    async with runtime.store.database.transaction() as tx:
        await runtime.notices.in_force(tx, page, page.language, runtime.clock())
    return Connected(page=page, fields=fields)


async def _page(
    runtime: Runtime,
    page_id: PageId,
    token: Pii[str],
    controller: Controller,
    *,
    name: str,
    region: str,
    language: str,
) -> Page:
    known = await runtime.store.pages.get(page_id)
    settings = runtime.settings
    return Page(
        page_id=page_id,
        name=name,
        region=region,
        language=language,
        time_zone=known.time_zone if known else settings.default_timezone.key,
        controller_name=controller.name,
        controller_contact=controller.contact,
        dpo_contact=controller.dpo_contact,
        marketing_basis=known.marketing_basis if known else MarketingBasis.EXPLICIT,
        minimum_age=known.minimum_age if known else settings.minimum_age,
        pace=known.pace if known else settings.page_pace,
        takeover_hours=known.takeover_hours if known else settings.takeover_hours,
        use_first_name=known.use_first_name if known else True,
        state="connected",
        paused_cause=None,
        token=token,
        connected_at=known.connected_at if known else runtime.clock(),
    )

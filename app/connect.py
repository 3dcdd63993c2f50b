"""How does a Page get connected, so that its followers reach the bot?

Safe to repeat: each step sets what it should be. The platform is asked first, so that a wrong token changes nothing.
"""

from dataclasses import dataclass, replace

from app.runtime import Runtime
from bot.menu import profile
from domain.ids import PageId
from domain.page import MarketingBasis, Page
from domain.pauses import ENDED_BY_CONNECTING
from domain.personal import Pii


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the data of the Page's followers."""

    name: str
    contact: str
    dpo_contact: str = ""


class ControllerMissing(Exception):
    """A Page cannot be connected for the first time without somebody who answers for its data."""

    def __init__(self, page_id: PageId) -> None:
        super().__init__(
            f"Page {page_id} is new here: say who is responsible with --controller-name and --controller-contact"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The Page as it is now, and which events the platform agreed to send."""

    page: Page
    fields: tuple[str, ...]


async def connect_page(
    runtime: Runtime,
    page_id: PageId,
    token: Pii[str],
    controller: Controller | None,
    *,
    region: str | None,
    language: str | None,
) -> Connected:
    """Checks the token, subscribes, publishes menu and notice, stores the Page; raises CallFailed and changes
    nothing here when the platform refuses, ControllerMissing for a new Page that nobody answers for.

    A Page that is known keeps what is left out, and a pause that a new token does not end.
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
    controller: Controller | None,
    *,
    name: str,
    region: str | None,
    language: str | None,
) -> Page:
    known = await runtime.store.pages.get(page_id)
    page = known if known is not None else _new(runtime, page_id, token, controller)
    if controller is not None:
        page = replace(
            page,
            controller_name=controller.name,
            controller_contact=controller.contact,
            dpo_contact=controller.dpo_contact,
        )
    if page.paused_cause in ENDED_BY_CONNECTING:
        page = replace(page, state="connected", paused_cause=None, resume_after=None)
    return replace(page, name=name, token=token, region=region or page.region, language=language or page.language)


def _new(runtime: Runtime, page_id: PageId, token: Pii[str], controller: Controller | None) -> Page:
    if controller is None:
        raise ControllerMissing(page_id)
    settings = runtime.settings
    return Page(
        page_id=page_id,
        name="",
        region="unknown",
        language="en",
        time_zone=settings.default_timezone.key,
        controller_name=controller.name,
        controller_contact=controller.contact,
        dpo_contact=controller.dpo_contact,
        marketing_basis=MarketingBasis.EXPLICIT,
        minimum_age=settings.minimum_age,
        pace=settings.page_pace,
        takeover_hours=settings.takeover_hours,
        use_first_name=True,
        state="connected",
        paused_cause=None,
        token=token,
        connected_at=runtime.clock(),
    )

"""What does a person see of the bot before they have written, and at any time after?"""

from collections.abc import Mapping

from domain.texts import Texts

from bot import payloads
from domain.page import Page
from messenger.messages import PostbackButton, UrlButton
from messenger.profile import DEFAULT_LOCALE, MessengerProfile


def profile(page: Page, texts: Mapping[str, Texts], public_url: str) -> MessengerProfile:
    """The get-started button, the greeting and the menu of a Page: offers, my data, stop, privacy."""
    own = texts[page.language]
    greeting = own.text("greeting.profile", page=page.name)
    menu = (
        PostbackButton(title=own.text("menu.offers_title"), payload=payloads.OFFERS),
        PostbackButton(title=own.text("menu.rights_title"), payload=payloads.RIGHTS),
        PostbackButton(title=own.text("menu.stop_title"), payload=payloads.STOP),
        UrlButton(
            title=own.text("menu.privacy_title"), url=f"{public_url}/privacy/{page.language}?page={page.page_id}"
        ),
    )
    return MessengerProfile(
        get_started_payload=payloads.START, greetings={DEFAULT_LOCALE: greeting}, menus={DEFAULT_LOCALE: menu}
    )

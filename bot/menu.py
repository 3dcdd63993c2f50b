"""What does a person see of the bot before they have written, and at any time after?"""

from bot import payloads
from domain.page import Page
from domain.texts import TextCatalog
from messenger.messages import PostbackButton, UrlButton
from messenger.profile import DEFAULT_LOCALE, MessengerProfile


def profile(page: Page, texts: TextCatalog, public_url: str) -> MessengerProfile:
    """The get-started button, the greeting and the menu of a Page: offers, my data, stop, privacy."""
    own = texts.choose(page.language)
    greeting = own.text("profile.greeting", page=page.name)
    menu = (
        PostbackButton(title=own.text("menu.offers"), payload=payloads.OFFERS),
        PostbackButton(title=own.text("menu.data"), payload=payloads.RIGHTS),
        PostbackButton(title=own.text("menu.stop"), payload=payloads.STOP),
        UrlButton(title=own.text("menu.privacy"), url=f"{public_url}/privacy/{own.language}?page={page.page_id}"),
    )
    return MessengerProfile(
        get_started_payload=payloads.START, greetings={DEFAULT_LOCALE: greeting}, menus={DEFAULT_LOCALE: menu}
    )

"""How much fits into each part of an outgoing message, as the platform's pages of June 2026 say?

Lengths are counted in UTF-16 units: the platform does not say what it counts, and no text has more
code points than it has units. A byte count is not meant.
"""

from typing import Final

TEXT_MAX: Final = 1999
TEXT_SPLIT_AT: Final = 1900
METADATA_MAX: Final = 999
QUICK_REPLIES_MAX: Final = 13
QUICK_REPLY_TITLE_MAX: Final = 20
BUTTONS_MAX: Final = 3
BUTTON_TITLE_MAX: Final = 20
BUTTON_TEXT_MAX: Final = 640
PAYLOAD_MAX: Final = 1000
ELEMENTS_MAX: Final = 10
ELEMENT_TITLE_MAX: Final = 80
ELEMENT_SUBTITLE_MAX: Final = 80
URL_MAX: Final = 2000
GREETING_MAX: Final = 160
MENU_ITEMS_MAX: Final = 20
MENU_TITLE_MAX: Final = 30


def units(text: str) -> int:
    """The length of the text in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2

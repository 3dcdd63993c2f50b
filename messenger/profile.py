"""What does a person see of the Page's bot before anybody has written?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from messenger import limits
from messenger.messages import Button, Fault, FaultRule, check, count_faults, text_faults

DEFAULT_LOCALE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessengerProfile:
    """The get-started button, the greeting and the menu, per locale; each needs the locale `default`.

    Checks itself as messages do. A menu stands only beside a get-started button, so that is required.
    """

    get_started_payload: str = field(repr=False)
    greetings: Mapping[str, str] = field(default_factory=dict, repr=False)
    menus: Mapping[str, tuple[Button, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check(
            text_faults("get_started_payload", self.get_started_payload, limits.PAYLOAD_MAX),
            _greeting_faults(self.greetings),
            _menu_faults(self.menus),
        )

    def json(self) -> dict[str, Any]:
        """The body of the set-up call."""
        found: dict[str, Any] = {"get_started": {"payload": self.get_started_payload}}
        if self.greetings:
            found["greeting"] = [{"locale": locale, "text": text} for locale, text in self.greetings.items()]
        if self.menus:
            found["persistent_menu"] = [
                {
                    "locale": locale,
                    "composer_input_disabled": False,
                    "call_to_actions": [item.json() for item in items],
                }
                for locale, items in self.menus.items()
            ]
        return found


def _greeting_faults(greetings: Mapping[str, str]) -> Iterator[Fault]:
    if greetings and DEFAULT_LOCALE not in greetings:
        yield Fault(field=f"greetings.{DEFAULT_LOCALE}", rule=FaultRule.EMPTY)
    for locale, text in greetings.items():
        yield from text_faults(f"greetings.{locale}", text, limits.GREETING_MAX)


def _menu_faults(menus: Mapping[str, tuple[Button, ...]]) -> Iterator[Fault]:
    if menus and DEFAULT_LOCALE not in menus:
        yield Fault(field=f"menus.{DEFAULT_LOCALE}", rule=FaultRule.EMPTY)
    for locale, items in menus.items():
        yield from count_faults(f"menus.{locale}", len(items), limits.MENU_ITEMS_MAX)
        for number, item in enumerate(items):
            yield from item.faults(f"menus.{locale}[{number}]", limits.MENU_TITLE_MAX)

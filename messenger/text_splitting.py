"""How is a long text cut into messages, so that no word and no emoji is cut where it can be avoided?"""

from collections.abc import Iterator
from typing import Final

import regex  # type: ignore[import-untyped]  # the library ships no types

from messenger.limits import TEXT_SPLIT_AT, units

_SMALLEST: Final = 2
_BORDERS: Final = ("\n\n", "\n", " ")
_CLUSTER = regex.compile(r"\X")


def split_text(text: str, limit: int = TEXT_SPLIT_AT) -> tuple[str, ...]:
    """Parts of at most `limit` UTF-16 units, cut at a blank line, else a line end, else a space.

    A word longer than the limit is cut between characters as people see them, and a single such
    character longer than the limit between code points. Blank text gives no parts; white space at
    the cuts is dropped, nothing else.
    """
    if limit < _SMALLEST:
        raise ValueError("a part must have room for one character: use a limit of 2 or more")
    return tuple(_parts(text.strip(), limit))


def _parts(rest: str, limit: int) -> Iterator[str]:
    while rest:
        if units(rest) <= limit:
            yield rest
            return
        cut = _cut(rest, _fitting(rest, limit))
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()


def _fitting(text: str, limit: int) -> int:
    """How many code points from the start fit into the limit; at least one."""
    used = 0
    for count, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > limit:
            return count
    return len(text)


def _cut(text: str, fitting: int) -> int:
    """Where to cut, at most at `fitting`: the best border in the second half, else any border."""
    for earliest in (fitting // 2, 1):
        for border in _BORDERS:
            place = text.rfind(border, earliest, fitting + 1)
            if place > 0:
                return place
    end = 0
    for cluster in _CLUSTER.finditer(text):
        if cluster.end() > fitting:
            break
        end = cluster.end()
    return end or fitting

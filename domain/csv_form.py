"""How is a table written so that a spreadsheet shows it and runs none of it?

RFC 4180 with CRLF. A cell that a spreadsheet could take for a formula begins with an apostrophe: whoever was allowed
to write a value must not be able to make another person's program calculate or fetch anything.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable

BEGIN = "\ufeff"
"""What the file begins with, so that programs that would guess read it as UTF-8."""

# What programs take for the beginning of a formula, or skip before one; also in full width.
_FORMULA = frozenset("=+-@\t\r\n\0" + "＝＋－＠")


def line(cells: Iterable[object]) -> str:
    """One line of the table, with its end; None is an empty cell."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    first = next((character for character in text if unicodedata.category(character) != "Zs"), "")
    return "'" + text if first in _FORMULA or text.lstrip()[:1] in _FORMULA else text

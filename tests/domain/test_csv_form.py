"""Does a spreadsheet show what is in a table, and run none of it?"""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv_form import BEGIN, line

CELLS = st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=2, max_size=6)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0 "])
def test_what_could_be_a_formula_begins_with_an_apostrophe(first, before):
    """I4."""
    written = line([f"{before}{first}cmd|' /C calc'!A0", "x"])
    assert written.lstrip('"').startswith("'")


@given(CELLS)
def test_every_value_is_read_back_as_it_was_but_for_the_apostrophe(cells):
    [read] = csv.reader(io.StringIO(line(cells), newline=""))
    assert [one.removeprefix("'") for one in read] == [one.removeprefix("'") for one in cells]
    assert not any(one.lstrip().startswith(tuple("=+-@＝＋－＠")) for one in read)


def test_a_line_is_as_rfc_4180_has_it():
    assert line(["a", 'say "hi", you', None, 7]) == 'a,"say ""hi"", you",,7\r\n'
    assert BEGIN.encode() == b"\xef\xbb\xbf"

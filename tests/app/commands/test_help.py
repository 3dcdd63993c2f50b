"""Does the help of every command say what was written for it?"""

from collections.abc import Iterator

import pytest
from click import Command, Context, Group
from typer.main import get_command

from app.cli import app as program


def commands(command: Command, path: str = "assent") -> Iterator[tuple[str, Command]]:
    yield path, command
    if isinstance(command, Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), [pytest.param(*one, id=one[0]) for one in commands(get_command(program))])
def test_help_swallows_no_word(path: str, command: Command) -> None:
    shown = "".join(command.get_help(Context(command, info_name=path)).split())
    written = [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]
    assert [text for text in written if text and "".join(text.split()) not in shown] == []

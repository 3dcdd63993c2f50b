"""What does a marketer's file say, and where is it wrong?"""

import tomllib
from pathlib import Path
from typing import Any

from app.commands.running import CommandFailed
from domain.campaign import CampaignRefused
from domain.content import Content, ContentInvalid, read_form

FIELDS = ("name", "topic", "audience", "until", "texts")


def read_file(path: Path) -> dict[str, Any]:
    """The form in this file, its texts read; raises CommandFailed when it is no TOML, CampaignRefused with all faults.

    Times stay as they were written.
    """
    try:
        form = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CommandFailed(f"{path} cannot be read as TOML: {error}") from None
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{path} cannot be read as TOML ({type(error).__name__})") from None
    faults = [f"{name}: there is no such field; there are {', '.join(FIELDS)}" for name in form if name not in FIELDS]
    faults += [
        f"{name}: must be a text" for name in ("name", "topic", "audience") if not isinstance(form.get(name, ""), str)
    ]
    if "name" not in form:
        faults.append("name: is missing")
    form["texts"] = _texts(form.get("texts"), faults)
    if faults:
        raise CampaignRefused(faults)
    return form


def _texts(table: Any, faults: list[str]) -> dict[str, Content]:
    if not isinstance(table, dict):
        faults.append("texts: must be a table with one text, or one table, for each language")
        return {}
    texts = {}
    for language, form in table.items():
        try:
            texts[language] = read_form(form, f"texts.{language}")
        except ContentInvalid as invalid:
            faults += invalid.faults
    return texts

"""Where do the texts of every language come from?

One TOML file per language beside this one. The files are read once; tests keep their keys, placeholders
and lengths equal.
"""

import tomllib
from functools import cache
from importlib import resources

from domain.texts import TextCatalog, Texts


@cache
def load_texts() -> TextCatalog:
    """The texts of all languages in this folder; raises TextError when a file is malformed."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml")]
    by_language = {
        (language := file.name.removesuffix(".toml")): Texts.of(language, tomllib.loads(file.read_text("utf-8")))
        for file in files
    }
    return TextCatalog(by_language=by_language)

"""How does a follower's page become HTML?

Jinja with escaping always on and no undefined names, over texts of the reader's language. Pages hold no
script, load nothing from elsewhere, and put nothing about a person into the head, which previews show.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.texts import TextCatalog
from webhooks.server import SECURITY_HEADERS

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"
STATIC_PREFIX: Final = "/static"
STYLESHEETS: Final = ("pico-2.1.1/pico.classless.min.css", "pages.css")

PAGE_HEADERS: Final = SECURITY_HEADERS | {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around every page: who is responsible, and the ways on. Empty where the Page is not known.

    `languages` are the addresses of this page in its languages, by tag.
    """

    page: str = ""
    controller: str = ""
    contact: str = ""
    chat_url: str = ""
    privacy_url: str = ""
    languages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a notice: `h1`, `h2`, `p` or `ul`, with its lines."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders followers' pages in every language there is. Making one reads all files; rendering reads none."""

    texts: TextCatalog
    environment: Environment = field(default_factory=lambda: _environment(), compare=False, repr=False)

    def render(self, template: str, language: str, *, frame: Frame | None = None, **context: object) -> str:
        """The page; raises jinja2.UndefinedError or TextError when the context lacks something it needs."""
        texts = self.texts.choose(language)
        around = frame or Frame()
        known = self.texts.by_language
        links = [
            (tag, known[tag].own_name if tag in known else tag, url, tag == texts.language)
            for tag, url in around.languages
        ]
        return self.environment.get_template(template).render(
            **context,
            t=texts.text,
            language=texts.language,
            direction=texts.direction,
            frame=around,
            language_links=links,
        )


def notice_blocks(body: str) -> list[Block]:
    """The pieces of a notice's Markdown: headings, paragraphs and lists; anything else is a paragraph."""
    blocks: list[Block] = []
    for kind, line in _notice_lines(body):
        if kind == "ul" and blocks and blocks[-1].kind == "ul":
            blocks[-1] = Block("ul", (*blocks[-1].lines, line))
        elif line:
            blocks.append(Block(kind, (line,)))
    return blocks


def _notice_lines(body: str) -> Iterator[tuple[str, str]]:
    prefixes = {"# ": "h1", "## ": "h2", "- ": "ul", "* ": "ul"}
    for line in body.splitlines():
        kind = next((kind for prefix, kind in prefixes.items() if line.startswith(prefix)), "p")
        yield kind, (line if kind == "p" else line.partition(" ")[2]).strip()


def asset_url(name: str) -> str:
    """The address of a file in static/, changed whenever the file changes, so that it may be cached for ever."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{STATIC_PREFIX}/{name}?v={digest}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["notice_blocks"] = notice_blocks
    environment.globals["stylesheets"] = [asset_url(name) for name in STYLESHEETS]
    for name in environment.list_templates():
        environment.get_template(name)
    return environment

"""Which few files do followers' pages load, and how long may they be kept?"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from webhooks.rendering import STATIC, STATIC_PREFIX

TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2"}
FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file in memory; its version stands in its address, as the templates write it."""

    content: bytes
    content_type: str
    version: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """Files known by name when the process started: nothing else can be asked for."""

    files: dict[str, StaticFile]

    @classmethod
    def read(cls, folder: Path = STATIC) -> Self:
        """Every file of a known type below the folder."""
        files = {}
        for path in sorted(folder.rglob("*")):
            content_type = TYPES.get(path.suffix)
            if content_type is not None and path.is_file():
                content = path.read_bytes()
                name = path.relative_to(folder).as_posix()
                files[name] = StaticFile(content, content_type, sha256(content).hexdigest()[:12])
        return cls(files)

    def routes(self) -> list[web.RouteDef]:
        """All files, under one prefix."""
        return [web.get(f"{STATIC_PREFIX}/{{name:.+}}", self.file)]

    async def file(self, request: web.Request) -> web.Response:
        """The file; for ever where the address names its version."""
        found = self.files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such file.\n")
        current = request.query.get("v") == found.version
        return web.Response(
            body=found.content,
            content_type=found.content_type,
            charset="utf-8" if found.content_type.startswith("text/") else None,
            headers={"Cache-Control": FOR_EVER if current else "no-cache"},
        )

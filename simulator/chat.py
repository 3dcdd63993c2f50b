"""Where does somebody play a follower? The chat page and its two files; nothing comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent / "page"
_FILES = {
    "/": ("index.html", "text/html"),
    "/page/chat.css": ("chat.css", "text/css"),
    "/page/chat.js": ("chat.js", "text/javascript"),
    "/page/bubbles.js": ("bubbles.js", "text/javascript"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class ChatPage:
    """Serves the page; `load` reads its files once, off the loop, before the first request."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def load(self) -> None:
        """Reads the files."""
        self._bodies = {path: (_FOLDER / name).read_bytes() for path, (name, _) in _FILES.items()}

    def routes(self) -> list[web.RouteDef]:
        """One for each file."""
        return [web.get(path, self.serve) for path in _FILES]

    async def serve(self, request: web.Request) -> web.Response:
        """One of the files."""
        content_type = _FILES[request.path][1]
        body = self._bodies[request.path]
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=_HEADERS)

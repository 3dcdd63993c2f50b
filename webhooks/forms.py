"""Which form may somebody without an account post, from where, and how large?"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

FORM_MAX_BYTES: Final = 16 * 1024
FIELDS_MAX: Final = 20

# What a browser sends for a form on our own page, and for an address typed or opened from a chat.
_OWN_SITE: Final = frozenset({"same-origin", "none"})


async def read_form(request: web.Request, *, most_bytes: int = FORM_MAX_BYTES) -> Mapping[str, str]:
    """The fields of a small form; answers 400, 413 or 415 for anything else, a repeated field included."""
    if "Content-Encoding" in request.headers:
        raise web.HTTPUnsupportedMediaType(text="Send the form without Content-Encoding.\n")
    body = await _read(request, most_bytes)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise web.HTTPBadRequest(text="This is not a form.\n") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise web.HTTPBadRequest(text="Each field may stand in a form once.\n")
    return fields


def refuse_other_sites(request: web.Request, public_url: str) -> None:
    """Answers 403 when a browser says that the form stood on another site.

    Browsers inside apps often say nothing at all; then what the address itself holds is what authorises. `null` is
    what browsers send as Origin from pages that name no referrer, as ours do.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    own = {_origin(public_url), f"http://{request.headers.get('Host', '')}"}
    if (site is not None and site not in _OWN_SITE) or (site is None and origin != "null" and origin not in own):
        raise web.HTTPForbidden(text="Please use the button on the page itself.\n")


async def _read(request: web.Request, most_bytes: int) -> bytes:
    body = bytearray()
    if (request.content_length or 0) <= most_bytes:
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most_bytes:
                    break
            else:
                return bytes(body)
        except (web.RequestPayloadError, ConnectionError):
            raise web.HTTPBadRequest(text="The form did not arrive whole.\n") from None
    raise web.HTTPRequestEntityTooLarge(max_size=most_bytes, actual_size=max(len(body), request.content_length or 0))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()

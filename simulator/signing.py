"""How does the platform write and sign what it sends?

Bodies are ASCII JSON with lower-case ``\\uXXXX`` and ``\\/``; the signature is over exactly those bytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def encode(body: object) -> bytes:
    r"""JSON as the platform sends it: no spaces, ``\u00e4`` in lower case, every ``/`` as ``\/``."""
    # A slash can only stand inside a JSON string, so replacing it in the finished text is safe.
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def sign(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 for these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sign_sha1(secret: str, body: bytes) -> str:
    """The value of the older X-Hub-Signature, which the platform still sends beside the newer one."""
    return "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def appsecret_proof(secret: str, token: str) -> str:
    """What a caller adds to prove that it knows the App Secret."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def signed_request(secret: str, payload: dict[str, Any]) -> str:
    """`<signature>.<payload>`, both base64url without padding, signed over the encoded payload."""
    encoded = _base64url(json.dumps(payload, separators=(",", ":")).encode())
    return _base64url(hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).digest()) + "." + encoded

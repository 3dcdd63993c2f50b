"""Did the platform sign this, and with which of our app secrets?

The signature covers the bytes as received: a body that was parsed and written again does not
verify. Every configured secret is tried, so that a secret can be rotated without losing events.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from domain.personal import Pii

SIGNED_REQUEST_MAX_CHARS: Final = 8192

_HEADER = re.compile(r"sha256=([0-9a-fA-F]{64})", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_FINGERPRINT_LABEL: Final = b"assent/app-secret-fingerprint/v1"


class Refusal(StrEnum):
    """Why nothing signed is accepted; safe to count and to log."""

    NO_SECRET = "no_secret"  # noqa: S105  a reason, not a password
    MISSING = "missing"
    MALFORMED = "malformed"
    MISMATCH = "mismatch"
    WRONG_ALGORITHM = "wrong_algorithm"


class SignatureRefused(Exception):
    """Nothing may be stored or done for this request; `reason` says why, and holds no input."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"signature refused: {reason.value}; check the app secret in the settings")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSecret:
    """One app secret; `name` is a fingerprint that may be shown, the key never is."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("an app secret must not be empty: an empty key would verify for everybody")

    @classmethod
    def from_text(cls, text: str) -> "AppSecret":
        """From the text shown in the App Dashboard; spaces around it are dropped."""
        return cls(key=text.strip().encode())

    @property
    def name(self) -> str:
        """Eight hexadecimal digits that tell two secrets apart and give neither away."""
        return hmac.digest(self.key, _FINGERPRINT_LABEL, "sha256").hex()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What a deletion or deauthorize callback says; `user_id` is app-scoped, not a Psid."""

    user_id: Pii[str]
    issued_at: datetime | None
    expires_at: datetime | None
    secret_name: str


def verify_signature(body: bytes, header: str | None, secrets: Sequence[AppSecret]) -> str:
    """The name of the secret that signed these very bytes; raises SignatureRefused otherwise."""
    if not secrets:
        raise SignatureRefused(Refusal.NO_SECRET)
    if not header:
        raise SignatureRefused(Refusal.MISSING)
    found = _HEADER.fullmatch(header)
    if found is None:
        raise SignatureRefused(Refusal.MALFORMED)
    return _signer(body, bytes.fromhex(found[1]), secrets)


def parse_signed_request(text: str | None, secrets: Sequence[AppSecret]) -> SignedRequest:
    """The content of `signed_request`, read only after its signature held; raises SignatureRefused.

    The signature covers the encoded payload text. `expires_at` is None when the platform sent none
    or 0; whether a late one is still good is for the caller to say.
    """
    if not secrets:
        raise SignatureRefused(Refusal.NO_SECRET)
    if not text:
        raise SignatureRefused(Refusal.MISSING)
    encoded_signature, dot, encoded_payload = text.partition(".")
    if not dot or len(text) > SIGNED_REQUEST_MAX_CHARS:
        raise SignatureRefused(Refusal.MALFORMED)
    signature = _from_base64url(encoded_signature)
    payload = _from_base64url(encoded_payload)
    secret_name = _signer(encoded_payload.encode("ascii"), signature, secrets)
    return _content(payload, secret_name)


def appsecret_proof(secret: AppSecret, token: str) -> str:
    """The proof the Graph API asks for beside a token: it shows that the caller holds the secret."""
    return hmac.digest(secret.key, token.encode(), "sha256").hex()


def _signer(signed: bytes, signature: bytes, secrets: Sequence[AppSecret]) -> str:
    # No early end: the time taken must not tell which secret, or that any, came near.
    name: str | None = None
    for secret in secrets:
        if hmac.compare_digest(hmac.digest(secret.key, signed, "sha256"), signature):
            name = secret.name
    if name is None:
        raise SignatureRefused(Refusal.MISMATCH)
    return name


def _from_base64url(text: str) -> bytes:
    if _BASE64URL.fullmatch(text) is None:
        raise SignatureRefused(Refusal.MALFORMED)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise SignatureRefused(Refusal.MALFORMED) from None


def _content(payload: bytes, secret_name: str) -> SignedRequest:
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        raise SignatureRefused(Refusal.MALFORMED) from None
    if not isinstance(content, dict):
        raise SignatureRefused(Refusal.MALFORMED)
    algorithm = content.get("algorithm")
    if not isinstance(algorithm, str) or algorithm.upper() != "HMAC-SHA256":
        raise SignatureRefused(Refusal.WRONG_ALGORITHM)
    user_id = content.get("user_id")
    if isinstance(user_id, bool) or not isinstance(user_id, str | int) or not str(user_id):
        raise SignatureRefused(Refusal.MALFORMED)
    return SignedRequest(
        user_id=Pii(str(user_id)),
        issued_at=_moment(content.get("issued_at")),
        expires_at=_moment(content.get("expires")),
        secret_name=secret_name,
    )


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 10**11:
        return None
    return datetime.fromtimestamp(seconds, UTC)

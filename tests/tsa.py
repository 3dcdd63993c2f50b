"""A time-stamping authority of our own: certificates made here, tokens by OpenSSL's `ts -reply`, behind real HTTP."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.programs import require

TIME_STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
# Without a line `certs`: OpenSSL then writes the certificates in an order that DER forbids.
_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = yes
ess_cert_id_alg = sha256
"""

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key() -> Key:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ec_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make_root(key: Key, common_name: str = "Test root") -> x509.Certificate:
    return _certificate(
        name(common_name),
        key,
        name(common_name),
        key,
        (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=30)),
        [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (_key_usage(signs_certificates=True), True),
        ],
    )


def make_leaf(
    key: Key,
    root: x509.Certificate,
    root_key: Key,
    *,
    uses: tuple[x509.ObjectIdentifier, ...] = TIME_STAMPING,
    critical: bool = True,
    valid: tuple[datetime, datetime] | None = None,
) -> x509.Certificate:
    span = valid or (datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(days=1))
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), False),
        (_key_usage(signs_certificates=False), True),
    ]
    if uses:
        extensions.append((x509.ExtendedKeyUsage(uses), critical))
    return _certificate(name("Test authority"), key, root.subject, root_key, span, extensions)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    issuer_key: Key,
    valid: tuple[datetime, datetime],
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


@dataclass
class Authority:
    """Stamps what it is asked to, with OpenSSL, in a folder of its own."""

    folder: Path
    root: x509.Certificate
    leaf: x509.Certificate

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        key: Callable[[], Key] = rsa_key,
        uses: tuple[x509.ObjectIdentifier, ...] = TIME_STAMPING,
        critical: bool = True,
        valid: tuple[datetime, datetime] | None = None,
    ) -> "Authority":
        require("openssl")
        root_key, leaf_key = key(), key()
        root = make_root(root_key)
        leaf = make_leaf(leaf_key, root, root_key, uses=uses, critical=critical, valid=valid)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            leaf_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "serial").write_text("01")
        (folder / "ts.cnf").write_text(_CONFIG.format(folder=folder))
        return cls(folder, root, leaf)

    @property
    def root_pem(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """The bytes of a whole answer, also of a refusal."""
        asked, answered = self.folder / "q.tsq", self.folder / "q.tsr"
        asked.write_bytes(request)
        answered.unlink(missing_ok=True)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "q.tsq", "-out", "q.tsr"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return answered.read_bytes()

    def sign(self, answer: bytes) -> bytes:
        """The same time stamp signed by this authority, whose certificate `ts -reply` may refuse to use."""
        (self.folder / "from.tsr").write_bytes(answer)
        for command in (
            "ts -reply -in from.tsr -token_out -out token.der",
            "cms -verify -noverify -inform DER -in token.der -out info.der",
            "cms -sign -binary -nodetach -cades -md sha256 -econtent_type 1.2.840.113549.1.9.16.1.4 "
            "-signer tsa.pem -inkey tsa.key -in info.der -outform DER -out signed.der",
        ):
            subprocess.run(["openssl", *command.split()], cwd=self.folder, check=True, capture_output=True)
        body = bytes.fromhex("3003020100") + (self.folder / "signed.der").read_bytes()
        return b"\x30\x82" + len(body).to_bytes(2, "big") + body


@dataclass
class ResponderStand:
    """The authority behind HTTP. `faults` are taken one for each request: a status, `cut`, or other bytes to send."""

    authority: Authority
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    faults: list[int | str | bytes] = field(default_factory=list)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        assert request.content_type == "application/timestamp-query"
        body = await request.read()
        self.requests.append(body)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            return web.Response(status=fault, headers={"Location": "/elsewhere"} if 300 <= fault < 400 else {})
        answer = await asyncio.to_thread(self.authority.answer, body)
        if fault == "cut":  # stamped, and the answer lost
            assert request.transport is not None
            request.transport.abort()
        return web.Response(
            body=fault if isinstance(fault, bytes) else answer, content_type="application/timestamp-reply"
        )


@asynccontextmanager
async def responder(authority: Authority) -> AsyncIterator[ResponderStand]:
    stand = ResponderStand(authority)
    app = web.Application()
    app.router.add_post("/tsa", stand.respond)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stand.url = f"http://127.0.0.1:{runner.addresses[0][1]}/tsa"
    try:
        yield stand
    finally:
        await runner.cleanup()

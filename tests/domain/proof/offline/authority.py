"""A time-stamping authority that can also lie: certificates made here, tokens signed by the `openssl` program.

Honest tokens come from `openssl ts`. Others are a TSTInfo written here byte by byte, which `openssl cms` signs with any
certificate; `openssl ts` would refuse to.
"""

import hashlib
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.programs import require

SecretKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
TIME_STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
clock_precision_digits = 3
tsa_name = yes
ess_cert_id_alg = {ess}
{certs}
"""


def new_key(kind: str) -> SecretKey:
    curves: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("RSA-")))


@dataclass
class Holder:
    """A certificate, its key, and the certificates between it and the root."""

    certificate: x509.Certificate
    key: SecretKey
    between: list[x509.Certificate] = field(default_factory=list)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def issue(
    name: str,
    issuer: Holder | None = None,
    *,
    kind: str = "P-256",
    authority: bool = False,
    path_length: int | None = None,
    signs_certificates: bool | None = None,
    uses: tuple[x509.ObjectIdentifier, ...] = (),
    critical: bool = True,
    span: tuple[datetime, datetime] = (START, END),
    more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    digest: hashes.HashAlgorithm | None = None,
) -> Holder:
    """A certificate by this issuer, or by itself."""
    key = new_key(kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signs = authority if signs_certificates is None else signs_certificates
    builder = x509.CertificateBuilder(
        issuer_name=issuer.certificate.subject if issuer else subject, subject_name=subject,
        public_key=key.public_key(), serial_number=x509.random_serial_number(), not_valid_before=span[0],
        not_valid_after=span[1],
    ).add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)  # fmt: skip
    usage = x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=critical)
    for extension, is_critical in more:
        builder = builder.add_extension(extension, critical=is_critical)
    signed = builder.sign(issuer.key if issuer else key, digest or hashes.SHA256())
    between = [*issuer.between, issuer.certificate] if issuer and issuer.between is not None else []
    return Holder(signed, key, [one for one in between if one.subject != one.issuer])


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    width = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + len(content).to_bytes(width, "big") + content


SHA256_OID = bytes.fromhex("0609608648016503040201")


def tst_info(
    stamped: bytes, time: str, *, version: int = 1, imprint: bytes | None = None, oid: bytes = SHA256_OID
) -> bytes:
    """What an authority signs; `time` as GeneralizedTime."""
    digest = hashlib.sha256(stamped).digest() if imprint is None else imprint
    return der(
        0x30, der(2, bytes([version])), bytes.fromhex("06042a030401"), der(0x30, der(0x30, oid), der(4, digest)),
        der(2, b"\x2a"), der(0x18, time.encode()),
    )  # fmt: skip


@dataclass
class Desk:
    """A folder in which the `openssl` program works for one authority."""

    folder: Path
    holder: Holder

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tsa.pem").write_bytes(self.holder.pem)
        (self.folder / "tsa.key").write_bytes(
            self.holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (self.folder / "chain.pem").write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in self.holder.between))
        (self.folder / "serial").write_text("01")

    def run(self, *command: str) -> None:
        require("openssl")
        subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)

    def honest(self, stamped: bytes, *, digest: str = "sha256", ess: str = "sha256", imprint: str = "-sha256") -> bytes:
        """The answer that `openssl ts` gives, with its clock."""
        certs = f"certs = {self.folder}/chain.pem" if self.holder.between else ""
        config = _CONFIG.format(folder=self.folder, digest=digest, ess=ess, certs=certs)
        (self.folder / "ts.cnf").write_text(config)
        (self.folder / "stamped").write_bytes(stamped)
        self.run("ts", "-query", "-data", "stamped", imprint, "-cert", "-out", "q.tsq")
        self.run("ts", "-reply", "-config", "ts.cnf", "-queryfile", "q.tsq", "-out", "q.tsr")
        return (self.folder / "q.tsr").read_bytes()

    def signed(self, info: bytes, *options: str, content_type: str = "1.2.840.113549.1.9.16.1.4") -> bytes:
        """An answer around this TSTInfo; more options for `openssl cms -sign`."""
        (self.folder / "info.der").write_bytes(info)
        chain = ["-certfile", "chain.pem"] if self.holder.between else []
        if "-plain" not in options:
            chain.append("-cades")
        self.run(
            "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-econtent_type", content_type, *chain, "-signer",
            "tsa.pem", "-inkey", "tsa.key", "-in", "info.der", "-outform", "DER", "-out", "signed.der",
            *(option for option in options if option != "-plain"),
        )  # fmt: skip
        return der(0x30, bytes.fromhex("3003020100"), (self.folder / "signed.der").read_bytes())

    def openssl_accepts(self, answer: bytes, stamped: bytes, root: Holder, at: datetime) -> bool:
        (self.folder / "root.pem").write_bytes(root.pem)
        (self.folder / "v.tsr").write_bytes(answer)
        (self.folder / "v.data").write_bytes(stamped)
        command = ["openssl", "ts", "-verify", "-data", "v.data", "-in", "v.tsr", "-CAfile", "root.pem", "-attime"]
        done = subprocess.run([*command, str(int(at.timestamp()))], cwd=self.folder, capture_output=True, check=False)
        return done.returncode == 0


def root(name: str = "Test root", **changes: object) -> Holder:
    return issue(name, authority=True, **changes)  # type: ignore[arg-type]  # the same names as issue has


def time_stamper(issuer: Holder, **changes: object) -> Holder:
    return issue("Test authority", issuer, uses=TIME_STAMPING, **changes)  # type: ignore[arg-type]


def generalized(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%SZ")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


A_DAY = timedelta(days=1)

"""Which logs does a verifier trust, and how many witnesses must have seen a checkpoint?

C2SP tlog-policy. Names are opaque octets; they are kept as text with surrogate escapes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.proof.errors import KeyFormatError, PolicyError
from domain.proof.keys import KeyType, Verifier

MAX_POLICY_BYTES = 262_144
MAX_OF_A_KIND = 256
_NONE = "none"
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedLog:
    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    name: str
    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Counts as a witness once `threshold` of its members do; members stand above it in the policy."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a verifier trusts; `quorum` names a witness or group, None asks for no cosignature."""

    logs: tuple[TrustedLog, ...]
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str | None = None

    @classmethod
    def of_logs(cls, verifiers: Iterable[Verifier]) -> "Policy":
        """Trust in these log keys alone, without witnesses."""
        return cls(logs=tuple(TrustedLog(verifier=verifier) for verifier in verifiers))

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Raises PolicyError that names the line."""
        reading = _Reading()
        for number, line in enumerate(_lines(data), 1):
            items = [item for item in re.split(r"[ \t]+", line) if item]
            if items and not items[0].startswith("#"):
                reading.read(items, f"policy line {number}")
        return reading.policy()

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """All keys whose signatures matter under this policy."""
        return tuple(log.verifier for log in self.logs) + tuple(w.verifier for w in self.witnesses)


def _lines(data: bytes) -> list[str]:
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyError(f"the policy is longer than {MAX_POLICY_BYTES} bytes")
    for number, line in enumerate(data.split(b"\n"), 1):
        if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in line):
            raise PolicyError(f"policy line {number} holds a control character")
    if data and not data.endswith(b"\n"):
        raise PolicyError("the last line of the policy does not end with a line feed")
    return data.decode("utf-8", "surrogateescape").split("\n")


@dataclass(slots=True)
class _Reading:
    """The state of reading a policy from top to bottom."""

    logs: list[TrustedLog] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorums: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)

    def read(self, items: list[str], where: str) -> None:
        match items:
            case ["log", vkey, *url] if len(url) <= 1:
                self.logs.append(TrustedLog(verifier=self._key(vkey, KeyType.ED25519, where), url=_one(url)))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._define(name, where)
                verifier = self._key(vkey, KeyType.COSIGNATURE, where)
                self.witnesses.append(Witness(name=name, verifier=verifier, url=_one(url)))
            case ["group", name, count, *members] if members:
                self._group(name, count, tuple(members), where)
            case ["quorum", name]:
                if name != _NONE and name not in self.names:
                    raise PolicyError(f"{where} names a quorum that is not defined above it")
                self.quorums.append(name)
            case _:
                raise PolicyError(f"{where} is no log, witness, group or quorum line")
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > MAX_OF_A_KIND:
            raise PolicyError(f"the policy has more than {MAX_OF_A_KIND} logs, witnesses or groups")

    def policy(self) -> Policy:
        if len(self.quorums) != 1:
            raise PolicyError(f"the policy has {len(self.quorums)} quorum lines; it needs exactly one")
        quorum = self.quorums[0]
        return Policy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses),
            groups=tuple(self.groups),
            quorum=None if quorum == _NONE else quorum,
        )

    def _group(self, name: str, count: str, members: tuple[str, ...], where: str) -> None:
        for member in members:
            if member not in self.names:
                raise PolicyError(f"{where} has a member that is not defined above it")
            if member in self.members:
                raise PolicyError(f"{where} has a member that is in a group already")
            self.members.add(member)
        self._define(name, where)
        threshold = {"any": 1, "all": len(members)}.get(count) or (int(count) if _COUNT.fullmatch(count) else 0)
        if not 1 <= threshold <= len(members):
            raise PolicyError(f"{where} asks for neither all, any, nor 1 to {len(members)} members")
        self.groups.append(Group(name=name, threshold=threshold, members=members))

    def _define(self, name: str, where: str) -> None:
        if name == _NONE or name in self.names:
            raise PolicyError(f"{where} defines a name that is taken")
        self.names.add(name)

    def _key(self, vkey: str, key_type: KeyType, where: str) -> Verifier:
        try:
            verifier = Verifier.from_vkey(vkey)
        except KeyFormatError as error:
            raise PolicyError(f"{where}: {error}") from None
        if verifier.key_type is not key_type:
            raise PolicyError(f"{where} needs a key of type {key_type:d}, not {verifier.key_type:d}")
        if verifier.public_key in self.keys:
            raise PolicyError(f"{where} has a public key that stands above it already")
        self.keys.add(verifier.public_key)
        return verifier


def _one(url: list[str]) -> str | None:
    return url[0] if url else None

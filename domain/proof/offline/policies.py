"""Which logs does somebody trust, and how many witnesses must have seen a checkpoint?

C2SP tlog-policy, and the one exact form in which a bundle writes down its own keys.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.notes import LOG_KEY, WITNESS_KEY, Key, Opened, read_key

POLICY_HEAD = """\
# Supplied by the operator together with the proof, for convenience.
# It says nothing about who holds the key: compare it with a copy that you got another way.
"""
MAX_POLICY_BYTES = 262_144
_MAX_OF_A_KIND = 256
_NO_QUORUM = "none"
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


def own_policy(log_vkeys: Iterable[str], witnesses: Iterable[tuple[str, str]] = ()) -> bytes:
    """The one exact form of a bundle's policy.txt; witnesses as name (that of the key) and vkey, nothing twice."""
    logs = [f"log {vkey}\n" for vkey in dict.fromkeys(log_vkeys)]
    seen = [f"witness {name} {vkey}\n" for name, vkey in dict.fromkeys(witnesses)]
    return (POLICY_HEAD + "".join(logs + seen) + "quorum none\n").encode()


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as a witness once `threshold` of its members do; members stand above it in the policy."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What somebody trusts; `quorum` names a witness or group, None asks for no cosignature."""

    logs: tuple[Key, ...] = ()
    witnesses: tuple[tuple[str, Key], ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str | None = None

    @property
    def witness_keys(self) -> tuple[Key, ...]:
        return tuple(key for _, key in self.witnesses)

    def require_quorum(self, opened: Opened) -> None:
        """Returns only if enough witnesses have cosigned."""
        if self.quorum is None:
            return
        seen = {cosignature.key for cosignature in opened.cosignatures}
        met = {name for name, key in self.witnesses if key in seen}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        if self.quorum not in met:
            raise Wrong(f"{len(seen)} of {len(self.witnesses)} known witnesses have cosigned, which is no quorum")


def read_policy(data: bytes) -> Policy:
    """The policy in this file; the refusal names the line."""
    if len(data) > MAX_POLICY_BYTES:
        raise Unreadable(f"the policy is longer than {MAX_POLICY_BYTES} bytes")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Wrong("the policy is not UTF-8") from None
    if lines.pop():
        raise Wrong("the last line of the policy does not end with a line feed")
    reading = _PolicyReading()
    for number, line in enumerate(lines, 1):
        if any((c < " " and c != "\t") or c == "\x7f" for c in line):
            raise Wrong(f"policy line {number} holds a control character")
        items = [item for item in re.split(r"[ \t]+", line) if item]
        if items and not items[0].startswith("#"):
            reading.read(items, f"policy line {number}")
    return reading.policy()


def read_own_policy(data: bytes) -> Policy:
    """A bundle's policy.txt, which must be exactly what `own_policy` writes."""
    policy = read_policy(data)
    written = own_policy((key.vkey for key in policy.logs), ((name, key.vkey) for name, key in policy.witnesses))
    misnamed = any(name != key.name for name, key in policy.witnesses)
    if not policy.logs or misnamed or written != data:
        raise Wrong("policy.txt is not the plain list of keys that a bundle carries")
    return policy


@dataclass(slots=True)
class _PolicyReading:
    """The state of reading a policy from top to bottom."""

    logs: list[Key] = field(default_factory=list)
    witnesses: list[tuple[str, Key]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorums: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)

    def read(self, items: list[str], where: str) -> None:
        kind, rest = items[0], items[1:]
        if kind == "log" and 1 <= len(rest) <= 2:
            self.logs.append(self._key(rest[0], LOG_KEY, where))
        elif kind == "witness" and 2 <= len(rest) <= 3:
            self._define(rest[0], where)
            self.witnesses.append((rest[0], self._key(rest[1], WITNESS_KEY, where)))
        elif kind == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], tuple(rest[2:]), where)
        elif kind == "quorum" and len(rest) == 1:
            if rest[0] != _NO_QUORUM and rest[0] not in self.names:
                raise Wrong(f"{where} names a quorum that is not defined above it")
            self.quorums.append(rest[0])
        else:
            raise Wrong(f"{where} is no log, witness, group or quorum line")
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > _MAX_OF_A_KIND:
            raise Unreadable(f"the policy has more than {_MAX_OF_A_KIND} logs, witnesses or groups")

    def policy(self) -> Policy:
        if len(self.quorums) != 1:
            raise Wrong(f"the policy has {len(self.quorums)} quorum lines; it needs exactly one")
        quorum = None if self.quorums[0] == _NO_QUORUM else self.quorums[0]
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), quorum)

    def _group(self, name: str, count: str, members: tuple[str, ...], where: str) -> None:
        for member in members:
            if member not in self.names:
                raise Wrong(f"{where} has a member that is not defined above it")
            if member in self.members:
                raise Wrong(f"{where} has a member that is in a group already")
            self.members.add(member)
        self._define(name, where)
        threshold = {"any": 1, "all": len(members)}.get(count) or (int(count) if _COUNT.fullmatch(count) else 0)
        if not 1 <= threshold <= len(members):
            raise Wrong(f"{where} asks for neither all, any, nor 1 to {len(members)} members")
        self.groups.append(Group(name, threshold, members))

    def _define(self, name: str, where: str) -> None:
        if name == _NO_QUORUM or name in self.names:
            raise Wrong(f"{where} defines a name that is taken")
        self.names.add(name)

    def _key(self, vkey: str, kind: int, where: str) -> Key:
        try:
            key = read_key(vkey)
        except Wrong as error:
            raise Wrong(f"{where}: {error}") from None
        if key.kind != kind:
            raise Wrong(f"{where} needs a key of type {kind}, not {key.kind}")
        if key.public in self.keys:
            raise Wrong(f"{where} has a public key that stands above it already")
        self.keys.add(key.public)
        return key

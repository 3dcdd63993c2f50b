"""Which keys does somebody trust, and how does a bundle write down its own?"""

from collections.abc import Iterable

POLICY_HEAD = """\
# Supplied by the operator together with the proof, for convenience.
# It says nothing about who holds the key: compare it with a copy that you got another way.
"""


def own_policy(log_vkeys: Iterable[str], witnesses: Iterable[tuple[str, str]] = ()) -> bytes:
    """The one exact form of a bundle's policy.txt; witnesses as name and vkey. Repetitions are left out."""
    logs = [f"log {vkey}\n" for vkey in dict.fromkeys(log_vkeys)]
    seen = [f"witness {name} {vkey}\n" for name, vkey in dict.fromkeys(witnesses)]
    return (POLICY_HEAD + "".join(logs + seen) + "quorum none\n").encode()

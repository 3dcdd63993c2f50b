"""A policy is read by the rules of tlog-policy, or refused by its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.errors import PolicyError
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.policy import Policy

from .samples import LOG, OTHER_LOG, WITNESS

LOG_LINE = f"log {LOG.verifier.vkey}\n"


def witness(number: int) -> Verifier:
    signer = Signer(name=f"w{number}.example", key_type=KeyType.COSIGNATURE, seed=bytes([number] * 32))
    return signer.verifier


WITNESSES = [witness(number) for number in range(1, 7)]
WITNESS_LINES = "".join(f"witness w{number} {witness(number).vkey}\n" for number in range(1, 7))


def test_a_policy_with_comments_tabs_and_urls_is_read() -> None:
    text = (
        "# Vertrauen: größer ist besser\n \t# indented\n\n"
        f"\tlog  {LOG.verifier.vkey}\thttps://log.example/#frag \n"
        f"witness W\u212a {WITNESS.verifier.vkey}\nquorum W\u212a\n"
    )
    policy = Policy.parse(text.encode())
    assert [log.url for log in policy.logs] == ["https://log.example/#frag"]
    assert policy.verifiers == (LOG.verifier, WITNESS.verifier)
    assert policy.quorum == policy.witnesses[0].name == "W\u212a"


def test_names_are_octets_and_need_not_be_utf8() -> None:
    head = LOG_LINE.encode()
    line = b"witness \xff %s\n" % WITNESS.verifier.vkey.encode()
    assert Policy.parse(head + line + b"quorum \xff\n").quorum == "\udcff"
    with pytest.raises(PolicyError, match="line 3"):
        Policy.parse(head + line + b"quorum \xfe\n")


def test_groups_stand_with_their_thresholds_and_members() -> None:
    groups = "group X 2 w1 w2 w3\ngroup Y any w4 w5 w6\ngroup both all X Y\nquorum both\n"
    policy = Policy.parse((LOG_LINE + WITNESS_LINES + groups).encode())
    assert [(group.name, group.threshold, group.members) for group in policy.groups] == [
        ("X", 2, ("w1", "w2", "w3")),
        ("Y", 1, ("w4", "w5", "w6")),
        ("both", 2, ("X", "Y")),
    ]
    assert policy.quorum == "both"


def test_quorum_none_asks_for_nothing() -> None:
    policy = Policy.parse((LOG_LINE + "quorum none\n").encode())
    assert policy == Policy.of_logs([LOG.verifier])


W = WITNESS_LINES
BAD = {
    "no quorum": LOG_LINE,
    "two quorums": LOG_LINE + "quorum none\nquorum none\n",
    "quorum above its witness": LOG_LINE + f"quorum a\nwitness a {WITNESSES[0].vkey}\n",
    "unknown word": LOG_LINE + "logs x\nquorum none\n",
    "log without key": "log\nquorum none\n",
    "too many items": f"log {LOG.verifier.vkey} u v\nquorum none\n",
    "broken key": "log a+00000000+AA==\nquorum none\n",
    "witness key as log": f"log {WITNESS.verifier.vkey}\nquorum none\n",
    "log key as witness": f"witness a {LOG.verifier.vkey}\nquorum none\n",
    "same log twice": LOG_LINE * 2 + "quorum none\n",
    "same key, other name": LOG_LINE
    + f"log {Signer(name='b', key_type=KeyType.ED25519, seed=LOG.seed).verifier.vkey}\nquorum none\n",
    "same key as log and witness": LOG_LINE
    + f"witness a {Signer(name='b', key_type=KeyType.COSIGNATURE, seed=LOG.seed).verifier.vkey}\nquorum none\n",
    "same witness twice": W + f"witness again {WITNESSES[0].vkey}\nquorum none\n",
    "same name twice": W + f"witness w1 {WITNESS.verifier.vkey}\nquorum none\n",
    "name none": f"witness none {WITNESS.verifier.vkey}\nquorum none\n",
    "group named none": W + "group none all w1\nquorum none\n",
    "group as a witness's name": W + "group w1 all w2\nquorum none\n",
    "group of none": W + "group g all none\nquorum none\n",
    "group of itself": W + "group g all g\nquorum none\n",
    "group without members": W + "group g all\nquorum none\n",
    "member twice": W + "group g all w1 w1\nquorum none\n",
    "member of two groups": W + "group g all w1\ngroup h all w1\nquorum none\n",
    "unknown member": W + "group g all w9\nquorum none\n",
    "zero of them": W + "group g 0 w1 w2\nquorum none\n",
    "more than all": W + "group g 3 w1 w2\nquorum none\n",
    "leading zero": W + "group g 01 w1 w2\nquorum none\n",
    "other digits": W + "group g ٢ w1 w2\nquorum none\n",
    "carriage return": LOG_LINE + "quorum none\r\n",
    "no last line feed": LOG_LINE + "quorum none",
    "too long": "#" * 300_000 + "\n" + LOG_LINE + "quorum none\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_policies_that_break_a_rule_are_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        Policy.parse(text.encode())


def test_32_logs_witnesses_and_groups_fit() -> None:
    signers = [Signer(name=f"n{n}", key_type=KeyType.ED25519, seed=bytes([n] * 32)) for n in range(64)]
    text = "".join(f"log {signer.verifier.vkey}\n" for signer in signers[:32])
    for number, signer in enumerate(signers[32:]):
        cosigner = Signer(name=signer.name, key_type=KeyType.COSIGNATURE, seed=signer.seed)
        text += f"witness w{number} {cosigner.verifier.vkey}\ngroup g{number} all w{number}\n"
    policy = Policy.parse((text + "quorum g31\n").encode())
    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (32, 32, 32)


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_policy_errors(data: bytes) -> None:
    for candidate in (data, LOG_LINE.encode() + data + b"\nquorum none\n"):
        try:
            Policy.parse(candidate)
        except PolicyError:
            continue


def test_both_keys_of_a_rotated_log_can_be_trusted() -> None:
    policy = Policy.parse(f"log {LOG.verifier.vkey}\nlog {OTHER_LOG.verifier.vkey}\nquorum none\n".encode())
    assert policy.verifiers == (LOG.verifier, OTHER_LOG.verifier)

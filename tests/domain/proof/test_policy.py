"""A policy is read by the rules of tlog-policy, and a quorum is met or named as missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import Checkpoint, OpenedCheckpoint
from domain.proof.errors import PolicyError, PolicyUnmetError
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.note import VerifiedSignature
from domain.proof.policy import Policy

from .samples import LOG, OTHER_LOG, WITNESS

LOG_LINE = f"log {LOG.verifier.vkey}\n"


def witness(number: int) -> Verifier:
    signer = Signer(name=f"w{number}.example", key_type=KeyType.COSIGNATURE, seed=bytes([number] * 32))
    return signer.verifier


WITNESSES = [witness(number) for number in range(1, 7)]
WITNESS_LINES = "".join(f"witness w{number} {witness(number).vkey}\n" for number in range(1, 7))


def opened(*verifiers: Verifier) -> OpenedCheckpoint:
    return OpenedCheckpoint(
        checkpoint=Checkpoint(origin=LOG.name, size=1, root=bytes(32)),
        log=LOG.verifier,
        cosignatures=tuple(VerifiedSignature(verifier=verifier, time=1) for verifier in verifiers),
    )


def met(policy: Policy, *verifiers: Verifier) -> bool:
    try:
        policy.require_quorum(opened(*verifiers))
    except PolicyUnmetError:
        return False
    return True


def test_a_policy_with_comments_tabs_and_urls_is_read() -> None:
    text = (
        "# Vertrauen: größer ist besser\n \t# indented\n\n"
        f"\tlog  {LOG.verifier.vkey}\thttps://log.example/#frag \n"
        f"witness W\u212a {WITNESS.verifier.vkey}\nquorum W\u212a\n"
    )
    policy = Policy.parse(text.encode())
    assert [log.url for log in policy.logs] == ["https://log.example/#frag"]
    assert policy.verifiers == (LOG.verifier, WITNESS.verifier)
    assert met(policy, WITNESS.verifier)
    assert not met(policy)


def test_names_are_octets_and_need_not_be_utf8() -> None:
    head = LOG_LINE.encode()
    line = b"witness \xff %s\n" % WITNESS.verifier.vkey.encode()
    assert met(Policy.parse(head + line + b"quorum \xff\n"), WITNESS.verifier)
    with pytest.raises(PolicyError, match="line 3"):
        Policy.parse(head + line + b"quorum \xfe\n")


@given(signed=st.sets(st.integers(0, 5)))
def test_the_example_of_two_levels_needs_two_of_three_and_one_of_three(signed: set[int]) -> None:
    policy = Policy.parse(
        (
            LOG_LINE + WITNESS_LINES + "group X 2 w1 w2 w3\ngroup Y any w4 w5 w6\ngroup both all X Y\nquorum both\n"
        ).encode()
    )
    wanted = len(signed & {0, 1, 2}) >= 2 and bool(signed & {3, 4, 5})
    assert met(policy, *(WITNESSES[number] for number in signed)) == wanted


def test_quorum_none_asks_for_nothing() -> None:
    policy = Policy.parse((LOG_LINE + "quorum none\n").encode())
    assert policy == Policy.of_logs([LOG.verifier])
    assert met(policy)


def test_a_witness_that_is_not_in_the_policy_does_not_count() -> None:
    policy = Policy.parse((LOG_LINE + f"witness a {WITNESSES[0].vkey}\nquorum a\n").encode())
    assert not met(policy, WITNESSES[1], WITNESSES[2])
    with pytest.raises(PolicyUnmetError, match="0 of 1"):
        policy.require_quorum(opened())


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

"""Can somebody run a witness with one command, and does it keep its word through kill -9?"""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.proof.checkpoint import open_cosigned
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.merkle import root_of
from domain.proof.policy import Policy
from tests.domain.proof.samples import LOG, WITNESS, make_leaves
from tests.webhooks.test_witness import NAME, TREE, asked

# As the command, but dies between storing and answering for the first time that it is asked to.
DIES_BEFORE_THE_ANSWER = """
import os, signal, sys
from storage.witness_state import WitnessState
store = WitnessState.advance
def advance(self, origin, step):
    store(self, origin, step)
    os.kill(os.getpid(), signal.SIGKILL)
WitnessState.advance = advance
sys.argv[0] = "assent"
from app.cli import main
main()
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str
    policy_line: str

    def add(self, body: bytes) -> tuple[int, bytes]:
        """Status and body; 0 when no answer came."""
        try:
            with urllib.request.urlopen(f"{self.url}/add-checkpoint", data=body, timeout=10) as answer:  # noqa: S310 - of this test
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def newest(self) -> bytes:
        with urllib.request.urlopen(f"{self.url}/{NAME}/checkpoint", timeout=10) as answer:  # noqa: S310 - of this test
            return answer.read()


def arguments(folder: Path, *more: str) -> list[str]:
    return [
        *("witness", "--key", str(folder / "key"), "--state", str(folder / "state")),
        *("--log", LOG.verifier.vkey, "--listen", "127.0.0.1:0", *more),
    ]


@contextlib.contextmanager
def running(folder: Path, *more: str, script: str | None = None) -> Iterator[Running]:
    program = ["-c", script] if script else ["-m", "app"]
    # Nothing of an environment that the product would refuse to start with: a witness reads none.
    environ = {"PATH": os.environ["PATH"], "ASSENT_NONSENSE": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, *program, *arguments(folder, *more)], stdout=subprocess.PIPE, text=True, env=environ
    )
    try:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        yield Running(process, re.search(r"http://\S+", first).group(), second.strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def refused(folder: Path, *more: str) -> tuple[int, str]:
    answer = subprocess.run(
        [sys.executable, "-m", "app", *arguments(folder, *more)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return answer.returncode, answer.stderr


def test_the_first_start_makes_a_key_that_only_its_owner_reads_and_says_how_to_name_the_witness(tmp_path):
    with running(tmp_path, "--name", "witness.example/one") as witness:
        policy = Policy.parse(f"{witness.policy_line}\nquorum none\n".encode())
        assert policy.witnesses[0].name == "witness.example/one"
        assert policy.witnesses[0].url == witness.url
        assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
        assert witness.add(asked(0, 5))[0] == 200
        opened = open_cosigned(witness.newest(), [LOG.verifier, policy.witnesses[0].verifier])
        assert abs(opened.cosignatures[0].time - time.time()) < 30
    with running(tmp_path) as witness:
        assert Policy.parse(f"{witness.policy_line}\nquorum none\n".encode()).witnesses[0].verifier == (
            policy.witnesses[0].verifier
        )


def test_a_signal_ends_it_in_order(tmp_path):
    with running(tmp_path) as witness:
        witness.process.send_signal(signal.SIGTERM)
        assert witness.process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("more", "status", "says"),
    [
        (("--log", "nonsense"), 2, "vkey"),
        (("--log", WITNESS.verifier.vkey), 2, "witness"),
        (("--listen", "here"), 2, "HOST:PORT"),
        (("--name", "two words"), 2, "name"),
    ],
)
def test_wrong_use_is_named(tmp_path, more, status, says):
    code, text = refused(tmp_path, *more)
    assert (code, says in text) == (status, True)
    assert not (tmp_path / "key").exists()


def test_a_key_that_others_can_read_or_that_is_of_a_log_is_refused(tmp_path):
    (tmp_path / "key").write_text(WITNESS.skey)
    (tmp_path / "key").chmod(0o644)
    assert refused(tmp_path)[0] == 78
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "key").write_text(Signer(name="l", key_type=KeyType.ED25519, seed=bytes(32)).skey)
    assert "of its own" in refused(tmp_path)[1]


def test_a_key_whose_memory_is_gone_is_refused(tmp_path):
    with running(tmp_path) as witness:
        assert witness.add(asked(0, 5))[0] == 200
    (tmp_path / "state").rename(tmp_path / "lost")
    code, text = refused(tmp_path)
    assert (code, "forgot" in text) == (78, True)
    (tmp_path / "state").rmdir()
    (tmp_path / "lost").rename(tmp_path / "state")
    with running(tmp_path) as witness:
        assert witness.add(asked(0, 5))[0] == 409


def test_killed_between_store_and_answer_it_cosigns_no_fork_after_the_restart(tmp_path):
    fork = TREE[:3] + make_leaves(20, seed=1)
    with running(tmp_path) as witness:
        assert witness.add(asked(0, 5))[0] == 200
    with running(tmp_path, script=DIES_BEFORE_THE_ANSWER) as witness:
        assert witness.add(asked(5, 8)) == (0, b"")
        assert witness.process.wait(timeout=10) == -signal.SIGKILL
    with running(tmp_path) as witness:
        assert witness.add(asked(5, 8, leaves=TREE[:5] + make_leaves(20, seed=2))) == (409, b"8\n")
        assert witness.add(asked(8, 8, leaves=fork))[0] == 422
        # The log itself gets the answer it missed.
        assert witness.add(asked(5, 8)) == (409, b"8\n")
        assert witness.add(asked(8, 8))[0] == 200


def test_killed_at_any_moment_it_never_contradicts_what_it_answered(tmp_path):
    rules = random.Random(7)
    forks = [TREE, TREE[:10] + make_leaves(50, seed=1)]
    size, history = 0, None
    vkey = ""
    for round_number in range(4):
        with running(tmp_path) as witness:
            vkey = witness.policy_line.split()[2]
            killer = time.monotonic() + rules.uniform(0.0, 0.15)
            while witness.process.poll() is None:
                if time.monotonic() > killer:
                    witness.process.kill()
                tree = forks[rules.randrange(2)]
                wanted = min(60, size + rules.randrange(1, 4))
                status, answer = witness.add(asked(size, wanted, tree))
                if status == 409:
                    size = int(answer)
                elif status == 200:
                    assert history is None or wanted < 11 or size < 11 or tree[:size] == history[:size]
                    size, history = wanted, tree
        with running(tmp_path) as witness:
            if history is None:
                continue
            opened = open_cosigned(witness.newest(), [LOG.verifier, Verifier.from_vkey(vkey)])
            assert opened.checkpoint.size >= size
            assert opened.checkpoint.root in {root_of(tree[: opened.checkpoint.size]) for tree in forks}
            if opened.checkpoint.size > 10 and size > 10:
                assert opened.checkpoint.root == root_of(history[: opened.checkpoint.size]), round_number

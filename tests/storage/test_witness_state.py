"""Does a witness remember, whatever stops it, and notice when it has forgotten?"""

import hashlib
import os
import subprocess
import sys
import threading

import pytest

from storage.witness_state import WitnessState, WitnessStateLost

ORIGIN = "log.example/2026"
NAME = hashlib.sha256(ORIGIN.encode()).hexdigest()


@pytest.fixture
def state(tmp_path) -> WitnessState:
    made = WitnessState(tmp_path / "state")
    made.bind("w+1+k", fresh=True)
    return made


def put(state: WitnessState, value: bytes) -> None:
    state.advance(ORIGIN, lambda _: value)


def test_what_was_stored_is_read_and_given_to_the_next_step(state):
    assert state.read(ORIGIN) is None
    put(state, b"one")
    assert state.read(ORIGIN) == state.by_name(NAME) == b"one"
    seen = []
    state.advance(ORIGIN, lambda stored: seen.append(stored))
    assert seen == [b"one"]
    assert state.read(ORIGIN) == b"one"


def test_a_step_that_fails_leaves_everything_as_it_was(state):
    put(state, b"one")

    def fail(_: bytes | None) -> bytes:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        state.advance(ORIGIN, fail)
    assert state.read(ORIGIN) == b"one"
    put(state, b"two")


def test_logs_do_not_share_a_memory(state):
    put(state, b"one")
    assert state.read("log.example/2027") is None


def test_steps_of_many_threads_come_one_after_the_other(state):
    def count() -> None:
        for _ in range(25):
            state.advance(ORIGIN, lambda stored: b"%d" % (int(stored or b"0") + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.read(ORIGIN) == b"200"


def test_an_old_key_without_its_memory_is_refused(state, tmp_path):
    state.bind("w+1+k", fresh=False)
    for folder in (tmp_path / "empty", tmp_path / "other"):
        other = WitnessState(folder)
        if folder.name == "other":
            other.bind("x+1+k", fresh=True)
        with pytest.raises(WitnessStateLost, match="forgot"):
            other.bind("w+1+k", fresh=False)


def test_a_fresh_key_takes_no_folder_in_which_another_cosigned(state):
    state.bind("x+1+k", fresh=True)  # nothing was cosigned under the first key
    put(state, b"one")
    with pytest.raises(WitnessStateLost, match="another key"):
        state.bind("y+1+k", fresh=True)


# Dies at the n-th file operation below the folder; what had been told as stored before must be there afterwards.
CHILD = """
import os, signal, sys
from pathlib import Path
from storage.witness_state import WitnessState
folder, fatal = sys.argv[1], int(sys.argv[2])
seen = 0
def hook(event, args):
    global seen
    if event in ("open", "os.rename", "os.replace", "os.remove") and args and folder in str(args[0]):
        seen += 1
        if seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
state = WitnessState(Path(folder))
sys.addaudithook(hook)
for number in range(1, 4):
    state.advance("log.example/2026", lambda stored: b"%d" % number)
    print(number, flush=True)
"""


def test_what_was_told_as_stored_is_there_after_a_kill_at_every_step(tmp_path):
    for fatal in range(1, 100):
        folder = tmp_path / str(fatal)
        WitnessState(folder).bind("w+1+k", fresh=True)
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(folder), str(fatal)],
            capture_output=True,
            check=False,
            text=True,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )
        told = [int(line) for line in child.stdout.split()]
        kept = int(WitnessState(folder).read(ORIGIN) or b"0")
        assert kept in (len(told), len(told) + 1)
        assert told == list(range(1, len(told) + 1))
        # And the next start goes on as if nothing had been.
        put(WitnessState(folder), b"4")
        assert WitnessState(folder).read(ORIGIN) == b"4"
        if child.returncode == 0:
            break
    assert child.returncode == 0
    assert fatal > 9

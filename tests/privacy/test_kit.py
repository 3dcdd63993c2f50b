"""Is the verify.py that lies in a bundle the same check, alone in an empty folder of somebody else?"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import domain.proof.offline
from privacy import kit
from privacy.kit import verify_py
from tests.domain.proof.offline.maker import LOG_KEY, PSID, WITNESS, small_bundle, with_sums, zipped
from tests.domain.proof.offline.story import Story, tell
from tests.elsewhere import PYTHON, open_folder, put, stranger
from tests.programs import require


@dataclass
class Alone:
    """An account that has verify.py and some bundles, and nothing of ours."""

    folder: Path
    story: Story

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        python, account = stranger()
        return subprocess.run(
            [python, "-I", "verify.py", *arguments], cwd=self.folder, env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"},
            capture_output=True, text=True, check=False, **account,
        )  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    story = tell(tmp_path_factory.mktemp("tsa"))
    members = story.bundle.members()
    files = {
        "verify.py": verify_py(),
        "good.zip": story.bundle.made(),
        "plain.zip": small_bundle().made(),
        "lie.zip": zipped(with_sums(members | {"notice.txt": b"another notice"})),
        "root.pem": story.root_pem,
        "kept.txt": story.late_note,
        "policy.txt": f"log {LOG_KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n".encode(),
        "junk.zip": b"junk",
    }
    with open_folder() as folder:
        for name, content in files.items():
            put(folder, name, content)
        yield Alone(folder, story)


KEY = ("--vkey", LOG_KEY.vkey)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["good.zip"], 4),
        (["good.zip", *KEY], 3),
        (["good.zip", *KEY, "--tsa-root", "root.pem"], 0),
        (["good.zip", *KEY, "--checkpoint", "kept.txt"], 0),
        (["good.zip", *KEY, "--psid", PSID], 3),
        (["good.zip", *KEY, "--psid", "1"], 1),
        (["plain.zip", *KEY, "--psid", PSID], 2),
        (["good.zip", "--policy", "policy.txt"], 0),
        (["plain.zip", "--policy", "policy.txt"], 1),
        (["good.zip", *KEY, "--vkey", WITNESS.vkey], 0),
        (["lie.zip", *KEY], 1),
        (["junk.zip", *KEY], 2),
        (["missing.zip", *KEY], 2),
        (["good.zip", "plain.zip", *KEY, "--tsa-root", "root.pem"], 3),
        (["good.zip", "junk.zip", *KEY], 2),
        (["good.zip", "junk.zip", "lie.zip", *KEY], 1),
        (["good.zip", "--vkey", "nonsense"], 2),
        (["good.zip", *KEY, "--tsa-root", "kept.txt"], 2),
        (["good.zip", *KEY, "--tsa-root", "missing.pem"], 2),
        (["good.zip", *KEY, "--checkpoint", "junk.zip"], 2),
        (["good.zip", *KEY, "--receipt", "short"], 2),
        (["good.zip", "plain.zip", *KEY, "--receipt", "0" * 32], 2),
        (["good.zip", *KEY, "--unknown"], 2),
        ([], 2),
    ],
)
def test_alone_it_ends_with_the_status_of_what_was_given(alone: Alone, arguments: list[str], status: int) -> None:
    done = alone.run(*arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"\bvalid\b", done.stdout + done.stderr) is None


def test_a_receipt_is_read_as_people_type_it(alone: Alone) -> None:
    code = alone.story.bundle.receipt()
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l")):
        assert alone.run("good.zip", *KEY, "--receipt", typed).returncode == 0
    assert alone.run("plain.zip", *KEY, "--receipt", code).returncode == 1


def test_it_says_what_the_library_says(alone: Alone) -> None:
    from domain.proof.offline.certificates import read_pem
    from domain.proof.offline.notes import read_key
    from domain.proof.offline.policies import Policy
    from domain.proof.offline.steps import Brought
    from domain.proof.offline.verdict import verify

    brought = Brought(
        policy=Policy((read_key(LOG_KEY.vkey),)), roots=read_pem(alone.story.root_pem), program=verify_py()
    )
    for name in ("good.zip", "lie.zip", "junk.zip"):
        verdict = verify((alone.folder / name).read_bytes(), brought)
        given = [name, *KEY, "--tsa-root", "root.pem"]
        assert alone.run(*given).stdout.splitlines() == verdict.lines()
        assert json.loads(alone.run(*given, "--json").stdout) == {"file": name, **verdict.document()}


def test_several_bundles_get_a_line_each(alone: Alone) -> None:
    shown = alone.run("good.zip", "lie.zip", "junk.zip", *KEY).stdout.splitlines()
    assert [line.partition(":")[0] for line in shown] == ["good.zip", "lie.zip", "junk.zip", "3 bundles"]
    assert "step 8, notice" in shown[1]
    assert shown[-1] == "3 bundles: 1 with status 1, 1 with status 2, 1 with status 3"
    documents = json.loads(alone.run("good.zip", "lie.zip", *KEY, "--json").stdout)
    assert [document["status"] for document in documents] == [3, 1]


def test_values_that_the_terminal_cannot_show_come_out_as_escapes(alone: Alone) -> None:
    record = small_bundle(retention="Grüße \x1b[31m 你好").made()
    (alone.folder / "odd.zip").write_bytes(record)
    command = [PYTHON, "-I", "verify.py", "odd.zip", *KEY]
    done = subprocess.run(
        command, cwd=alone.folder, env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, capture_output=True, check=False
    )
    assert done.returncode == 3
    assert b"\x1b" not in done.stdout
    assert rb"retention: Gr" in done.stdout


def test_the_file_is_the_same_each_time_it_is_made() -> None:
    made = "import sys; from privacy.kit import verify_py; sys.stdout.buffer.write(verify_py())"
    folder = Path(domain.proof.offline.__file__).parents[3]
    for seed in ("1", "2"):
        again = subprocess.run(
            [sys.executable, "-c", made], cwd=folder, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        assert again.stdout == verify_py()


def test_it_needs_the_standard_library_only_and_opens_no_connection() -> None:
    imported = set()
    for node in ast.walk(ast.parse(verify_py())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            imported.add(node.module.partition(".")[0])
    assert imported <= sys.stdlib_module_names
    able = {
        "socket",
        "ssl",
        "urllib",
        "http",
        "asyncio",
        "subprocess",
        "ctypes",
        "importlib",
        "random",
        "secrets",
        "time",
        "os",
    }
    assert imported & able == set()
    text = verify_py().decode()
    assert re.search(r"\b(eval|exec|compile|__import__)\(", text.replace("re.compile(", "")) is None


def test_it_holds_every_module_of_the_package() -> None:
    there = {path.stem for path in Path(domain.proof.offline.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(kit._MODULES) == there
    assert all(f"\n# {name}: " in verify_py().decode() for name in there)


def test_an_old_python_is_told_what_is_missing() -> None:
    lines = verify_py().decode().splitlines()
    check = next(number for number, line in enumerate(lines) if line.startswith("if sys.version_info"))
    ran = "\n".join(lines[: check + 2]).replace("sys.version_info", "(3, 8)")
    done = subprocess.run([sys.executable, "-c", ran], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "verify.py needs Python 3.11 or newer\n")
    # Nothing before or behind the check may be a syntax that an old Python stumbles over first.
    ast.parse(verify_py(), feature_version=(3, 8))


def test_two_modules_with_one_name_are_not_joined() -> None:
    defined: dict[str, str] = {}
    source = '"""A module."""\n\nVALUE = 1\n'
    kit._body("one", source, {}, defined)
    with pytest.raises(ValueError, match="VALUE is defined in one and in two"):
        kit._body("two", source, {}, defined)


@pytest.fixture
def unpacked(alone: Alone, tmp_path: Path) -> Callable[[], list[str]]:
    for name, content in alone.story.bundle.members().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)

    def typed() -> list[str]:
        require("bash", "openssl")
        text = (tmp_path / "README.txt").read_text(encoding="utf-8").partition("OpenSSL and coreutils\n")[2]
        commands = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
        done = subprocess.run(
            ["bash", "-c", commands.replace("NN-", "01-").replace("ROOT.pem", str(alone.folder / "root.pem"))],
            cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "VKEY": alone.story.bundle.policy_keys[1]}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return done.stdout.splitlines()

    return typed


def test_the_commands_in_the_readme_run_as_they_stand(
    alone: Alone, unpacked: Callable[[], list[str]], tmp_path: Path
) -> None:
    said = unpacked()
    assert next(line for line in said if line.endswith(": OK")) == "README.txt: OK"
    assert not [line for line in said if "FAILED" in line or "too long" in line or "another log" in line]
    assert alone.story.bundle.receipt().replace("-", "") in said
    assert "included" in said
    assert said.count("Signature Verified Successfully") == 1
    assert "Verification: OK" in said
    (tmp_path / "record.json").write_bytes((tmp_path / "record.json").read_bytes().replace(b"Yes", b"yes"))
    assert "included" not in unpacked()

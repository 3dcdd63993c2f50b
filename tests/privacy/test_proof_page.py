"""Do the commands of docs/proof.md do what the page says, when somebody types them?"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from privacy.kit import verify_html
from tests.domain.proof.offline.maker import LOG_KEY, WITNESS, with_sums
from tests.privacy.handmade import Authority, Members, make_members, pack
from tests.programs import require

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"
FITS = ["digests fit", "nonce of 64 bytes", "included", "log of your key", "leads to the checkpoint above"]
FITS += ["notice.txt: OK", "continues the anchored state", "Verification: OK"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def members(authority: Authority) -> Members:
    return make_members(authority)


def blocks(language: str) -> list[str]:
    by_hand = PAGE.read_text(encoding="utf-8").partition("\n### By hand\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", by_hand, re.MULTILINE | re.DOTALL)


def typed(folder: Path, members: Members, authority: Authority) -> list[str]:
    """What the commands print, in a folder with the unpacked bundle."""
    require("bash", "openssl", "unzip")
    unpack(folder, members)
    digests, leaf, path, signature, notice, continued, stamp, cosignature = blocks("bash")
    script = [digests, leaf, path, signature, notice, "A=anchors/02-rfc3161\n", continued, stamp]
    script += ["A=anchors/03-witness\n", cosignature]
    done = subprocess.run(
        ["bash", "-c", "".join(script)],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "VKEY": LOG_KEY.vkey,
            "WITNESS": WITNESS.vkey,
            "ROOT": str(authority.root_file),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.splitlines()


def unpack(folder: Path, members: Members) -> None:
    for name, content in with_sums(members).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_the_typed_commands_accept_a_good_bundle(tmp_path: Path, members: Members, authority: Authority) -> None:
    said = typed(tmp_path, members, authority)
    assert [line for line in FITS if line not in said] == []
    assert said.count("Signature Verified Successfully") == 2
    assert any(re.fullmatch("[0-9A-HJKMNP-TV-Z]{32}", line) for line in said)


@pytest.mark.parametrize(
    ("name", "old", "new", "missing"),
    [
        ("record.json", b"Yes, please", b"Yes, pleasE", {"included"}),
        ("record.tlog-proof", b"index 7", b"index 6", {"included"}),
        ("notice.txt", b"version 3", b"version 4", {"notice.txt: OK"}),
        ("anchors/02-rfc3161.tsr", b"Test authority", b"Best authority", {"Verification: OK"}),
    ],
)
def test_the_typed_commands_refuse_what_was_changed(
    name: str, old: bytes, new: bytes, missing: set[str], tmp_path: Path, members: Members, authority: Authority
) -> None:
    assert old in members[name]
    said = typed(tmp_path, {**members, name: members[name].replace(old, new)}, authority)
    assert {line for line in FITS if line not in said} == missing


def test_the_lines_for_another_implementation_run_and_refuse(tmp_path: Path, members: Members) -> None:
    unpack(tmp_path, members)
    [program] = blocks("python")
    command = [sys.executable, "-I", "-c", program, LOG_KEY.vkey]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "included, under the key you gave\n")
    (tmp_path / "record.json").write_bytes(members["record.json"].replace(b"Yes", b"yes"))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "VerifyError" in done.stderr) == (1, True)


def test_the_verifier_comes_out_of_the_source_with_nothing_installed_and_checks_a_bundle(
    tmp_path: Path, members: Members
) -> None:
    text = PAGE.read_text(encoding="utf-8").partition("\n#### The digest of verify.py\n")[2]
    [program] = re.findall(r'^python3 -c "(.*)" > verify.py$', text.partition("\n### ")[0], re.MULTILINE)
    # -S: without the packages of this environment.
    made = subprocess.run([sys.executable, "-S", "-c", program], cwd=PAGE.parents[1], check=True, capture_output=True)
    (tmp_path / "verify.py").write_bytes(made.stdout)
    (tmp_path / "bundle.zip").write_bytes(pack(members))
    page = program.replace("verify_py", "verify_html")
    made = subprocess.run([sys.executable, "-S", "-c", page], cwd=PAGE.parents[1], check=True, capture_output=True)
    assert made.stdout == verify_html()
    command = [sys.executable, "-I", "-S", "verify.py", "--vkey", LOG_KEY.vkey, "bundle.zip"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 3

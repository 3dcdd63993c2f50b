"""Can an auditor who trusts nobody check what a compliance officer hands over, in four ways, and is told what it shows?

A product with a time-stamping authority, a witness and a folder; the officer's own command; then an account that has
the bundle, public keys, and nothing of ours.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.demo import free_port
from app.witness import policy_line, prepare, witnessing
from privacy.kit import verify_py
from tests.elsewhere import open_folder, put, stranger
from tests.journeys.test_commands import run
from tests.journeys.world import World, world
from tests.privacy.foreign import ProofFile, check_bundle, cosigned_at, leaf_of, members_of, whole_log
from tests.programs import require
from tests.tsa import Authority, responder

SCRIPT = Path(__file__).parents[2] / "docs" / "check-by-hand.sh"


@dataclass(frozen=True)
class Office:
    """The product, and what lies outside of it: a witness's key, an authority's root, a folder of checkpoints."""

    story: World
    settings: dict[str, str]
    vkey: str
    witness_line: str
    root_pem: bytes
    folder: Path

    @property
    def witness_vkey(self) -> str:
        return self.witness_line.split()[2]

    async def receipt_of_an_opt_in(self) -> tuple[str, str]:
        """A person who said yes after the log was stamped, and the receipt code they were sent."""
        await self.anchored("rfc3161")
        psid = await self.story.opted_in()
        return psid, (await self.story.until_heard(psid, "Receipt ")).rpartition("Receipt ")[2]

    async def anchored(self, *methods: str) -> None:
        """Waits until each of these holds everything that stands in the log now, and the log says so."""

        async def ordered() -> Any:
            pending = await self.story.unlogged()
            return None if pending else await self.story.value("select max(size) from log")

        async def held() -> bool:
            return await self.story.value(HOLDING, size, list(methods)) == len(methods)

        size = await self.story.until(ordered, "the log")
        await self.story.until(held, f"anchors by {methods}", patience=60)

    async def export(self, name: str, to: Path) -> Path:
        status, out, err = await run(
            self.story,
            "proofs",
            "export",
            name,
            "--to",
            str(to),
            "--json",
            FB_GRAPH_URL=self.story.platform_url,
            **self.settings,
        )
        assert status == 0, err
        [file] = json.loads(out)
        return Path(file)


HOLDING = """
select count(distinct method) from anchor join log_entry on entry_id = anchor.record_id
where anchor.size >= $1 and method = any($2)
"""


@pytest.fixture
async def office(database_dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(database_dsn, tmp_path) as office:
        yield office


@asynccontextmanager
async def opened(dsn: str, home: Path) -> AsyncIterator[Office]:
    """The product knows the witness before the witness knows the log: so it is in life."""
    folder = home / "checkpoints"
    folder.mkdir()
    authority = Authority.make(home / "authority")
    key, memory, port = home / "witness.key", home / "witness", free_port(0)
    other_log = "log.example/optin+36f1d301+AT8D+vTUws/7W1gOqSGbdDXrrmt3jPAqTrHAstWiE4z5"
    witness = await asyncio.to_thread(prepare, key, "witness.example/w", [other_log], memory)
    line = policy_line(witness, f"http://127.0.0.1:{port}")
    (home / "witnesses").write_text(f"{line}\nquorum none\n", encoding="utf-8")
    async with responder(authority) as stand:
        settings = {
            "ASSENT_TSA_URLS": stand.url,
            "ASSENT_TSA_ROOTS": str(authority.folder / "root.pem"),
            "ASSENT_TSA_EVERY": "10s",
            "ASSENT_WITNESS_POLICY": str(home / "witnesses"),
            "ASSENT_WITNESS_EVERY": "10s",
            "ASSENT_CHECKPOINT_FOLDER": str(folder),
            "ASSENT_CHECKPOINT_FOLDER_EVERY": "10s",
        }
        async with world(dsn, home, **settings) as story:
            vkey = await story.until(lambda: story.value("select vkey from log_key"), "the log's key")
            witness = await asyncio.to_thread(prepare, key, "", [vkey], memory)
            async with witnessing(witness, "127.0.0.1", port):
                yield Office(story, settings, vkey, line, authority.root_pem, folder)


@dataclass(frozen=True)
class Auditor:
    """An account in a folder of its own."""

    folder: Path

    async def verify(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """What the joined verify.py finds."""
        python, account = stranger()
        command = [python, "-I", "verify.py", "--json", *arguments]
        done = await self._run(command, account)
        return done.returncode, json.loads(done.stdout)

    async def by_hand(self, *arguments: str) -> tuple[int, str]:
        """What docs/check-by-hand.sh finds."""
        require("bash", "openssl", "unzip")
        _, account = stranger()
        done = await self._run(["bash", "check-by-hand.sh", *arguments], account)
        return done.returncode, done.stdout + done.stderr

    async def _run(self, command: list[str], account: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
        return await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            **account,
        )


@pytest.fixture
def auditor() -> Iterator[Auditor]:
    with open_folder() as folder:
        put(folder, "verify.py", verify_py())
        put(folder, "check-by-hand.sh", SCRIPT.read_bytes())
        yield Auditor(folder)


@pytest.mark.timeout(240)
async def test_what_the_officer_exports_is_verified_in_four_ways_by_somebody_who_has_nothing_of_ours(
    office: Office, auditor: Auditor, tmp_path: Path
):
    psid, receipt = await office.receipt_of_an_opt_in()
    await office.anchored("rfc3161", "witness", "folder")
    bundle = (await office.export(receipt, tmp_path / "out")).read_bytes()
    put(auditor.folder, "bundle.zip", bundle)
    put(auditor.folder, "root.pem", office.root_pem)
    put(auditor.folder, "witnesses", f"log {office.vkey}\n{office.witness_line}\nquorum none\n".encode())
    members = members_of(bundle)
    assert members["verify.py"] == verify_py()

    # 1. With verify.py, by what is trusted.
    key = ("bundle.zip", "--vkey", office.vkey)
    for given, status in [
        (("bundle.zip",), 4),
        (key, 3),
        ((*key, "--receipt", receipt), 0),
        ((*key, "--tsa-root", "root.pem"), 0),
        (("bundle.zip", "--policy", "witnesses"), 0),
    ]:
        found, verdict = await auditor.verify(*given)
        assert (found, given) == (status, given), json.dumps(verdict["anchors"])
    _, verdict = await auditor.verify(*key, "--tsa-root", "root.pem")
    assert verdict["summary"]["grade"].startswith("C. ")
    assert verdict["summary"]["receipt"] == receipt
    early, late = verdict["confirmed"]["confirmed not before"], verdict["confirmed"]["confirmed not after"]
    assert early[:19] <= verdict["fields"]["received_at"][:19] <= late[:19]

    # 2. By hand.
    assert (await auditor.by_hand(*key))[0] == 3
    for given in (("--receipt", receipt), ("--tsa-root", "root.pem"), ("--witness", office.witness_vkey)):
        assert ((await auditor.by_hand(*key, *given))[0], given) == (0, given)

    # 3. With programs of other people.
    counts = check_bundle(bundle, [office.vkey])
    assert counts["consistent"] >= 3
    [cosigned] = [name for name in members if name.endswith("-witness.checkpoint")][-1:]
    assert cosigned_at(members[cosigned], office.witness_vkey)

    # 4. In the whole log, given out as files.
    status, _, err = await run(office.story, "proofs", "tiles", "--to", str(tmp_path / "tiles"))
    assert status == 0, err
    [exported] = (tmp_path / "tiles").iterdir()
    main = ProofFile.read(members["record.tlog-proof"])
    assert whole_log(exported, office.vkey)[main.index] == leaf_of(members["record.json"], main.nonce)

    # Nobody is named who did not ask for it, and the wrong word fails in all three.
    assert psid.encode() not in bundle
    assert (await auditor.verify(*key, "--receipt", "0" * 32))[0] == 1
    assert (await auditor.by_hand(*key, "--receipt", "0" * 32))[0] == 1


@pytest.mark.timeout(240)
async def test_after_an_erasure_the_certificate_accounts_for_what_an_older_bundle_still_shows(
    office: Office, auditor: Auditor, tmp_path: Path
):
    story, (psid, receipt) = office.story, await office.receipt_of_an_opt_in()
    await office.anchored("rfc3161")
    put(auditor.folder, "older.zip", (await office.export(receipt, tmp_path / "out")).read_bytes())
    await story.say(psid, text="delete my data")
    await story.until_heard(psid, "Delete everything")
    await story.say(psid, quick_reply="Erase everything")
    [code] = re.findall(r"Receipt (\S{39})\n", await story.until_heard(psid, "has been deleted"))

    status, _, refused = await run(story, "proofs", "export", receipt, "--to", str(tmp_path / "out"))
    assert (status, "was erased" in refused, code in refused) == (1, True, True)
    await office.anchored("rfc3161")
    certificate = await office.export(code, tmp_path / "out")
    assert certificate.name == f"erasure-certificate-{code.replace('-', '')}.zip"
    put(auditor.folder, "certificate.zip", certificate.read_bytes())
    assert psid.encode() not in certificate.read_bytes()

    given = ("--vkey", office.vkey, "--receipt")
    status, older = await auditor.verify("older.zip", *given, receipt)
    assert (status, (await auditor.by_hand("older.zip", *given, receipt))[0]) == (0, 0)
    status, ending = await auditor.verify("certificate.zip", *given, code)
    assert (status, (await auditor.by_hand("certificate.zip", *given, code))[0]) == (0, 0)
    assert check_bundle(certificate.read_bytes(), [office.vkey])["included"] >= 1

    # The place of the older bundle's record is among those that nobody can open any more.
    index, origin = re.fullmatch(r"entry (\d+) of (\S+), in .*", older["summary"]["place"]).groups()
    fields = ending["fields"]
    assert fields["destroyed.0.origin"] == origin
    ranges = [part.partition("-")[::2] for part in fields["destroyed.0.indexes"].split(",")]
    assert any(int(low) <= int(index) <= int(high or low) for low, high in ranges)
    assert not {"pii_principal_id", "name_commitment"} & set(fields)
    assert fields["unreadable_by"] > fields["received_at"]

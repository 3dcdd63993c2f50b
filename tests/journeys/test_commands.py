"""Do the commands do what an operator, a marketer and a compliance officer ask, and say clearly when they cannot?"""

import asyncio
import json
import os
import sys
from pathlib import Path

from domain.proof.record_sections import RecordKind
from tests.journeys.world import World

ROOT = Path(__file__).parent.parent.parent


async def run(story: World, *arguments: str, **extra: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command, over the story's database and keys."""
    settings = story.runtime.settings
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(settings.home.parent),
        "ASSENT_HOME": str(settings.home),
        "DATABASE_URL": story.runtime.store.database.dsn,
        "PUBLIC_URL": story.runtime.public_url,
        **extra,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        *arguments,
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    return child.returncode or 0, out.decode(), err.decode()


async def test_a_campaign_is_made_started_and_reported_by_commands(story: World):
    psid = await story.opted_in("Mira")
    await story.start("Noah")
    status, out, _ = await run(
        story, "campaigns", "create", "--name", "Spring", "--text", "Hi {{first_name|there}}, coffee!", "--json"
    )
    assert status == 0
    status, _, err = await run(story, "campaigns", "create", "--text", "Hi", "--until", "soon")
    assert (status, "like 2026-12-01 09:00" in err) == (1, True)
    status, _, err = await run(story, "campaigns", "create", "--text", "Hi", "--until", "2020-12-01 18:00")
    assert (status, "lies in the past" in err) == (1, True)
    number = str(json.loads(out)["campaign"])
    status, out, _ = await run(story, "campaigns", "show", number)
    assert (status, "Hi there, coffee!" in out, "[Stop messages]" in out) == (0, True, True)
    status, out, _ = await run(story, "campaigns", "show", number, "--json")
    assert json.loads(out)["texts"] == {"en": "Hi {{first_name|there}}, coffee!"}
    lead = await story.lead(psid)
    status, out, err = await run(story, "campaigns", "test", number, "--lead", str(lead.lead_id))
    assert (status, err) == (0, "")
    await story.until_heard(psid, f"Test of campaign {number}, sent to you only:")
    await story.until_heard(psid, "Hi Mira, coffee!")
    status, _, err = await run(story, "campaigns", "start", number, "--at", "2020-12-01 09:00")
    assert (status, "give a later one" in err) == (1, True)
    status, _, err = await run(story, "campaigns", "start", number, "--over", "tomorrow")
    assert (status, "write it like 90m" in err) == (2, True)
    status, out, _ = await run(
        story, "campaigns", "start", number, "--at", "2031-12-01 09:00", "--zone", "person", "--json"
    )
    assert json.loads(out)["start_at"] == "2031-12-01T09:00:00+00:00"
    status, out, _ = await run(story, "campaigns", "status", number)
    assert "scheduled for 2031-12-01 09:00 UTC" in out
    status, out, _ = await run(story, "campaigns", "start", number)
    assert (status, "audience is 2 people" in out) == (0, True)
    message = await story.until_heard(psid, "coffee!")
    assert message.startswith("Hi Mira, coffee!")

    async def finished():
        _, out, _ = await run(story, "campaigns", "report", number, "--json")
        report = json.loads(out)
        return report if report["state"] == "finished" else None

    report = await story.until(finished, "the end of the campaign", patience=40)
    assert report["adds_up"]
    assert {(row["state"], row["people"]) for row in report["counts"]} == {("sent", 1), ("skipped", 1)}


async def test_a_proof_is_exported_verified_and_refused_when_a_byte_differs(story: World, tmp_path: Path):
    await story.opted_in()

    async def logged():
        return not await story.unlogged()

    await story.until(logged, "the log")
    status, out, _ = await run(story, "proofs", "export", "--every", "consent_given", "--to", str(tmp_path), "--json")
    assert status == 0
    [file] = json.loads(out)
    _, out, _ = await run(story, "proofs", "checkpoint", "--json")
    vkey = json.loads(out)[0]["vkey"]
    nothing = {"DATABASE_URL": "", "ASSENT_HOME": ""}
    status, out, _ = await run(story, "proofs", "verify", file, "--vkey", vkey, "--json", **nothing)
    verdict = json.loads(out)
    assert (status, verdict["status"], verdict["summary"]["grade"][:2]) == (3, 3, "C.")
    receipt = verdict["summary"]["receipt"]
    status, out, _ = await run(story, "proofs", "verify", file, "--vkey", vkey, "--receipt", receipt, **nothing)
    assert (status, "Verified and anchored" in out) == (0, True)
    status, out, _ = await run(story, "proofs", "verify", file, **nothing)
    assert (status, "proves nothing about who signed" in out) == (4, True)
    content = bytearray(Path(file).read_bytes())
    content[content.index(b"offers and news")] ^= 1
    forged = tmp_path / "forged.zip"
    forged.write_bytes(content)
    status, out, _ = await run(story, "proofs", "verify", str(forged), **nothing)
    assert (status, "UNREADABLE at step 1, container" in out) == (2, True)
    status, out, _ = await run(story, "proofs", "verify", str(tmp_path / "missing.zip"), **nothing)
    assert (status, "cannot be read" in out) == (2, True)


async def test_who_a_person_is_goes_out_with_a_reason_only(story: World, tmp_path: Path):
    psid = await story.opted_in()
    receipt = (await story.until_heard(psid, "Receipt ")).rpartition("Receipt ")[2]
    plain_name = f"optin-proof-{receipt.replace('-', '')}"

    async def logged():
        return not await story.unlogged()

    await story.until(logged, "the log")
    ask = ("proofs", "export", receipt, "--to", str(tmp_path), "--json", "--identity", "--raw")
    status, _, err = await run(story, *ask)
    assert (status, "need a --reason" in err) == (2, True)
    assert await story.value("select count(*) from audit_entry") == 0
    assert (await run(story, "proofs", "export", receipt, "--to", str(tmp_path)))[0] == 0
    plain = (tmp_path / f"{plain_name}.zip").read_bytes()
    status, out, err = await run(story, *ask, "--reason", "audit of spring")
    assert (status, "holds personal data: who the person is and what the platform sent." in err) == (0, True)
    assert psid not in out + err
    [file] = json.loads(out)
    assert (Path(file).name, Path(file).stat().st_mode & 0o777) == (f"{plain_name}-disclosed.zip", 0o600)
    assert (tmp_path / f"{plain_name}.zip").read_bytes() == plain
    status, out, _ = await run(story, "proofs", "verify", file, "--psid", psid, "--json")
    verdict = json.loads(out)
    assert (status, verdict["summary"]["disclosed"]) == (4, "identity, raw event")
    assert await story.value("select action from audit_entry") == "proof.disclosed"
    Path(file).chmod(0o644)
    status, out, err = await run(story, *ask[:5], "--identity", "--raw", "--reason", "the same again")
    assert (status, "Give it to nobody but whom your reason names" in out, Path(file).stat().st_mode & 0o777) == (
        *(0, True),
        0o600,
    )
    disclosed = Path(file).read_bytes()
    status, out, err = await run(story, *ask[:5], "--identity", "--reason", "less of it")
    assert (status, f"{file} is there already with another content" in err) == (1, True)
    assert "Wrote" not in out
    assert Path(file).read_bytes() == disclosed
    status, _, err = await run(
        story, "proofs", "export", "--every", "consent_given", "--raw", "--reason", "all of them"
    )
    assert (status, "one record at a time" in err) == (2, True)


async def test_an_unknown_kind_of_record_is_refused_and_the_known_ones_are_listed(story: World, tmp_path: Path):
    status, out, err = await run(story, "proofs", "export", "--every", "nonsense", "--to", str(tmp_path))
    assert (status, out) == (2, "")
    assert all(kind.value in err for kind in RecordKind)
    status, out, _ = await run(story, "proofs", "export", "--every", "key_rotated", "--to", str(tmp_path))
    assert (status, out) == (0, "There is no record of this kind.\n")
    assert not list(tmp_path.glob("*.zip"))


async def test_wrong_use_is_two_a_refusal_one_and_wrong_configuration_seventy_eight(story: World):
    assert (await run(story, "campaigns", "start"))[0] == 2
    status, _, err = await run(story, "campaigns", "start", "4711")
    assert (status, "Traceback" in err) == (1, False)
    status, _, err = await run(story, "campaigns", "create", "--text", "Hi {{surname|you}}")
    assert (status, "texts.en.text: position 4" in err) == (1, True)
    status, _, err = await run(story, "pages", "list", ASSENT_NO_SUCH_THING="1")
    assert (status, "ASSENT_NO_SUCH_THING" in err) == (78, True)
    status, _, err = await run(story, "pages", "list", ASSENT_KEYRING_FILE=str(ROOT.parent / "nothing" / "here.json"))
    assert (status, "key ring" in err) == (78, True)


async def test_a_page_keeps_to_consent_where_the_law_wants_it(story: World):
    status, _, err = await run(story, "pages", "set", "--marketing-basis", "conversation_start")
    assert (status, "refused for region EU" in err) == (1, True)
    status, _, _ = await run(story, "pages", "set", "--region", "US", "--marketing-basis", "conversation_start")
    assert status == 0


async def test_a_page_is_told_through_which_lanes_it_may_send_and_why_not_through_the_others(story: World):
    status, out, _ = await run(story, "pages", "lanes", "--json")
    lanes = {lane["lane"]: lane for lane in json.loads(out)["lanes"]}
    assert status == 0
    assert [name for name, lane in lanes.items() if lane["campaigns"] == "allowed"] == ["open_window"]
    assert lanes["paid_marketing"]["platform"] == "page_region_excluded"
    assert (lanes["account_update"]["platform"], lanes["account_update"]["until"][:10]) == ("ended", "2026-04-27")
    assert lanes["open_window"]["rules"] == ["open_window", "open_window_conversation_start"]
    assert lanes["human_agent"]["within_hours"] == 168
    status, out, _ = await run(story, "pages", "lanes")
    assert (status, "open_window: the platform says yes, promotional campaigns yes" in out) == (0, True)
    assert out.count("not built: ") == len(lanes) - 1
    assert "Meta, “Send a message”, 2026-05-05" in out

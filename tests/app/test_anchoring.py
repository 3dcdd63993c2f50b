"""Is every authority that the settings name there, and does a wrong file stop the start in words that help?"""

from datetime import timedelta
from pathlib import Path

import pytest

from app.anchoring import Authorities, build_anchors, in_words
from app.environment import SettingsError
from app.settings import Settings
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.overview import Overview
from tests.domain.proof.samples import WITNESS
from tests.tsa import Authority

POLICY = f"witness w {WITNESS.verifier.vkey} https://witness.example/w\nquorum none\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    authority = Authority.make(tmp_path / "tsa")
    (tmp_path / "policy.txt").write_text(POLICY)
    return {
        "HOME": str(tmp_path),
        "ASSENT_TSA_URLS": "https://a.example/tsr,http://b.example",
        "ASSENT_TSA_ROOTS": str(authority.folder / "root.pem"),
        "ASSENT_WITNESS_POLICY": str(tmp_path / "policy.txt"),
        "SMTP_URL": "smtps://mail.example",
        "ASSENT_CHECKPOINT_MAIL_TO": "auditor@elsewhere.example",
        "ASSENT_CHECKPOINT_MAIL_FROM": "log@operator.example",
        "ASSENT_CHECKPOINT_FOLDER": str(tmp_path),
        "ASSENT_CHECKPOINT_FOLDER_EVERY": "3h",
    }


def authorities(environ: dict[str, str], *, local_mode: bool = False) -> Authorities:
    return Authorities.read(Settings.from_env(environ), local_mode=local_mode)


def faults(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        authorities(environ)
    return {fault.variable: fault.wrong for fault in caught.value.faults}


def test_every_authority_that_is_named_is_there_with_its_interval(files):
    settings = Settings.from_env(files)
    found = authorities(files)
    anchors = build_anchors(settings, found, store=None, session=None, clock=lambda: None)
    assert [(anchor.method, anchor.authority, anchor.interval) for anchor in anchors] == [
        (AnchorMethod.RFC3161, "a.example", timedelta(hours=1)),
        (AnchorMethod.RFC3161, "b.example", timedelta(hours=1)),
        (AnchorMethod.WITNESS, WITNESS.name, timedelta(minutes=15)),
        (AnchorMethod.MAIL, "mail", timedelta(days=1)),
        (AnchorMethod.FOLDER, "folder", timedelta(hours=3)),
    ]


def test_without_settings_there_is_none(tmp_path):
    environ = {"HOME": str(tmp_path)}
    assert authorities(environ) == Authorities()
    assert (
        build_anchors(Settings.from_env(environ), authorities(environ), store=None, session=None, clock=lambda: None)
        == ()
    )


def test_files_that_cannot_be_used_are_all_named(files, tmp_path):
    (tmp_path / "root.pem").write_text("no certificate")
    (tmp_path / "none.txt").write_text(f"witness w {WITNESS.verifier.vkey}\nquorum none\n")
    (tmp_path / "broken.txt").write_text("witness w\n")
    assert faults({**files, "ASSENT_TSA_ROOTS": str(tmp_path / "absent")}) == {
        "ASSENT_TSA_ROOTS": "names a file that cannot be read"
    }
    wrong = {"ASSENT_TSA_ROOTS": str(tmp_path / "root.pem"), "ASSENT_WITNESS_POLICY": str(tmp_path / "none.txt")}
    assert faults(files | wrong) == {
        "ASSENT_TSA_ROOTS": "names a file without certificates in PEM form",
        "ASSENT_WITNESS_POLICY": "names no witness with an address",
    }
    assert "line 1" in faults({**files, "ASSENT_WITNESS_POLICY": str(tmp_path / "broken.txt")})["ASSENT_WITNESS_POLICY"]


def test_an_authority_inside_of_the_house_is_refused_except_in_local_mode(files, tmp_path):
    (tmp_path / "policy.txt").write_text(POLICY.replace("https://witness.example", "http://10.0.0.7"))
    inside = {**files, "ASSENT_TSA_URLS": "http://127.0.0.1:9"}
    assert set(faults(inside)) == {"ASSENT_TSA_URLS", "ASSENT_WITNESS_POLICY"}
    assert len(authorities(inside, local_mode=True).stampers) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "holds 1,234 entries of log.example/2026, 2h ago (every 1h)"),
        ({"age": timedelta(seconds=-4)}, "holds 1,234 entries of log.example/2026, 0s ago (every 1h)"),
        (
            {"overdue": True, "failures": 3, "error": "busy"},
            "holds 1,234 entries of log.example/2026, 2h ago, which is overdue (every 1h); "
            "failed 3 times since, last: busy",
        ),
        ({"age": None, "size": 0, "origin": None}, "holds nothing yet (every 1h)"),
        ({"interval": None}, "holds 1,234 entries of log.example/2026, 2h ago (not configured here)"),
    ],
)
def test_how_an_authority_does_is_one_line(changes, words):
    one = {
        "method": AnchorMethod.RFC3161,
        "authority": "tsa.example",
        "interval": timedelta(hours=1),
        "origin": "log.example/2026",
        "size": 1234,
        "kept_at": None,
        "age": timedelta(hours=2, minutes=50),
        "failures": 0,
        "error": None,
        "overdue": False,
    }
    assert in_words(Overview(**{**one, **changes})) == words

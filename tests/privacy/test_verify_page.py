"""Does the page in the bundle, opened from disk, find what the Python steps find?"""

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.privacy.verify_attacks import (
    attacks_by_the_operator,
    attacks_on_anchors,
    attacks_on_files,
    attacks_on_members,
    attacks_on_people,
)
from tests.privacy.verify_cases import Case, Scene, flipped, good_cases, make_scene
from tests.privacy.verify_stand import VerifyPage, opened, python_says


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
async def verify_page(browser_page: Page, tmp_path: Path) -> AsyncIterator[VerifyPage]:
    async with opened(browser_page, tmp_path / "page") as page:
        yield page


APART = "The confirmed times exclude each other"


async def differences(page: VerifyPage, folder: Path, case: Case) -> list[str]:
    """In what the page and the Python steps disagree about one bundle, and both with what it has to be."""
    expected = await python_says(folder, case.bundle, case.pins)
    found = await page.says(case.bundle, case.pins)
    pairs = {
        "expected status": (case.status, expected["status"]),
        "status": (expected["status"], found["status"]),
        "steps": (
            [(step["number"], step["name"], step["held"]) for step in expected["steps"]],
            [(step["number"], step["name"], step["ok"]) for step in found["steps"]],
        ),
        "finding": (
            [_spelled(step["detail"]) for step in expected["steps"] if step["held"] is False],
            [_spelled(step["detail"]) for step in found["steps"] if step["ok"] is False],
        ),
        "times apart": (APART in expected["meaning"], APART in found["meaning"]),
        "summary": (list(expected["summary"].items()), [tuple(line) for line in found["summary"]]),
        "fields": (list(expected["fields"].items()), [tuple(line) for line in found["fields"]]),
        "confirmed": (list(expected["confirmed"].items()), [tuple(line) for line in found["confirmed"]]),
        "kept": (expected.get("kept"), found["kept"]),
        "beside the status": [_beside(one["meaning"]) for one in (expected, found)],
        "anchors": (
            [
                (a["name"], a["authority"], a["time"], str(a["size"]), a["confirmed"], a["time_confirmed"])
                for a in expected["anchors"]
            ],
            [(a["name"], a["authority"], a["time"], a["size"], a["confirmed"], a["timed"]) for a in found["anchors"]],
        ),
    }
    return [f"{case.name}: {name}: {one!r} / {other!r}" for name, (one, other) in pairs.items() if one != other]


def _beside(meaning: str) -> list[str]:
    return re.findall(r"(?:WITHDRAWN|NOT compared).*", meaning)


def _spelled(detail: str) -> str:
    """A finding without the one thing that browsers do not tell: at which byte UTF-8 ends."""
    return re.sub(r" at byte \d+", "", detail)


async def assert_agreement(page: VerifyPage, folder: Path, cases: Iterable[Case]) -> None:
    found = [difference for case in cases for difference in await differences(page, folder, case)]
    assert found == []


async def test_good_bundles_get_the_same_verdict(verify_page: VerifyPage, scene: Scene, tmp_path: Path) -> None:
    await assert_agreement(verify_page, tmp_path, good_cases(scene))


async def test_every_changed_bit_is_found_at_the_same_step(
    verify_page: VerifyPage, scene: Scene, tmp_path: Path
) -> None:
    cases = flipped(scene, lambda length: sorted({0, length // 3, length // 2, length - 2, length - 1}))
    await assert_agreement(verify_page, tmp_path, cases)


async def test_a_file_that_is_no_bundle_is_refused_for_the_same_reason(
    verify_page: VerifyPage, scene: Scene, tmp_path: Path
) -> None:
    await assert_agreement(verify_page, tmp_path, attacks_on_files(scene))


async def test_a_changed_member_is_found_for_the_same_reason(
    verify_page: VerifyPage, scene: Scene, tmp_path: Path
) -> None:
    await assert_agreement(verify_page, tmp_path, attacks_on_members(scene))


async def test_a_record_that_says_too_much_is_refused_for_the_same_reason(
    verify_page: VerifyPage, tmp_path: Path
) -> None:
    await assert_agreement(verify_page, tmp_path, attacks_by_the_operator())


async def test_records_of_others_and_keys_of_strangers_are_refused_for_the_same_reason(
    verify_page: VerifyPage, scene: Scene, tmp_path: Path
) -> None:
    await assert_agreement(verify_page, tmp_path, attacks_on_people(scene))


async def test_anchors_count_for_the_same_reason(verify_page: VerifyPage, scene: Scene, tmp_path: Path) -> None:
    await assert_agreement(verify_page, tmp_path, attacks_on_anchors(tmp_path / "desks", scene))

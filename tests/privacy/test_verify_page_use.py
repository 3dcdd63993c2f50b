"""Can an auditor use the page in the bundle: with a mouse or without, in the dark, enlarged, and offline?"""

import asyncio
import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hatchling.builders.wheel import WheelBuilder
from playwright.async_api import Browser, Page, expect

from domain.proof.offline.report import one_line
from privacy.verify_page import verify_html
from tests.domain.proof.offline.maker import small_bundle
from tests.house.tree import ROOT
from tests.privacy.test_verify_page_parts import WITHOUT_ED25519
from tests.privacy.verify_attacks import HOSTILE
from tests.privacy.verify_cases import OLD_KEY, Scene, good_cases, make_scene, resealed
from tests.privacy.verify_stand import Pins, VerifyPage, opened

CONTRASTS = """
() => {
  const parsed = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) => 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
  const behind = (node) => {
    const colour = parsed(getComputedStyle(node).backgroundColor);
    return colour.length < 4 || colour[3] === 1 ? colour : behind(node.parentElement);
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility()) continue;
    const [one, other] = [luminance(parsed(getComputedStyle(node).color)), luminance(behind(node))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([ratio, node.textContent.slice(0, 40)]);
  }
  return found;
}
"""
NAMELESS = """
() => [...document.querySelectorAll("input, textarea, button")].filter((field) => {
  const hints = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id);
  const named = field.tagName === "BUTTON" ? field.textContent.trim() : field.labels.length === 1;
  return !named || hints.some((id) => !document.getElementById(id)?.textContent.trim());
}).map((field) => field.outerHTML)
"""
DROP = """
([text, name]) => {
  const file = new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name);
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(file);
  for (const kind of ["dragover", "drop"]) {
    document.querySelector("h1").dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
  }
}
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
async def verify_page(browser_page: Page, tmp_path: Path) -> AsyncIterator[VerifyPage]:
    async with opened(browser_page, tmp_path) as page:
        yield page


async def rows(page: Page, table: str) -> list[tuple[str, str]]:
    """The lines of a table as label and value."""
    found = await page.locator(f"#{table} tr").all()
    return [
        (await row.locator("th").text_content() or "", await row.locator("td").text_content() or "") for row in found
    ]


async def test_a_check_ends_at_the_verdict_and_tells_what_it_compared(verify_page: VerifyPage, scene: Scene) -> None:
    bundle, page = scene.bundle.made(), verify_page.page
    await verify_page.check(bundle, replace(scene.pins, receipt=scene.bundle.receipt()), "optin-proof-X.zip")
    await expect(page.locator("#verdict")).to_be_focused()
    await expect(page.locator("#verdict")).to_have_text("Verified and anchored")
    await expect(page.locator("#meaning")).to_contain_text("Facebook signed none of this.")
    await expect(page.locator("#steps li")).to_have_count(15)
    await expect(page.locator("#steps .yes")).to_have_count(15)
    assert ("receipt", scene.bundle.receipt()) in await rows(page, "summary")
    assert ("consent.choice", "Yes, please") in await rows(page, "fields")
    await expect(page.get_by_role("table", name="What the bundle says").get_by_role("rowheader")).to_have_count(12)
    assert await page.locator("#anchors .state").all_text_contents() == ["confirmed"] * 2 + ["not confirmed"] * 3
    about = await page.locator("#about").inner_text()
    assert hashlib.sha256(bundle).hexdigest() in about
    assert "1 log key, 1 root file, the receipt from the thread" in about
    assert await page.title() == "Verified and anchored · optin-proof-X.zip"


async def test_each_verdict_has_its_headline(verify_page: VerifyPage, scene: Scene) -> None:
    page, made, alone = verify_page.page, scene.bundle.made(), Pins(vkeys=(OLD_KEY.vkey,))
    changed = resealed(scene.bundle.members(), "notice.txt", b"another notice")
    for bundle, pins, headline, ok in (
        (made, scene.pins, "Verified and anchored", 15),
        (changed, scene.pins, "Failed at step 8, notice", 7),
        (made[:-1], scene.pins, "Unreadable at step 1, container", 0),
        (made, alone, "Verified, not anchored", 15),
        (made, Pins(), "Agrees only with its own keys: this proves nothing about who signed", 15),
    ):
        await verify_page.check(bundle, pins)
        await expect(page.locator("#verdict")).to_have_text(headline)
        await expect(page.locator("#facts")).to_be_visible(visible=ok == 15)
        states = await page.locator("#steps .state").all_text_contents()
        assert states == ["ok"] * ok + ["failed"] * (ok < 15) + ["not checked"] * (14 - ok)


async def test_all_that_an_auditor_can_bring_arrives(verify_page: VerifyPage, scene: Scene) -> None:
    page = verify_page.page
    kept = scene.log.text(len(scene.log.leaves))
    everything = Pins(
        policy=scene.policy, vkeys=(OLD_KEY.vkey,), roots=(scene.root_pem,), checkpoints=(kept,),
        receipt=scene.bundle.receipt().lower(), psid=" 7310482919283746 ",
    )  # fmt: skip
    await verify_page.check(scene.bundle.made(), everything)
    meaning = await page.locator("#meaning").inner_text()
    for words in ("anchors/02-rfc3161 covers it", "the witness key you gave", "checkpoint that you kept", "receipt"):
        assert words in meaning
    await verify_page.check(scene.bundle.made(), replace(everything, psid="1"))
    await expect(page.locator("#meaning")).to_have_text("the id that was given is not the disclosed one.")


async def test_a_bundle_can_be_dropped_anywhere_on_the_page(verify_page: VerifyPage, scene: Scene) -> None:
    page = verify_page.page
    await page.evaluate(DROP, [base64.b64encode(scene.bundle.made()).decode(), "dropped.zip"])
    await expect(page.locator("#chosen")).to_contain_text("dropped.zip")
    await expect(page.locator("#check")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#verdict")).to_be_focused()
    await expect(page.locator("#about")).to_contain_text("dropped.zip")


async def test_what_a_record_says_is_shown_as_text(verify_page: VerifyPage) -> None:
    page = verify_page.page
    for text in HOSTILE:
        bundle = small_bundle(controller={"name": text, "contact": "c"}).made()
        await verify_page.check(bundle, Pins(vkeys=(OLD_KEY.vkey,)), "<img src=x>.zip")
        assert ("controller.name", one_line(text)) in await rows(page, "fields")
        assert await page.locator("#result").locator("img, script, b, a, iframe").count() == 0
        assert await page.title() == "Verified, not anchored · <img src=x>.zip"


async def test_what_cannot_be_read_is_named_where_it_was_given(verify_page: VerifyPage, scene: Scene) -> None:
    page, made = verify_page.page, scene.bundle.made()
    for field, pins, message in (
        ("vkeys", Pins(vkeys=("no key",)), "Keys of the log: a vkey has three parts"),
        ("receipt", Pins(receipt="ABCD"), "Receipt from the person’s thread: a receipt has 32 letters and digits"),
        ("policy", Pins(policy=b"trust me\n"), "Trust policy: policy line 1 is no log, witness, group or quorum line"),
        ("roots", Pins(roots=(b"no root",)), "Root certificates of time-stamping authorities: the file holds no"),
        ("checkpoints", Pins(checkpoints=(b"no state",)), "Checkpoints you kept: a checkpoint has three lines"),
    ):
        await verify_page.fill(made, pins)
        await page.click("#check")
        await expect(page.locator("#problem")).to_contain_text(message)
        await expect(page.locator(f"#{field}")).to_be_focused()
        await expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
        await expect(page.locator("#result")).to_be_hidden()
    await verify_page.check(made, Pins())
    await expect(page.locator("#problem")).to_be_empty()
    assert await page.locator("[aria-invalid]").count() == 0


async def test_a_file_of_any_size_costs_no_more_than_a_bundle(verify_page: VerifyPage) -> None:
    page = verify_page.page
    huge = verify_page.folder / "huge.zip"
    with huge.open("wb") as file:
        file.truncate(2**31)
    await page.set_input_files("#bundle", huge)
    await page.click("#check")
    await expect(page.locator("#verdict")).to_have_text("Unreadable at step 1, container")
    await expect(page.locator("#meaning")).to_have_text("the file is larger than 16777216 bytes.")
    await expect(page.locator("#about")).to_contain_text("not made of so large a file")


async def test_a_file_that_is_gone_is_asked_for_again(verify_page: VerifyPage, scene: Scene) -> None:
    page = verify_page.page
    await verify_page.fill(scene.bundle.made(), scene.pins)
    (verify_page.folder / "bundle.zip").unlink()
    await page.click("#check")
    await expect(page.locator("#problem")).to_have_text("A file cannot be read any more: choose all files again.")
    await expect(page.locator("#result")).to_be_hidden()


async def test_without_a_bundle_the_page_asks_for_one(verify_page: VerifyPage) -> None:
    await verify_page.page.click("#check")
    await expect(verify_page.page.locator("#problem")).to_have_text("Choose a bundle first.")
    await expect(verify_page.page.locator("#bundle")).to_be_focused()


async def test_the_page_is_used_by_keyboard_from_top_to_bottom(verify_page: VerifyPage, scene: Scene) -> None:
    page = verify_page.page
    path = verify_page.folder / "b.zip"
    path.write_bytes(scene.bundle.made())
    visited = []
    for _ in range(8):
        await page.keyboard.press("Tab")
        visited.append(await page.evaluate("document.activeElement.id"))
        if visited[-1] == "bundle":
            await page.set_input_files("#bundle", path)
        if visited[-1] == "vkeys":
            await page.keyboard.type(OLD_KEY.vkey)
    assert visited == ["bundle", "vkeys", "receipt", "checkpoints", "roots", "policy", "psid", "check"]
    await page.keyboard.press("Space")
    await expect(page.locator("#verdict")).to_be_focused()
    await expect(page.locator("#verdict")).to_have_text("Verified, not anchored")


async def test_every_text_stands_out_and_every_field_has_a_name(verify_page: VerifyPage, scene: Scene) -> None:
    page, made = verify_page.page, scene.bundle.made()
    changed = resealed(scene.bundle.members(), "notice.txt", b"x")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme)
        for bundle, pins in (
            (made, scene.pins),
            (changed, scene.pins),
            (made, Pins(vkeys=(OLD_KEY.vkey,))),
            (made, Pins()),
        ):
            await verify_page.check(bundle, pins)
            assert [found for found in await page.evaluate(CONTRASTS) if found[0] < 4.5] == []
    assert await page.evaluate(NAMELESS) == []
    levels = await page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((one) => one.tagName)")
    assert levels[:2] == ["H1", "H2"]
    assert set(levels[2:]) == {"H3"}


async def test_enlarged_to_four_times_nothing_runs_out_of_the_page(verify_page: VerifyPage, scene: Scene) -> None:
    page = verify_page.page
    for width in (320, 640):
        await page.set_viewport_size({"width": width, "height": 640})
        await verify_page.check(scene.bundle.made(), scene.pins, "a-name-without-any-place-to-break-it" * 4 + ".zip")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_without_script_the_page_names_the_other_way(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "verify.html"
    file.write_bytes(await asyncio.to_thread(verify_html))
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(file.as_uri())
    await expect(page.get_by_text("does the same check without a browser")).to_be_visible()
    await expect(page.locator("form")).to_be_hidden()
    await context.close()


async def test_without_cryptography_the_page_checks_nothing(browser_page: Page, tmp_path: Path) -> None:
    without = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
    async with opened(browser_page, tmp_path, before=without) as page:
        await expect(page.page.locator("#notice")).to_contain_text("no cryptography")
        await expect(page.page.locator("form")).to_be_hidden()


async def test_a_browser_without_ed25519_comes_to_the_same_verdicts(
    browser_page: Page, scene: Scene, tmp_path: Path
) -> None:
    async with opened(browser_page, tmp_path, before=WITHOUT_ED25519) as page:
        for case in good_cases(scene):
            assert (await page.says(case.bundle, case.pins))["status"] == case.status, case.name


def test_the_page_runs_its_own_script_only_and_names_no_address() -> None:
    text = verify_html().decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    sources = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert sources.pop("script-src").startswith("'sha256-")
    assert sources.pop("style-src").startswith("'sha256-")
    assert sources == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    forbidden = (
        r"https?:|//[a-z]+\.|fetch\(|XMLHttp|localStorage|sessionStorage|indexedDB|cookie|innerHTML|insertAdj|eval\("
    )
    assert re.findall(forbidden, text) == []


def test_the_page_promises_no_more_than_it_checks() -> None:
    text = verify_html().decode()
    assert re.findall(r"(?i)\bvalid\b", text) == []
    assert set(re.findall(r"Facebook[^.]*\.", text)) == {"Facebook signed none of this."}


def test_the_page_is_small_and_the_same_every_time() -> None:
    program = "import sys; from privacy.kit import verify_html; sys.stdout.buffer.write(verify_html())"
    made = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert made == {verify_html()}
    assert len(verify_html()) < 120 * 1024


def test_no_statement_of_the_script_spans_lines_inside_a_text() -> None:
    # The builder takes the indentation away, which must change no text.
    parts = sorted((ROOT / "privacy" / "verify_page").glob("*.js"))
    assert len(parts) > 15
    odd = [f"{path.name}: {line}" for path in parts for line in path.read_text().splitlines() if line.count("`") % 2]
    assert odd == []


def test_no_part_of_the_script_is_longer_than_four_hundred_lines() -> None:
    parts = (ROOT / "privacy" / "verify_page").iterdir()
    assert [path.name for path in parts if path.is_file() and len(path.read_text().splitlines()) > 400] == []


def test_an_installed_product_has_the_parts_of_the_page() -> None:
    builder = WheelBuilder(str(ROOT))
    packed = {file.distribution_path for file in builder.recurse_included_files()}
    parts = {
        path.name for path in (ROOT / "privacy" / "verify_page").iterdir() if path.suffix in {".js", ".css", ".html"}
    }
    assert {f"privacy/verify_page/{name}" for name in parts} <= packed

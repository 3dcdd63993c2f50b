"""Does the page that lies in a bundle of the running product check that bundle, from disk and offline?"""

import io
import zipfile
from pathlib import Path

from playwright.async_api import Page, expect

from domain.ids import PageId
from privacy.kit import verify_html
from tests.journeys.world import World
from tests.privacy.verify_stand import Pins, opened, python_says


async def test_the_page_in_a_bundle_checks_that_bundle(story: World, browser_page: Page, tmp_path: Path) -> None:
    psid = await story.opted_in()
    receipt = (await story.until_heard(psid, "Receipt ")).rpartition("Receipt ")[2].split()[0]

    async def logged() -> bool:
        return not await story.unlogged()

    await story.until(logged, "the log")
    [record_id] = await story.runtime.proofs.of_kind(PageId(story.page_id), "consent_given")
    proof = await story.runtime.proofs.export(record_id)
    pins = Pins(vkeys=(await story.value("select vkey from log"),), receipt=receipt)
    with zipfile.ZipFile(io.BytesIO(proof.content)) as bundle:
        content = bundle.read("verify.html")
    assert content == verify_html()
    async with opened(browser_page, tmp_path / "elsewhere", content=content) as page:
        await page.check(proof.content, pins, proof.file_name)
        await expect(page.page.locator("#verdict")).to_have_text("Verified and anchored")
        await expect(page.page.locator("#meaning")).to_contain_text("the receipt you gave is that of this record")
        await expect(page.page.locator("#fields")).to_contain_text("Yes, please")
        found = await page.says(proof.content, pins)
        expected = await python_says(tmp_path, proof.content, pins)
        assert dict(found["summary"]) == expected["summary"]
        assert dict(found["fields"]) == expected["fields"]
        assert (await page.says(proof.content, Pins()))["status"] == 4
        forged = proof.content.replace(b"Yes, please", b"No, thanks.")
        assert forged != proof.content
        assert (await page.says(forged, pins))["status"] == 2

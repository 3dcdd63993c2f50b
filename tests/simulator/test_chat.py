"""Can a person play a follower in the browser, by mouse, keyboard and on a phone, without one error?"""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.simulator.stand import PERSON, Platform

OFFER = {
    "text": "Shall we write to you? See https://a.example/p.",
    "quick_replies": [{"content_type": "text", "title": title, "payload": title} for title in ("Yes", "No")],
}


async def _open(platform: Platform, page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.goto(str(platform.server.make_url("/")))
    await expect(page.locator("#talk-name")).not_to_have_text("Nobody chosen")
    return complaints


async def _answer(platform: Platform, message: dict[str, Any]) -> None:
    status, told = await platform.graph("POST", "/me/messages", {"recipient": {"id": PERSON}, "message": message})
    assert status == 200, told


async def test_page_sends_a_strict_policy_and_holds_no_inline_code(platform: Platform) -> None:
    async with platform.http.get(platform.server.make_url("/")) as answer:
        policy, html = answer.headers["Content-Security-Policy"], await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "style=" not in html
    assert "onclick" not in html
    assert "<script>" not in html


async def test_follower_starts_taps_types_and_is_answered(platform: Platform, browser_page: Page) -> None:
    await platform.graph("POST", "/me/messenger_profile", {"get_started": {"payload": "START"}})
    complaints = await _open(platform, browser_page)
    await browser_page.click("#get-started")
    await platform.sink.until(lambda: platform.sink.of("postback"))
    await expect(browser_page.locator("#get-started")).to_be_hidden()
    await _answer(platform, OFFER)
    await expect(browser_page.locator("#thread a")).to_have_attribute("href", "https://a.example/p")
    await browser_page.locator("[data-quick-reply='Yes']").press("Enter")
    await platform.sink.until(lambda: platform.sink.of("message"))
    assert platform.sink.of("message")[0]["message"]["quick_reply"] == {"payload": "Yes"}
    await expect(browser_page.locator("[data-quick-reply]")).to_have_count(0)
    buttons = [{"type": "postback", "title": "Stop", "payload": "S"}]
    template = {"template_type": "button", "text": "Done.", "buttons": buttons}
    await _answer(platform, {"attachment": {"type": "template", "payload": template}})
    await browser_page.click("#thread [data-button='S']")
    await platform.sink.until(lambda: len(platform.sink.of("postback")) == 2)
    await browser_page.fill("#message-input", "<b>grüße</b>")
    await browser_page.press("#message-input", "Enter")
    await expect(browser_page.locator(".mine .bubble").last).to_have_text("<b>grüße</b>")
    assert complaints == []


async def test_clock_inbox_and_new_followers_work(talking: Platform, browser_page: Page) -> None:
    complaints = await _open(talking, browser_page)
    await expect(browser_page.get_by_test_id("window")).to_contain_text("Window open")
    await browser_page.click("#clock [data-advance='86400']")
    await expect(browser_page.get_by_test_id("window")).to_have_text("Window closed")
    await talking.send("too late")
    await expect(browser_page.locator(".refusal")).to_contain_text("10/2018278")
    await browser_page.get_by_test_id("human-reply").click()
    await expect(browser_page.get_by_test_id("owner")).to_have_text("A person holds the thread")
    await browser_page.click("#new-follower")
    await expect(browser_page.locator("#followers [aria-current='true']")).to_have_count(1)
    await expect(browser_page.locator("#thread .turn")).to_have_count(0)
    await expect(browser_page.locator("#calls li").first).to_contain_text("refused 10/2018278")
    assert complaints == []


async def test_page_fits_a_narrow_phone(talking: Platform, browser_page: Page) -> None:
    await browser_page.set_viewport_size({"width": 400, "height": 800})
    complaints = await _open(talking, browser_page)
    assert await browser_page.evaluate("document.documentElement.scrollWidth") == 400
    await expect(browser_page.locator("#followers")).to_be_hidden()
    await browser_page.click("#show-followers")
    await browser_page.click(f"#followers [data-psid='{PERSON}']")
    await expect(browser_page.locator("#message-input")).to_be_visible()
    assert complaints == []


async def test_every_control_has_a_name(talking: Platform, browser_page: Page) -> None:
    await _open(talking, browser_page)
    nameless = await browser_page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, a')].filter((one) =>
            one.checkVisibility() && !(one.textContent.trim() || one.ariaLabel || one.labels?.length)).length"""
    )
    assert nameless == 0

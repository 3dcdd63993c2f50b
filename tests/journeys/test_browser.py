"""Does the whole story work in a real browser: from Get Started to the receipt of an erasure, without one complaint?"""

import re

from playwright.async_api import BrowserContext, ConsoleMessage, Page, expect

from tests.journeys.world import World

CODE = re.compile(r"Your code: ([0-9A-Z]{4}-[0-9A-Z]{4})")
WATCH = "document.addEventListener('securitypolicyviolation', (event) => complain(event.violatedDirective))"
PATIENCE_MS = 20_000  # the machine that tests may have other things to do


async def _complaints_of(context: BrowserContext) -> list[str]:
    """What any page of this browser complains about from now on: console, scripts, policy, requests that failed."""
    found: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            found.append(f"{message.type}: {message.text}")

    await context.expose_function("complain", lambda directive: found.append(f"policy: {directive}"))
    await context.add_init_script(WATCH)
    context.on("console", console)
    context.on("weberror", lambda error: found.append(f"script: {error.error}"))
    context.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if not answer.ok else None)
    return found


async def _open_chat(story: World, page: Page) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{story.platform_url}/")
    await page.click("#new-follower")
    await expect(page.locator("#followers [aria-current='true']")).to_have_count(1)


async def _hears(page: Page, words: str) -> str:
    """The newest message with these words, once the follower can read it."""
    bubble = page.locator("#thread .theirs .stack").filter(has_text=words).last
    await expect(bubble).to_be_visible(timeout=PATIENCE_MS)
    return await bubble.inner_text()


async def _writes(page: Page, text: str) -> None:
    await page.fill("#message-input", text)
    await page.press("#message-input", "Enter")
    await expect(page.locator("#message-input")).to_have_value("")


async def _taps(page: Page, title: str) -> None:
    await page.locator("[data-quick-reply]", has_text=title).click()


async def _opens_in_a_new_tab(page: Page, words: str) -> Page:
    async with page.context.expect_page() as opening:
        await page.locator("#thread .theirs a", has_text=words).last.click()
    opened = await opening.value
    await expect(opened.locator("h1")).to_be_visible(timeout=PATIENCE_MS)
    return opened


async def _says_yes(page: Page) -> None:
    await page.click("#get-started")
    await _hears(page, "An automated program answers here, not a person")
    await _hears(page, "May Café Aurora send you offers and news")
    await _taps(page, "Yes, please")
    assert re.search(r"Receipt \S+", await _hears(page, "Thank you!"))


async def _known_as(story: World, page: Page) -> tuple[str, str]:
    """The follower's first name and id, once the product has asked the platform for the name."""
    psid = page.url.partition("#")[2]

    async def look() -> object:
        lead = await story.lead(psid)
        return lead and lead.profile.first_name

    await story.until(look, "the first name")
    return (await page.inner_text("#talk-name")).split()[0], psid


async def _reads_own_data(page: Page, personal: tuple[str, str]) -> None:
    await _writes(page, "MY DATA")
    code = CODE.search(await _hears(page, "Your data is ready"))
    assert code
    tab = await _opens_in_a_new_tab(page, "/export/")
    for kept in personal:
        await expect(tab.get_by_text(kept, exact=True)).to_have_count(0)
    await tab.fill("#code", code[1].lower())
    await tab.get_by_role("button").click()
    await expect(tab.locator("dl").first).to_be_visible(timeout=PATIENCE_MS)
    for kept in (*personal, "conversation_started", "consent_given"):
        await expect(tab.locator("main").get_by_text(kept, exact=True).first).to_be_visible()
    await tab.close()


async def _is_erased(page: Page) -> None:
    await _writes(page, "DELETE MY DATA")
    await _hears(page, "This cannot be undone")
    await _taps(page, "Erase everything")
    assert re.search(r"Receipt \S+", await _hears(page, "has been deleted"))
    status = await _opens_in_a_new_tab(page, "/status/")
    await expect(status.locator("main")).to_contain_text("deleted")
    await status.close()


async def test_a_follower_does_all_of_it_in_the_chat_page_without_one_complaint(story: World, browser_page: Page):
    complaints = await _complaints_of(browser_page.context)
    await _open_chat(story, browser_page)
    await _says_yes(browser_page)
    await _reads_own_data(browser_page, await _known_as(story, browser_page))
    await _writes(browser_page, "STOP")
    await _hears(browser_page, "will send you no more offers or campaigns")
    await _is_erased(browser_page)
    assert await story.value("select count(*) from lead") == 0
    assert await story.value("select count(*) from lead_key") == 0
    assert complaints == []


async def test_a_complaint_would_be_noticed(story: World, browser_page: Page):
    complaints = await _complaints_of(browser_page.context)
    await browser_page.goto(f"{story.runtime.public_url}/privacy")
    assert complaints == []
    await browser_page.evaluate("document.body.setAttribute('style', 'color: red')")
    await browser_page.evaluate("void fetch('/nowhere')")

    async def both() -> bool:
        kinds = {complaint.split()[0] for complaint in complaints}
        return {"policy:", "error:", "404"} <= kinds

    await story.until(both, "the policy's, the console's and the request's complaint")

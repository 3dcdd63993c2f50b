"""Which browser do the tests drive, and how does a test get a page in it?"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Playwright, async_playwright

ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge", "microsoft-edge")
FLAGS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
MISSING = "no Chromium here: install one, or name it with BROWSER_PATH"


def find_browser(playwright: Playwright) -> str | None:
    """BROWSER_PATH alone if it is set; else the first on PATH, else the one Playwright installed."""
    named = os.environ.get("BROWSER_PATH")
    return next((found for found in ([named] if named else _candidates(playwright)) if _runs(found)), None)


def _candidates(playwright: Playwright) -> Iterator[str]:
    yield from filter(None, map(shutil.which, ON_PATH))
    yield playwright.chromium.executable_path


def _runs(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium; without one the test is skipped with one line, and fails when CI=true."""
    async with async_playwright() as playwright:
        executable = find_browser(playwright)
        if executable is None:
            if os.environ.get("CI") == "true":
                pytest.fail(MISSING, pytrace=False)
            pytest.skip(MISSING)  # a developer's machine may have no browser; CI never skips
        started = await playwright.chromium.launch(
            executable_path=executable, args=FLAGS, headless=True, chromium_sandbox=os.geteuid() != 0
        )
        yield started
        await started.close()


@pytest.fixture
async def browser_page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a fresh profile; the test fails when a script on it does."""
    context = await browser.new_context(locale="en-GB", timezone_id="UTC")
    page = await context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    await context.close()
    assert not faults, faults

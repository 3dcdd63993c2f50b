"""verify.html opened from a folder of its own, and the Python steps asked the same question."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Page, Request, expect

from domain.proof.offline.command import Asked, answer
from privacy.verify_page import verify_html

WATCH = "document.addEventListener('securitypolicyviolation', (event) => complain(event.violatedDirective))"
CALL = """
async ([bundle, pins]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return await window.assentVerify(bytes(bundle), {
    policy: pins.policy === null ? null : bytes(pins.policy), vkeys: pins.vkeys, tsaRoots: pins.roots.map(bytes),
    checkpoints: pins.checkpoints.map((text, at) => ({ name: `checkpoints-${at}`, data: bytes(text) })),
    receipt: pins.receipt, psid: pins.psid,
  });
}
"""


@dataclass(frozen=True, kw_only=True)
class Pins:
    """What an auditor brings along."""

    policy: bytes | None = None
    vkeys: tuple[str, ...] = ()
    roots: tuple[bytes, ...] = ()
    checkpoints: tuple[bytes, ...] = ()
    receipt: str | None = None
    psid: str | None = None

    def files(self, folder: Path) -> dict[str, list[Path]]:
        """Each thing that comes as a file, in this folder."""
        folder.mkdir(parents=True, exist_ok=True)
        given = {"policy": () if self.policy is None else (self.policy,), "roots": self.roots}
        given["checkpoints"] = self.checkpoints
        found: dict[str, list[Path]] = {}
        for name, contents in given.items():
            found[name] = [folder / f"{name}-{number}" for number in range(len(contents))]
            for path, content in zip(found[name], contents, strict=True):
                path.write_bytes(content)
        return found

    def plain(self) -> dict[str, Any]:
        return {
            "policy": None if self.policy is None else _base64(self.policy),
            "vkeys": list(self.vkeys),
            "roots": [_base64(root) for root in self.roots],
            "checkpoints": [_base64(kept) for kept in self.checkpoints],
            "receipt": self.receipt,
            "psid": self.psid,
        }


async def python_says(folder: Path, bundle: bytes, pins: Pins) -> dict[str, Any]:
    """The verdict of the Python steps, by the way that `verify.py --json` takes."""
    return await asyncio.to_thread(_python_says, folder, bundle, pins)


def _python_says(folder: Path, bundle: bytes, pins: Pins) -> dict[str, Any]:
    files = pins.files(folder)
    path = folder / "bundle.zip"
    path.write_bytes(bundle)
    out = io.StringIO()
    asked = Asked(
        bundles=[path], policy=next(iter(files["policy"]), None), vkeys=pins.vkeys, tsa_roots=files["roots"],
        checkpoints=files["checkpoints"], receipt=pins.receipt, psid=pins.psid, as_json=True,
    )  # fmt: skip
    status = answer(asked, out)
    document: dict[str, Any] = json.loads(out.getvalue())
    assert document["status"] == status
    return document


@dataclass
class VerifyPage:
    """The page in a browser without a network; `complaints` is all that the browser objected to or asked for."""

    page: Page
    folder: Path
    complaints: list[str] = field(default_factory=list)

    async def says(self, bundle: bytes, pins: Pins) -> dict[str, Any]:
        """What `window.assentVerify` answers."""
        found: dict[str, Any] = await self.page.evaluate(CALL, [_base64(bundle), pins.plain()])
        return found

    async def fill(self, bundle: bytes, pins: Pins, name: str = "bundle.zip") -> None:
        """The way of a person: files through the inputs, texts through the keyboard."""
        path = self.folder / name
        path.write_bytes(bundle)
        await self.page.set_input_files("#bundle", path)
        for field_id, files in pins.files(self.folder / "given").items():
            await self.page.set_input_files(f"#{field_id}", list[str | Path](files))
        await self.page.fill("#vkeys", "\n".join(pins.vkeys))
        await self.page.fill("#receipt", pins.receipt or "")
        await self.page.fill("#psid", pins.psid or "")

    async def check(self, bundle: bytes, pins: Pins, name: str = "bundle.zip") -> None:
        """Everything filled in, the button pressed, and the result there."""
        await self.fill(bundle, pins, name)
        await self.page.click("#check")
        await expect(self.page.locator("#result")).to_be_visible()


@asynccontextmanager
async def opened(
    page: Page, folder: Path, *, before: str = "", content: bytes | None = None
) -> AsyncIterator[VerifyPage]:
    """The page, or another `content`, from a file in the folder; `before` runs in it ahead of its own script.

    Afterwards the browser must have had nothing to complain about, and asked for nothing but the file itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "verify.html"
    file.write_bytes(await asyncio.to_thread(verify_html) if content is None else content)
    stand = VerifyPage(page, folder)

    def on_console(message: ConsoleMessage) -> None:
        stand.complaints.append(f"{message.type}: {message.text}")

    def on_request(request: Request) -> None:
        if request.url != file.as_uri():
            stand.complaints.append(f"request: {request.url}")

    await page.context.expose_function("complain", lambda directive: stand.complaints.append(f"policy: {directive}"))
    await page.add_init_script(WATCH)
    if before:
        await page.add_init_script(before)
    page.on("console", on_console)
    page.on("request", on_request)
    await page.context.set_offline(True)
    await page.goto(file.as_uri())
    yield stand
    assert stand.complaints == []


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

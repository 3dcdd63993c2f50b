"""notices: publish, list."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Privacy notices: publish the next version, see what was published.",
)


@app.command()
def publish(
    files: Annotated[list[Path], typer.Argument(help="One text file a language, named by it: en.txt, de.txt ...")],
    renew_consent: Annotated[
        bool, typer.Option("--renew-consent", help="Ask anew: no yes under an earlier version counts any more.")
    ] = False,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """Publish these texts as the next version. What is published is never edited."""

    async def work(runtime: "Runtime") -> int:
        chosen = await chosen_page(runtime, page)
        try:
            bodies = {file.stem: file.read_text("utf-8") for file in files}
        except (OSError, UnicodeDecodeError) as error:
            raise CommandFailed(f"a file cannot be read as UTF-8 text ({type(error).__name__})") from None
        if unknown := sorted(bodies.keys() - set(runtime.texts.languages)):
            raise CommandFailed(f"no such language here: {', '.join(unknown)}; name each file by its language")
        return await runtime.notices.publish(chosen, bodies, runtime.clock(), renews=renew_consent)

    version = with_runtime(work)
    show({"version": version}, [f"Version {version} is published and is shown from now on."], as_json=as_json)


@app.command("list")
def list_notices(page: PageOption = None, as_json: AsJson = False) -> None:
    """List the published versions with their digests."""

    async def work(runtime: "Runtime") -> list[dict[str, Any]]:
        chosen = await chosen_page(runtime, page)
        return [
            {
                "version": one.version,
                "language": one.language,
                "sha256": one.sha256.hex(),
                "published_at": one.published_at,
            }
            for one in await runtime.store.notices.all(chosen.page_id)
        ]

    found = with_runtime(work)
    lines = [f"{one['version']}  {one['language']}  {one['published_at']:%Y-%m-%d}  {one['sha256']}" for one in found]
    show(found, lines or ["Nothing is published yet; a default notice is, with the first contact."], as_json=as_json)

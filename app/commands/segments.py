"""segments: set, list."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Filters over people that have a name, for use in others."
)


@app.command("set")
def set_segment(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    audience: Annotated[str, typer.Argument(help="The filter, in the words of `campaigns create --audience`.")],
    page: PageOption = None,
) -> None:
    """Give a filter a name. Campaigns that were made with it before keep what it was."""

    async def work(runtime: "Runtime") -> str:
        from domain.audience_text import LABEL, printed

        chosen = await chosen_page(runtime, page)
        if not LABEL.fullmatch(name):
            raise CommandFailed("name the segment in lower-case letters, digits, - and _, at most 40")
        async with runtime.store.database.transaction() as tx:
            return printed(await runtime.store.audiences.put_segment(tx, chosen.page_id, name, audience))

    show(None, [f"Segment {name} is: {with_runtime(work) or 'everybody'}"], as_json=False)


@app.command("list")
def list_segments(page: PageOption = None, as_json: AsJson = False) -> None:
    """List the segments with their filters."""

    async def work(runtime: "Runtime") -> dict[str, str]:
        chosen = await chosen_page(runtime, page)
        return dict(await runtime.store.audiences.segments(chosen.page_id))

    found = with_runtime(work)
    lines = [f"{name}  {audience or 'everybody'}" for name, audience in found.items()]
    show(found, lines or ["There are no segments."], as_json=as_json)

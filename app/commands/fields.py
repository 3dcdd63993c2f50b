"""fields: declare, list."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.running import AsJson, CommandFailed, PageOption, chosen_page, one_of, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Fields by which campaigns may choose people. Their values stand in clear in the database.",
)


@app.command()
def declare(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and _; `language` for the one of that kind.")],
    purpose: Annotated[str, typer.Option(help="What you need it for; the record of processing shows it.")],
    kind: Annotated[str, typer.Option(help="text, number, date or language.")] = "text",
    page: PageOption = None,
) -> None:
    """Declare a field, or word its purpose anew."""

    async def work(runtime: "Runtime") -> None:
        from domain.audience import FieldKind
        from domain.audience_text import FIELD
        from storage.fields import Field

        chosen, wanted = await chosen_page(runtime, page), one_of(FieldKind, kind)
        if not FIELD.fullmatch(name):
            raise CommandFailed("name the field in lower-case letters, digits and _, at most 40, a letter first")
        if (wanted is FieldKind.LANGUAGE) is not (name == "language"):
            raise CommandFailed("the field of kind language is called language, and no other is")
        if not purpose.strip():
            raise CommandFailed("say with --purpose what the field is needed for")
        async with runtime.store.database.transaction() as tx:
            field = Field(name=name, kind=wanted, purpose=purpose.strip())
            await runtime.store.fields.declare(tx, chosen.page_id, field, now=runtime.clock())

    with_runtime(work)
    show(None, [f"Field {name} is declared. Its values stand in clear in the database."], as_json=False)


@app.command("list")
def list_fields(page: PageOption = None, as_json: AsJson = False) -> None:
    """List the declared fields."""

    async def work(runtime: "Runtime") -> list[dict[str, Any]]:
        chosen = await chosen_page(runtime, page)
        async with runtime.store.database.transaction() as tx:
            found = await runtime.store.fields.all(tx, chosen.page_id)
        return [{"name": one.name, "kind": one.kind.value, "purpose": one.purpose} for one in found.values()]

    found = with_runtime(work)
    lines = [f"{one['name']}  {one['kind']}  {one['purpose']}" for one in found]
    show(found, lines or ["No field is declared: assent fields declare"], as_json=as_json)

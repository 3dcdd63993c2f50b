"""leads tag, untag, put: what operators note about people, for campaigns to choose by."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.commands.running import CommandFailed, PageOption, chosen_page, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime

Tag = Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")]
Leads = Annotated[list[UUID], typer.Argument(help="Lead ids.")]


def tag(name: Tag, leads: Leads, page: PageOption = None) -> None:
    """Give people a tag; a new name becomes one."""

    async def work(runtime: "Runtime") -> int:
        from domain.audience_text import LABEL
        from domain.ids import LeadId

        chosen = await chosen_page(runtime, page)
        if not LABEL.fullmatch(name):
            raise CommandFailed("name the tag in lower-case letters, digits, - and _, at most 40")
        async with runtime.store.database.transaction() as tx:
            ids = [LeadId(lead) for lead in leads]
            return await runtime.store.tags.give(tx, chosen.page_id, name, ids, now=runtime.clock())

    show(None, [f"{with_runtime(work):,} people were given the tag {name}."], as_json=False)


def untag(name: Tag, leads: Leads, page: PageOption = None) -> None:
    """Take a tag away."""

    async def work(runtime: "Runtime") -> int:
        from domain.ids import LeadId

        chosen = await chosen_page(runtime, page)
        async with runtime.store.database.transaction() as tx:
            return await runtime.store.tags.take(tx, chosen.page_id, name, [LeadId(lead) for lead in leads])

    show(None, [f"{with_runtime(work):,} people had the tag {name}."], as_json=False)


def put(
    lead: Annotated[UUID, typer.Argument(help="The lead's id.")],
    name: Annotated[str, typer.Argument(help="A declared field.")],
    value: Annotated[str, typer.Argument(help="Its value; empty to forget it.")],
    page: PageOption = None,
) -> None:
    """Note the value of a declared field of one person."""

    async def work(runtime: "Runtime") -> None:
        from domain.audience_text import read_value
        from domain.ids import LeadId

        chosen, lead_id = await chosen_page(runtime, page), LeadId(lead)
        store = runtime.store
        async with store.database.transaction() as tx:
            fields = await store.fields.all(tx, chosen.page_id)
            if name not in fields:
                raise CommandFailed(f"field {name} is not declared: assent fields declare {name}")
            if not value:
                await store.fields.clear(tx, chosen.page_id, lead_id, name)
                return
            read = read_value(fields[name].kind, value)
            if read is None:
                raise CommandFailed(f"field {name} holds a {fields[name].kind}, and this is none that can be kept")
            if not await store.fields.put(tx, chosen.page_id, lead_id, name, read):
                raise CommandFailed("there is no such lead, or it was erased")

    with_runtime(work)
    show(None, [f"Field {name} of lead {lead} is {'noted' if value else 'forgotten'}."], as_json=False)

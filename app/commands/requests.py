"""requests: list, show, approve, refuse, extend."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.commands.running import AsJson, PageOption, chosen_page, one_of, show, with_runtime

if TYPE_CHECKING:
    from app.runtime import Runtime
    from domain.data_request import DataRequest

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Data requests: what people asked for, until when, and what became of it.",
)

RequestArgument = Annotated[UUID, typer.Argument(help="The request's id.")]


@app.command("list")
def list_requests(
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    page: PageOption = None,
    as_json: AsJson = False,
) -> None:
    """List requests, the next due first."""

    async def work(runtime: "Runtime") -> "list[DataRequest]":
        chosen = None if page is None else (await chosen_page(runtime, page)).page_id
        return await runtime.requests.list(chosen, open_only=not every)

    found = with_runtime(work)
    lines = [f"{one.request_id}  {one.kind}  {one.state}  due {one.due_at:%Y-%m-%d}" for one in found]
    show([_document(one) for one in found], lines or ["No request is open."], as_json=as_json)


@app.command("show")
def show_request(request_id: RequestArgument, as_json: AsJson = False) -> None:
    """Show one request with its times, and the receipt by which its erasure is proven."""

    async def work(runtime: "Runtime") -> dict[str, Any]:
        found = await runtime.requests.show(request_id)
        return {**_document(found), "receipt": await runtime.requests.certificate_of(found)}

    document = with_runtime(work)
    show(document, [f"{name}: {value}" for name, value in document.items()], as_json=as_json)


@app.command()
def approve(request_id: RequestArgument, as_json: AsJson = False) -> None:
    """Carry out a waiting request: make the copy, or begin the erasure."""
    _decided(
        with_runtime(lambda runtime: runtime.requests.approve(request_id, runtime.erasure, runtime.texts)), as_json
    )


@app.command()
def refuse(
    request_id: RequestArgument,
    reason: Annotated[str, typer.Option(help="unfounded, excessive, legal_hold or not_matched.")],
    as_json: AsJson = False,
) -> None:
    """Close a waiting request; the person is told why and where to complain."""

    async def work(runtime: "Runtime") -> "DataRequest":
        from domain.data_request import RefusalReason

        return await runtime.requests.refuse(request_id, one_of(RefusalReason, reason), runtime.texts)

    _decided(with_runtime(work), as_json)


@app.command()
def extend(
    request_id: RequestArgument,
    reason: Annotated[str, typer.Option(help="complexity or number_of_requests.")],
    as_json: AsJson = False,
) -> None:
    """Take up to two more months, once; the person is told why."""

    async def work(runtime: "Runtime") -> "DataRequest":
        from domain.data_request import ExtensionReason

        return await runtime.requests.extend(request_id, one_of(ExtensionReason, reason), runtime.texts)

    _decided(with_runtime(work), as_json)


def _decided(request: "DataRequest", as_json: bool) -> None:
    show(_document(request), [f"Request {request.request_id}: {request.state}"], as_json=as_json)


def _document(request: "DataRequest") -> dict[str, Any]:
    return {
        "request": request.request_id,
        "page": request.page_id,
        "lead": request.lead_id,
        "kind": request.kind.value,
        "source": request.source.value,
        "state": request.state.value,
        "reason": request.reason,
        "received_at": request.received_at,
        "due_at": request.due_at,
        "completed_at": request.completed_at,
    }

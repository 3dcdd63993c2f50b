"""pages lanes: in which ways the platform lets messages of a Page through now, and which of them are used."""

from typing import TYPE_CHECKING

from app.commands.running import AsJson, PageOption, chosen_page, show, with_runtime

if TYPE_CHECKING:
    from datetime import datetime

    from app.runtime import Runtime
    from domain.lanes import LaneStanding
    from domain.page import Page


def show_lanes(page: PageOption = None, as_json: AsJson = False) -> None:
    """Show in which ways the platform lets messages through, and which ones campaigns of a Page may use now."""
    from domain.lanes import standings

    async def work(runtime: "Runtime") -> "tuple[Page, datetime]":
        return await chosen_page(runtime, page), runtime.clock()

    chosen, now = with_runtime(work)
    found = standings(chosen.region, now)
    lines = [f"Page {chosen.page_id}, region {chosen.region}, {now:%Y-%m-%d %H:%M} UTC"]
    for standing in found:
        lines += _lines(standing)
    document = {
        "page": chosen.page_id,
        "region": chosen.region,
        "at": now.isoformat(),
        "lanes": [_document(standing) for standing in found],
    }
    show(document, lines, as_json=as_json)


def _lines(standing: "LaneStanding") -> list[str]:
    from domain.lanes import NOT_BUILT

    platform = f"no ({standing.platform})" if standing.platform else "yes"
    campaigns = f"no ({standing.campaign})" if standing.campaign else "yes"
    lines = [f"{standing.lane}: the platform says {platform}, promotional campaigns {campaigns}"]
    if standing.lane in NOT_BUILT:
        lines.append(f"  not built: {NOT_BUILT[standing.lane]}")
    entry = standing.entry
    if entry is None:
        return lines
    lines.append(f"  for: {', '.join(sorted(entry.contents))}{'' if entry.for_campaigns else '; never for campaigns'}")
    if entry.pages is not None:
        lines.append(f"  Pages in: {' '.join(sorted(entry.pages))}")
    if entry.not_to:
        lines.append(f"  not to people in: {' '.join(sorted(entry.not_to))}")
    if entry.needs:
        lines.append(f"  needs: {entry.needs}")
    span = [f"since {entry.since:%Y-%m-%d}"] if entry.since else []
    span += [f"until {entry.until:%Y-%m-%d}"] if entry.until else []
    source = f"Meta, “{entry.source.title}”, {entry.source.dated}"
    return [*lines, f"  {'; '.join([*span, source])}"]


def _document(standing: "LaneStanding") -> dict[str, object]:
    from domain.eligibility import LANE_OF
    from domain.lanes import NOT_BUILT

    entry = standing.entry
    document: dict[str, object] = {
        "lane": standing.lane,
        "platform": standing.platform or "allowed",
        "campaigns": standing.campaign or "allowed",
        "rules": [str(rule) for rule, lane in LANE_OF.items() if lane is standing.lane],
        "not_built": NOT_BUILT.get(standing.lane),
    }
    if entry is None:
        return document
    return {
        **document,
        "entry": entry.id,
        "contents": sorted(entry.contents),
        "for_campaigns": entry.for_campaigns,
        "pages": None if entry.pages is None else sorted(entry.pages),
        "not_to": sorted(entry.not_to),
        "since": entry.since and entry.since.isoformat(),
        "until": entry.until and entry.until.isoformat(),
        "within_hours": entry.within and round(entry.within.total_seconds() / 3600),
        "needs": entry.needs,
        "source": {"title": entry.source.title, "dated": entry.source.dated.isoformat()},
    }

"""Does `pages connect` know which Page is meant?"""

from pathlib import Path

from tests.app.commands.program import assent

CONNECT = ("pages", "connect", "--controller-name", "Bakery GmbH", "--controller-contact", "privacy@bakery.example")


async def test_without_an_id_and_without_the_setting_nothing_is_connected(database_dsn: str, tmp_path: Path) -> None:
    refused = await assent(tmp_path, *CONNECT, DATABASE_URL=database_dsn, FB_PAGE_ACCESS_TOKEN="page-token")
    assert (refused.status, refused.stderr) == (
        1,
        "say which Page: assent pages connect PAGE_ID, or set FB_PAGE_ID\n",
    )


async def test_the_page_of_the_setting_is_meant_where_no_other_is_named(database_dsn: str, tmp_path: Path) -> None:
    asked = await assent(tmp_path, *CONNECT, DATABASE_URL=database_dsn, FB_PAGE_ID="200000000000001")
    assert (asked.status, asked.stderr) == (
        1,
        "set FB_PAGE_ACCESS_TOKEN to the Page's access token for this one command\n",
    )

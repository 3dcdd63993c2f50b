"""Does the folder hold the whole log, whatever broke off while it was written?"""

import os
from pathlib import Path

import pytest

from domain.proof.checkpoint import open_cosigned
from domain.proof.entry import leaf_hash
from domain.proof.merkle import root_of, tree_root
from domain.proof.tiles import ENTRIES, TILE_WIDTH, decode_entries, tile_hashes, tile_path
from privacy import tile_export
from privacy.log_tiles import LogTiles
from privacy.tile_export import ExportRefused, TileExport
from storage.log_tiles import LogDamaged
from tests.privacy.log_world import Copy, LogWorld

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "static"


async def export(world: LogWorld, folder: Path) -> int:
    """How many tiles were written."""
    return sum(one.written for one in await TileExport(LogTiles(world.store)).run(folder))


async def whole(world: LogWorld, folder: Path, log_id: int = 2026) -> int:
    """The size of the log in this folder, once head, tiles and entries fit together."""
    place = folder / str(log_id)
    head = open_cosigned((place / "checkpoint").read_bytes(), await world.vkeys(log_id)).checkpoint
    entries: list[bytes] = []
    for n in range(-(-head.size // TILE_WIDTH)):
        width = min(TILE_WIDTH, head.size - n * TILE_WIDTH)
        entries += decode_entries((place / tile_path(ENTRIES, n, width)).read_bytes(), width)
    assert root_of([leaf_hash(entry) for entry in entries]) == head.root
    files = content(place)
    read = tile_hashes(head.size, lambda tile: files[tile_path(*tile)])
    assert tree_root(head.size, read) == head.root
    return head.size


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_every_log_gets_a_folder_in_which_everything_fits(log_world: LogWorld, folder: Path):
    await log_world.logged(700)
    await log_world.sequencer.new_log("a drill")
    await log_world.logged(5)
    await export(log_world, folder)
    assert (await whole(log_world, folder), await whole(log_world, folder, 202602)) == (701, 6)
    assert sorted(path.name for path in folder.iterdir()) == ["2026", "202602"]


async def test_the_partial_tiles_of_every_signed_size_are_written(log_world: LogWorld, folder: Path):
    sizes = []
    for count in (255, 3, 4, 250, 7):
        await log_world.logged(count)
        sizes.append((await log_world.head()).size)
    await export(log_world, folder)
    kept = {path.as_posix() for path in (folder / "2026").rglob("*.p/*")}
    for size in (size for size in sizes if size > 512):
        for level in (0, ENTRIES):
            assert (folder / "2026" / tile_path(level, 2, size % 256)).as_posix() in kept
    widths = {int(path.rpartition("/")[2]) for path in kept if "/tile/1/" in path}
    assert widths == {1, 2}
    # Those of sizes whose tile is full by now may be missing.
    assert not any("/tile/0/000.p/" in path for path in kept)


async def test_a_second_export_writes_only_what_is_new(log_world: LogWorld, folder: Path):
    await log_world.logged(600)
    first = await export(log_world, folder)
    assert first > 0
    assert await export(log_world, folder) == 0
    before = content(folder)
    await log_world.logged(10)
    assert await export(log_world, folder) == 2
    after = content(folder)
    assert {name for name in before if before[name] != after[name]} == {"2026/checkpoint"}
    assert await whole(log_world, folder) == 611


@pytest.mark.parametrize("after", [0, 1, 3, 5, 7])
async def test_an_export_that_was_killed_leaves_only_whole_files_and_goes_on(
    log_world: LogWorld, folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
):
    await log_world.logged(600)
    await export(log_world, folder)
    await log_world.logged(700)
    written = 0

    class Killed(BaseException):
        pass

    def deadly(path: Path, content: bytes) -> None:
        nonlocal written
        if written == after:
            path.with_name(f".{path.name}.new").write_bytes(content[: len(content) // 2])
            raise Killed
        written += 1
        original(path, content)

    original = tile_export.replace_file
    with monkeypatch.context() as patched:
        patched.setattr(tile_export, "replace_file", deadly)
        patched.setattr(tile_export, "_AT_ONCE", 2)
        with pytest.raises(Killed):
            await export(log_world, folder)
    assert await whole(log_world, folder) == 601
    await export(log_world, folder)
    assert await whole(log_world, folder) == 1301
    assert not [name for name in content(folder) if name.endswith(".new")]


async def test_a_file_that_a_crash_cut_is_written_again(log_world: LogWorld, folder: Path):
    await log_world.logged(600)
    await export(log_world, folder)
    for name in ("tile/0/000", "tile/entries/001"):
        os.truncate(folder / "2026" / name, 100)
    assert await export(log_world, folder) == 2
    assert await whole(log_world, folder) == 601


async def test_a_disk_that_is_full_is_said_and_what_is_there_stays_whole(
    log_world: LogWorld, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    await log_world.logged(300)
    await export(log_world, folder)
    await log_world.logged(300)

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(tile_export, "replace_file", full)
        with pytest.raises(ExportRefused, match="room"):
            await export(log_world, folder)
    assert await whole(log_world, folder) == 301


async def test_a_write_that_seemed_to_fail_and_was_done_is_found_done(
    log_world: LogWorld, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    await log_world.logged(300)
    original = tile_export.replace_file

    def done_but(path: Path, content: bytes) -> None:
        original(path, content)
        raise OSError(5, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(tile_export, "replace_file", done_but)
        with pytest.raises(ExportRefused):
            await export(log_world, folder)
    total = len(content(folder))
    assert total == 1
    await export(log_world, folder)
    assert await whole(log_world, folder) == 301


async def test_a_folder_that_knows_more_than_the_database_is_left_alone(log_world: LogWorld, folder: Path):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    await log_world.logged(300)
    await export(log_world, folder)
    before = content(folder)
    await copy.restore()
    with pytest.raises(ExportRefused, match="shows what was signed"):
        await export(log_world, folder)
    blind = await log_world.process()
    blind.outside.own = None
    await log_world.pend(500)
    await log_world.work(blind)
    with pytest.raises(ExportRefused):
        await export(log_world, folder)
    assert content(folder) == before


async def test_a_folder_of_something_else_is_left_alone(log_world: LogWorld, folder: Path):
    await log_world.logged(3)
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "checkpoint").write_bytes(b"something else")
    with pytest.raises(ExportRefused, match="empty folder"):
        await export(log_world, folder)
    assert content(folder) == {"2026/checkpoint": b"something else"}


async def test_a_tile_that_is_missing_from_the_database_is_not_passed_over(log_world: LogWorld, folder: Path):
    await log_world.logged(300)
    await log_world.execute("delete from log_tile where level = 0 and n = 0")
    with pytest.raises(LogDamaged):
        await export(log_world, folder)
    assert not (folder / "2026" / "checkpoint").exists()

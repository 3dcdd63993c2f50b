"""Does the folder that the product exports pass the audit by whoever gets it, also across a change of the key?"""

from pathlib import Path

from domain.proof.findings import FindingKind
from domain.proof.keys import Verifier
from privacy.audit.folder import FolderAudit
from privacy.audit.kept import KeptCheckpoint
from privacy.log_tiles import LogTiles
from privacy.tile_export import TileExport
from tests.privacy.audited import Audited


async def test_what_the_product_exports_is_whole_and_a_file_of_it_cannot_be_changed(
    audited: Audited, tmp_path: Path
) -> None:
    world = audited.world
    await audited.people(2)
    early, first = await audited.note(), (await audited.head()).vkey
    await world.sequencer.changes.rotate_key()
    await audited.person(2)
    await world.sequenced()
    [exported] = await TileExport(LogTiles(world.store)).run(tmp_path)
    keys = [Verifier.from_vkey(vkey) for vkey in (first, (await audited.head()).vkey)]
    assert keys[0] != keys[1]
    for trusted in (keys, keys[1:]):
        report = await FolderAudit(folder=exported.folder, trusted=trusted).run(limit=10)
        assert report.good, report.lines()
        assert report.counts["entries"] == exported.size == (await audited.head()).size

    kept = [KeptCheckpoint.read("mailed", early)]
    assert (await FolderAudit(folder=exported.folder, trusted=keys).run(limit=10, kept=kept)).good
    [tile] = (exported.folder / "tile" / "0").rglob(f"*.p/{exported.size}")
    tile.write_bytes(bytes(len(tile.read_bytes())))
    report = await FolderAudit(folder=exported.folder, trusted=keys).run(limit=10)
    assert {one.kind for one in report.findings} == {FindingKind.TILE_CHANGED}

"""Does an exported log hold together for somebody who has files and a key, and is every changed file found?"""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.entry import commit, leaf_hash
from domain.proof.findings import FindingKind
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.log_tree import TreeWalk
from domain.proof.tiles import ENTRIES, TILE_WIDTH, Tile, encode_entries, tile_path
from privacy.audit.folder import FolderAudit, FolderUnreadable
from privacy.audit.folders import audit_folder
from privacy.audit.kept import KeptCheckpoint
from privacy.audit.report import AuditReport

SIZE = 70_000 // 64  # four whole tiles and a narrow one, two levels
LOG = Signer(name="log.example/2026", key_type=KeyType.ED25519, seed=bytes(range(32)))
OTHER = Signer(name="log.example/2026", key_type=KeyType.ED25519, seed=bytes(32))
ALL_ENTRIES = [commit(b"record %d" % number, bytes(64)) for number in range(SIZE)]


def note(size: int = SIZE, signer: Signer = LOG, root: bytes | None = None) -> bytes:
    return sign_checkpoint(Checkpoint(origin=LOG.name, size=size, root=root or roots({size})[size]), signer)


def roots(sizes: set[int]) -> dict[int, bytes]:
    return walked(sizes)[0]


def walked(sizes: set[int]) -> tuple[dict[int, bytes], list[tuple[Tile, bytes]]]:
    walk, found, tiles = TreeWalk(), {}, []
    for at in range(0, SIZE, TILE_WIDTH):
        leaves = [leaf_hash(entry) for entry in ALL_ENTRIES[at : at + TILE_WIDTH]]
        tiles.append((Tile(0, at // TILE_WIDTH, len(leaves)), b"".join(leaves)))
        new, completed = walk.add(leaves, sizes)
        found |= new
        tiles += completed
    return found, [*tiles, *walk.unfinished()]


def put(folder: Path, tile: Tile, content: bytes) -> None:
    file = folder / tile_path(*tile)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found, tiles = walked({SIZE})
    for tile, content in tiles:
        put(tmp_path, tile, content)
    for at in range(0, SIZE, TILE_WIDTH):
        entries = ALL_ENTRIES[at : at + TILE_WIDTH]
        put(tmp_path, Tile(ENTRIES, at // TILE_WIDTH, len(entries)), encode_entries(entries))
    (tmp_path / "checkpoint").write_bytes(note(root=found[SIZE]))
    return tmp_path


async def audited(folder: Path, *kept: bytes, keys: tuple[Verifier, ...] = (LOG.verifier,)) -> AuditReport:
    notes = [KeptCheckpoint.read(f"kept-{number}", one) for number, one in enumerate(kept)]
    return await FolderAudit(folder=folder, trusted=keys).run(limit=100, kept=notes)


async def found(folder: Path, *kept: bytes) -> list[tuple[FindingKind, int | None]]:
    return [(one.kind, one.index) for one in (await audited(folder, *kept)).findings]


async def test_an_exported_log_is_whole(folder: Path) -> None:
    report = await audited(folder, note(300), note())
    assert report.good, report.lines()
    assert report.counts == {"entries": SIZE, "tiles": 6, "checkpoints": 3}


async def test_narrower_tiles_of_earlier_checkpoints_are_compared_too(folder: Path) -> None:
    whole = (folder / tile_path(0, 1, 256)).read_bytes()
    put(folder, Tile(0, 1, 44), whole[: 44 * 32])
    put(folder, Tile(ENTRIES, 1, 44), encode_entries(ALL_ENTRIES[256:300]))
    report = await audited(folder)
    assert (report.good, report.counts["tiles"]) == (True, 8)
    put(folder, Tile(0, 1, 44), whole[: 43 * 32] + bytes(32))
    put(folder, Tile(ENTRIES, 1, 44), encode_entries([*ALL_ENTRIES[256:299], bytes(33)]))
    assert await found(folder) == [(FindingKind.TILE_CHANGED, 299), (FindingKind.TILE_CHANGED, 299)]


@pytest.mark.parametrize("index", [0, 255, 256, 700, SIZE - 1])
async def test_an_entry_that_was_changed_is_named(folder: Path, index: int) -> None:
    n = index // TILE_WIDTH
    entries = ALL_ENTRIES[n * TILE_WIDTH : (n + 1) * TILE_WIDTH]
    entries[index % TILE_WIDTH] = commit(b"other", bytes(64))
    put(folder, Tile(ENTRIES, n, len(entries)), encode_entries(entries))
    assert await found(folder) == [(FindingKind.ENTRY_CHANGED, index)]


@pytest.mark.parametrize(("level", "n", "width", "at"), [(0, 1, 256, 3), (0, 4, SIZE % 256, 7), (1, 0, 4, 2)])
async def test_a_tile_that_was_changed_is_named_with_the_first_entry_below(
    folder: Path, level: int, n: int, width: int, at: int
) -> None:
    file = folder / tile_path(level, n, width)
    content = bytearray(file.read_bytes())
    content[at * 32] ^= 1
    file.write_bytes(content)
    report = await audited(folder)
    [finding] = report.findings
    first = (n * TILE_WIDTH + at) * TILE_WIDTH**level
    assert (finding.kind, finding.index, finding.row) == (
        FindingKind.TILE_CHANGED,
        first,
        tile_path(level, n, width),
    )


async def test_every_file_that_is_missing_or_cut_is_named(folder: Path) -> None:
    whole = (folder / tile_path(0, 2, 256)).read_bytes()
    (folder / tile_path(0, 2, 256)).write_bytes(whole[:-32])
    assert await found(folder) == [(FindingKind.TILE_CHANGED, 3 * 256 - 1)]
    (folder / tile_path(0, 2, 256)).unlink()
    assert await found(folder) == [(FindingKind.TILE_MISSING, 512)]
    put(folder, Tile(0, 2, 256), whole)
    (folder / tile_path(1, 0, 4)).unlink()
    assert await found(folder) == [(FindingKind.TILE_MISSING, 0)]


async def test_entries_that_are_missing_are_named_and_the_rest_is_checked_all_the_same(folder: Path) -> None:
    bundle = folder / tile_path(ENTRIES, 4, SIZE % 256)
    content = bundle.read_bytes()
    for broken in (None, content[:-1], content + b"\0", os.urandom(40)):
        bundle.unlink(missing_ok=True)
        if broken is not None:
            bundle.write_bytes(broken)
        assert await found(folder) == [(FindingKind.ENTRY_MISSING, index) for index in range(1024, SIZE)]


async def test_files_that_no_such_tree_has_are_named(folder: Path) -> None:
    put(folder, Tile(0, 9, 256), bytes(8192))
    put(folder, Tile(0, 4, SIZE % 256 + 1), bytes(32 * (SIZE % 256 + 1)))
    put(folder, Tile(3, 0, 1), bytes(32))
    report = await audited(folder)
    assert {one.row for one in report.findings} == {
        "tile/0/009",
        f"tile/0/004.p/{SIZE % 256 + 1}",
        "tile/3/000.p/1",
    }
    assert {one.kind for one in report.findings} == {FindingKind.TILE_UNEXPECTED}


async def test_a_log_signed_anew_contradicts_a_checkpoint_that_somebody_kept(folder: Path) -> None:
    kept = note(300, root=bytes(32))
    assert await found(folder, kept, note(300)) == [(FindingKind.CHECKPOINT_CONTRADICTED, 300)]
    beyond = note(SIZE + 5, root=bytes(32))
    assert await found(folder, beyond) == [(FindingKind.CHECKPOINT_BEYOND, SIZE + 5)]
    assert await found(folder, note(signer=OTHER)) == [(FindingKind.CHECKPOINT_FORGED, SIZE)]


async def test_a_head_over_other_entries_is_named(folder: Path) -> None:
    (folder / "checkpoint").write_bytes(note(root=bytes(32)))
    assert await found(folder) == [(FindingKind.CHECKPOINT_CONTRADICTED, SIZE)]


async def test_without_a_head_by_a_trusted_key_there_is_nothing_to_audit(folder: Path, tmp_path: Path) -> None:
    for keys in ((OTHER.verifier,), ()):
        with pytest.raises(FolderUnreadable, match="the checkpoint of this folder"):
            await audited(folder, keys=keys)
    (folder / "checkpoint").unlink()
    with pytest.raises(FolderUnreadable, match="no file `checkpoint` in this folder"):
        await audited(folder)


def test_the_command_needs_no_database_no_settings_and_no_network(folder: Path, tmp_path: Path) -> None:
    from app.cli import app

    run = CliRunner(env={"DATABASE_URL": "", "ASSENT_NO_SUCH_SETTING": "1"}).invoke
    arguments = ["proofs", "audit", "--folder", str(folder)]
    vkey = ["--vkey", LOG.verifier.vkey]
    assert run(app, arguments).exit_code == 2
    good = run(app, [*arguments, *vkey])
    assert (good.exit_code, "Nothing wrong was found." in good.output) == (0, True)
    assert run(app, [*arguments, "--vkey", OTHER.verifier.vkey]).exit_code == 2
    assert run(app, [*arguments, "--vkey", "nonsense"]).exit_code == 2
    policy, kept = tmp_path / "policy", tmp_path / "mailed"
    policy.write_text(f"log {LOG.verifier.vkey}\nquorum none\n", encoding="utf-8")
    kept.write_bytes(note(300, root=bytes(32)))
    bad = run(app, [*arguments, "--policy", str(policy), "--checkpoint", str(kept), "--json"])
    assert (bad.exit_code, '"checkpoint_contradicted"' in bad.output) == (1, True)
    kept.write_bytes(b"nothing")
    assert run(app, [*arguments, *vkey, "--checkpoint", str(kept)]).exit_code == 2
    assert run(app, [*arguments, *vkey, "--checkpoint", str(tmp_path / "missing")]).exit_code == 2


def second(parent: Path) -> tuple[Signer, bytes]:
    """A log of one entry beside the other in the parent folder; its signer and its checkpoint."""
    signer = Signer(name="log.example/2027", key_type=KeyType.ED25519, seed=bytes([1]) * 32)
    leaf = leaf_hash(ALL_ENTRIES[0])
    put(parent / "2027", Tile(0, 0, 1), leaf)
    put(parent / "2027", Tile(ENTRIES, 0, 1), encode_entries(ALL_ENTRIES[:1]))
    head = sign_checkpoint(Checkpoint(origin=signer.name, size=1, root=leaf), signer)
    (parent / "2027" / "checkpoint").write_bytes(head)
    return signer, head


async def test_the_folder_above_stands_for_every_log_in_it(folder: Path) -> None:
    parent = folder.with_name("all")
    folder.rename(parent.with_name("one"))
    parent.mkdir()
    parent.with_name("one").rename(parent / "2026")
    signer, head = second(parent)
    keys = (LOG.verifier, signer.verifier)
    kept = [KeptCheckpoint.read("a", note(300)), KeptCheckpoint.read("b", head)]
    report = await audit_folder(parent, keys, limit=100, kept=kept)
    assert report.good, report.lines()
    assert [log.origin for log in report.logs] == [LOG.name, signer.name]
    assert report.counts == {"entries": SIZE + 1, "tiles": 7, "checkpoints": 4}
    assert (await audit_folder(parent / "2027", keys, limit=100)).counts["entries"] == 1

    elsewhere = Signer(name="log.example/2025", key_type=KeyType.ED25519, seed=bytes(32))
    gone = sign_checkpoint(Checkpoint(origin=elsewhere.name, size=1, root=bytes(32)), elsewhere)
    entries = [commit(b"other", bytes(64))]
    put(parent / "2027", Tile(ENTRIES, 0, 1), encode_entries(entries))
    report = await audit_folder(parent, keys, limit=1, kept=[KeptCheckpoint.read("c", gone)])
    assert report.finding_counts == {"entry_changed": 1, "checkpoint_beyond": 1}
    assert len(report.findings) == 1

    with pytest.raises(FolderUnreadable, match=r"2027: .*give the key of every log"):
        await audit_folder(parent, (LOG.verifier,), limit=1)
    (parent / "2027" / "checkpoint").unlink()  # a log that lost its head is not left out in silence
    with pytest.raises(FolderUnreadable, match=r"2027: there is no file `checkpoint`"):
        await audit_folder(parent, keys, limit=1)
    with pytest.raises(FolderUnreadable, match=r"nor an exported log"):
        await audit_folder(parent / "2026" / "tile", keys, limit=1)

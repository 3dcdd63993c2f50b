"""Can an operator rotate keys that only they can put in place?"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from storage import keyring_json
from storage.installation import LOG_KEY
from storage.keyring import KeyRing
from storage.sealing import KEY_BYTES
from tests.app.commands.program import assent

SEALED = """
select (select count(*) from key_check), (select count(*) from lead_key), (select count(*) from day_key),
       (select count(*) from installation)
"""


@pytest.fixture
def ring() -> KeyRing:
    """A ring as the first start makes it, a week and a day old."""
    made = KeyRing.create(os.urandom, datetime.now(UTC) - timedelta(days=8))
    return made.with_log_seed(LOG_KEY, os.urandom(KEY_BYTES)).next_revision()


async def sealed(dsn: str) -> tuple[int, ...]:
    connection = await asyncpg.connect(dsn)
    try:
        return tuple(await connection.fetchrow(SEALED))
    finally:
        await connection.close()


async def test_a_ring_from_the_environment_is_printed_anew_and_nothing_is_changed(
    database_dsn: str, tmp_path: Path, ring: KeyRing
) -> None:
    given = {"DATABASE_URL": database_dsn, "ASSENT_KEYRING": keyring_json.encode(ring)}
    assert (await assent(tmp_path, "keys", "status", **given)).status == 0
    before = await sealed(database_dsn)
    rotated = await assent(tmp_path, "keys", "rotate", **given)
    assert rotated.status == 0
    assert "Set ASSENT_KEYRING to that line" in rotated.stderr
    printed = keyring_json.decode(rotated.stdout.strip())
    assert (printed.active.kid, printed.revision) == (ring.active.kid + 1, ring.revision + 1)
    assert printed.keks[0].secret == ring.active.secret
    assert await sealed(database_dsn) == before


async def test_the_next_start_takes_the_new_value_and_refuses_the_former_one(
    database_dsn: str, tmp_path: Path, ring: KeyRing
) -> None:
    former = keyring_json.encode(ring)
    rotated = await assent(tmp_path, "keys", "rotate", DATABASE_URL=database_dsn, ASSENT_KEYRING=former)
    started = await assent(tmp_path, "keys", "status", DATABASE_URL=database_dsn, ASSENT_KEYRING=rotated.stdout.strip())
    assert "key 2: active" in started.stdout
    assert (await assent(tmp_path, "keys", "status", DATABASE_URL=database_dsn, ASSENT_KEYRING=former)).status == 78


async def test_the_doctor_looks_with_the_ring_of_the_environment(
    database_dsn: str, tmp_path: Path, ring: KeyRing
) -> None:
    checked = await assent(
        tmp_path,
        "check",
        DATABASE_URL=database_dsn,
        ASSENT_KEYRING=keyring_json.encode(ring),
        ASSENT_HOME=str(tmp_path),
    )
    assert "ok   database and keys: fit together" in checked.stdout
    assert "FAIL keys: a rotation is due: `assent keys rotate` prints the new ASSENT_KEYRING" in checked.stdout
    assert not tmp_path.with_name(f"{tmp_path.name}-keys").exists()


async def test_a_ring_in_a_file_is_rotated_in_place(database_dsn: str, tmp_path: Path) -> None:
    rotated = await assent(tmp_path, "keys", "rotate", DATABASE_URL=database_dsn)
    assert (rotated.status, rotated.stdout) == (0, "A new key epoch has begun.\n")
    kept = keyring_json.decode((tmp_path / "data-keys" / "keyring.json").read_bytes())
    assert kept.active.kid == 2

"""Does each demo begin anew, whatever an earlier one has left?"""

import json
import os
import shutil
from pathlib import Path

import pytest

from app.demo import _empty_database, demo_of


@pytest.mark.timeout(120)
async def test_a_demo_begins_anew_where_the_folder_of_an_earlier_one_was_deleted(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)  # as root the data then lies elsewhere, and outlives the folder
    environ = {name: os.environ[name] for name in ("ASSENT_PG_BIN",) if name in os.environ}
    settings = demo_of({**environ, "ASSENT_HOME": str(tmp_path / "demo")}, port=0, simulator_port=0).settings
    record = settings.home / "postgresql" / "server.json"
    async with _empty_database(settings):
        first = json.loads(record.read_text())
    if Path(first["files"]).is_absolute():
        shutil.rmtree(settings.home)
    else:
        record.unlink()
    async with _empty_database(settings):
        second = json.loads(record.read_text())
    assert (second["files"], second["password"] == first["password"]) == (first["files"], False)
    shutil.rmtree(record.parent / second["files"])

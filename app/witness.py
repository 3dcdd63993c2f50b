"""How does somebody run a witness for a log, with nothing but a key and a folder?

No database, no settings, no calls to anybody: it waits for logs to ask. The key is made at the first start.
"""

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from app.access import AccessLines, with_request_id
from domain.proof.errors import KeyFormatError
from domain.proof.keys import KeyType, Signer
from domain.proof.witnessing import known_logs
from storage.durable_files import create_file
from storage.witness_state import WitnessState
from webhooks.server import Serving, add_security_headers, serve
from webhooks.witness import MAX_BODY_BYTES, Witness


class WitnessRefused(Exception):
    """The witness cannot be started like this; the text says why and what to do."""


def prepare(key_file: Path, name: str, vkeys: Sequence[str], folder: Path) -> Witness:
    """The witness with its key and memory; raises WitnessRefused, KeyFormatError or WitnessStateLost."""
    logs = known_logs(vkeys)
    state = WitnessState(folder)
    if key_file.exists():
        signer = _read_key(key_file)
        state.bind(signer.verifier.vkey, fresh=False)
    else:
        signer = Signer(name=name, key_type=KeyType.COSIGNATURE, seed=os.urandom(32))
        # The memory first: a key without one could not be told from a key that lost it.
        state.bind(signer.verifier.vkey, fresh=True)
        key_file.parent.mkdir(parents=True, exist_ok=True)
        create_file(key_file, f"{signer.skey}\n".encode(), mode=0o600)
    return Witness(signer=signer, logs=logs, state=state, clock=lambda: int(time.time()))


def _read_key(file: Path) -> Signer:
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise WitnessRefused(f"{file} can be read by other accounts; run chmod 600 on it")
    try:
        signer = Signer.from_skey(file.read_text(encoding="ascii").strip())
    except (KeyFormatError, UnicodeDecodeError):
        raise WitnessRefused(f"{file} holds no key of a witness") from None
    if signer.key_type is not KeyType.COSIGNATURE:
        raise WitnessRefused(f"{file} holds the key of a log; a witness needs one of its own")
    return signer


def build_witness_app(witness: Witness) -> web.Application:
    """Every route of a witness."""
    app = web.Application(middlewares=[with_request_id], client_max_size=MAX_BODY_BYTES)
    add_security_headers(app, None)
    app.add_routes(witness.routes())
    return app


@asynccontextmanager
async def witnessing(witness: Witness, host: str, port: int) -> AsyncIterator[Serving]:
    """Serves while it is entered; ends with requests under way answered."""
    serving = await serve(
        build_witness_app(witness), host, port, access_log_class=AccessLines, grace=timedelta(seconds=5)
    )
    try:
        yield serving
    finally:
        await serving.close()


def policy_line(witness: Witness, url: str) -> str:
    """The line by which a log or an auditor names this witness in a policy file."""
    return f"witness {witness.signer.name} {witness.signer.verifier.vkey} {url}"

"""witness: cosign the checkpoints of logs that other people run."""

import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from app.commands.running import FAILURE, WRONG_CONFIGURATION, finish, leave

WRONG_USE = 2


def witness(
    key: Annotated[Path, typer.Option(help="The file with this witness's key; made at the first start.")],
    state: Annotated[Path, typer.Option(help="The folder in which it remembers what it cosigned.")],
    log: Annotated[list[str], typer.Option(help="The verifier key of a log; may be given several times.")],
    listen: Annotated[str, typer.Option(help="Where to listen, as HOST:PORT.")] = "127.0.0.1:8070",
    name: Annotated[
        str | None, typer.Option(help="The name a new key gets, such as your host's; kept with the key.")
    ] = None,
) -> None:
    """Run a witness for the logs of others: cosign each checkpoint that continues the one before. Needs no database."""
    import logging

    from app.logs import LogFormat, configure_logs
    from app.witness import WitnessRefused, prepare
    from domain.proof.errors import KeyFormatError
    from storage.witness_state import WitnessStateLost

    host, port = _address(listen)
    os.umask(0o077)
    configure_logs(logging.INFO, LogFormat.JSON)
    try:
        prepared = prepare(key, name or f"{socket.gethostname()}/witness", log, state)
    except KeyFormatError as error:
        leave(str(error), WRONG_USE)
    except (WitnessRefused, WitnessStateLost) as error:
        leave(str(error), WRONG_CONFIGURATION)
    except OSError as error:
        leave(f"cannot use {key} and {state} ({type(error).__name__})", FAILURE)
    if name is not None and prepared.signer.name != name:
        leave(f"the key in {key} bears the name {prepared.signer.name}; leave --name out", WRONG_USE)

    async def run() -> None:
        from app.up import stop_signals
        from app.witness import policy_line, witnessing

        with stop_signals() as stopped:
            async with witnessing(prepared, host, port) as serving:
                address = f"http://{host}:{serving.port}"
                print(f"Witness {prepared.signer.name} listens on {address}", flush=True)  # noqa: T201
                print(policy_line(prepared, address), flush=True)  # noqa: T201 - for the operator of the log
                await stopped.wait()

    finish(run())


def _address(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        leave("--listen is HOST:PORT, for instance 127.0.0.1:8070", WRONG_USE)
    return host.strip("[]"), int(port)

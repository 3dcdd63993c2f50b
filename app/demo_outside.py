"""Who holds the demo's log outside of its hands, on a machine without a network?

A witness, which in real life somebody else runs, and a folder, which in real life somebody carries away. Here both live
below the demo's home, and the witness in the demo's own process: enough to see how it works, and no proof of anything.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.witness import policy_line, prepare, witnessing
from webhooks.witness import Witness

WITNESS_NAME = "witness.example/demo"
EVERY = "10s"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutside:
    """The files of the demo's authorities, and where its witness listens."""

    folder: Path
    port: int

    @property
    def checkpoints(self) -> Path:
        """The folder that gets checkpoints."""
        return self.folder / "checkpoints"

    @property
    def witnesses(self) -> Path:
        """The policy by which the product knows the witness."""
        return self.folder / "witnesses.txt"

    @property
    def policy(self) -> Path:
        """What an auditor would have got elsewhere: the log's key and the witness's."""
        return self.folder / "policy.txt"

    def environ(self) -> dict[str, str]:
        """The settings that name these authorities."""
        return {
            "ASSENT_CHECKPOINT_FOLDER": str(self.checkpoints),
            "ASSENT_CHECKPOINT_FOLDER_EVERY": EVERY,
            "ASSENT_WITNESS_POLICY": str(self.witnesses),
            "ASSENT_WITNESS_EVERY": EVERY,
        }

    async def begin(self) -> None:
        """Makes the folder anew, with a witness that has seen nothing; before anything reads the settings' files."""
        await asyncio.to_thread(self._begin)

    @asynccontextmanager
    async def running(self, vkey: str) -> AsyncIterator[None]:
        """The witness of the log with this key, for as long as it is entered."""
        witness = await asyncio.to_thread(self._know, vkey)
        async with witnessing(witness, "127.0.0.1", self.port):
            yield

    def _begin(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.checkpoints.mkdir(parents=True)
        witness = self._witness()
        self.witnesses.write_text(f"{self._line(witness)}\nquorum none\n", encoding="utf-8")

    def _know(self, vkey: str) -> Witness:
        witness = self._witness(vkey)
        self.policy.write_text(f"log {vkey}\n{self._line(witness)}\nquorum none\n", encoding="utf-8")
        return witness

    def _witness(self, *vkeys: str) -> Witness:
        return prepare(self.folder / "witness.key", WITNESS_NAME, vkeys, self.folder / "witness-state")

    def _line(self, witness: Witness) -> str:
        return policy_line(witness, f"http://127.0.0.1:{self.port}")

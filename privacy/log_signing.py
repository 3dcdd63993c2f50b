"""Which keys sign a log's heads?

The database knows which public keys sign and the names of their seeds; the seeds are in the key ring. A seed that is
gone, or another one under the same name, signs nothing: the log would change its key without saying so. Each log has
a key of its own, made from seed and origin: whoever trusts the logs of several years names each of them once.
"""

from collections.abc import Sequence

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.log import LogKey, newest_seed, signing_keys
from storage.errors import StorageError
from storage.keyring import KeyMissing, KeyRing
from storage.log import StoredCheckpoint
from storage.sealing import derive


class LogKeyLost(StorageError):
    """The seed of a key that has to sign is not in the key ring."""

    code = "log.key_lost"

    def __init__(self, seed_name: str) -> None:
        super().__init__(
            f"the key {seed_name} that signs the log is not in the key ring. Put the newest key ring back; if the key "
            "is lost, run `assent proofs new-log --reason ...`. Until then nothing is sequenced or signed"
        )
        self.seed_name = seed_name


def signer_of(ring: KeyRing, origin: str, key: LogKey) -> Signer:
    """Raises LogKeyLost unless the ring holds the seed of exactly this key."""
    seed = ring.log_seeds.get(key.seed_name)
    signer = None if seed is None else signer_from(seed, origin)
    if signer is None or signer.verifier.vkey != key.vkey:
        raise LogKeyLost(key.seed_name)
    return signer


def newest_signer(ring: KeyRing, origin: str) -> tuple[str, Signer]:
    """The name of the newest seed, and the key it gives a log of this name; raises KeyMissing in a ring without."""
    name = newest_seed(ring.log_seeds)
    if name is None:
        raise KeyMissing("log signing key", "log")
    return name, signer_from(ring.log_seeds[name], origin)


def signer_from(seed: bytes, origin: str) -> Signer:
    """The key that a seed of the ring gives the log of this name: another one for each log."""
    return Signer(name=origin, key_type=KeyType.ED25519, seed=derive(seed, f"assent/log-key/v1/{origin}"))


def known_verifiers(ring: KeyRing, origin: str, keys: Sequence[LogKey]) -> list[Verifier]:
    """Every key that may have signed a head of this log, whatever an older database remembers of it."""
    seeds = [signer_from(seed, origin).verifier for seed in ring.log_seeds.values()]
    return list(dict.fromkeys([*(Verifier.from_vkey(key.vkey) for key in keys), *seeds]))


def signed(ring: KeyRing, origin: str, keys: Sequence[LogKey], stored: StoredCheckpoint) -> str:
    """The note of a stored head with the signature of every key that has to sign it; raises LogKeyLost."""
    signers = [signer_of(ring, origin, key) for key in signing_keys(keys, stored.size, stored.stored_at)]
    checkpoint = Checkpoint(origin=origin, size=stored.size, root=stored.root)
    return sign_checkpoint(checkpoint, *signers).decode()

"""What can be wrong with a proof, by name?

    ProofError
      EntryError            a nonce or entry of the wrong shape
      TreeError             a question about a tree that has no answer (index outside it ...)
      InclusionError        an inclusion path that does not lead to the root
      ConsistencyError      two roots that are not of one growing tree
      TileError             a tile path, tile or entry bundle of the wrong shape
      KeyFormatError        a vkey, skey or key name that cannot be read
      NoteError             a signed note of the wrong shape
        SignatureError        a known key whose signature fails
        UnknownSignersError   no signature by a key that is trusted
      CheckpointError       a checkpoint of the wrong shape, or of another log
      TlogProofError        a .tlog-proof file of the wrong shape
      PolicyError           a trust policy that cannot be read
      StampError            an answer of a time-stamping authority that does not hold
        StampRefusedError     an authority that granted no stamp
      WitnessRequestError   a request to a witness, or its answer, of the wrong shape
      RecordError           a record that breaks the rules of its kind
      BundleError           a bundle of the wrong shape
      LogNameError          a year or part that no log can have

Texts name what is wrong and where; they never repeat a record's content, a nonce or a key seed.
"""


class ProofError(Exception):
    """Base of everything that can be wrong with a proof; its text is safe to show to anybody."""


class EntryError(ProofError):
    """A nonce or log entry has the wrong shape."""


class TreeError(ProofError):
    """The tree asked about has no such leaf, size or node."""


class InclusionError(ProofError):
    """The entry is not shown to be in the tree."""


class ConsistencyError(ProofError):
    """The newer tree is not shown to continue the older one."""


class TileError(ProofError):
    """A tile path, a tile or an entry bundle has the wrong shape."""


class KeyFormatError(ProofError):
    """A key name, vkey, skey or seed cannot be read."""


class NoteError(ProofError):
    """A signed note has the wrong shape."""


class SignatureError(NoteError):
    """A trusted key is named, and its signature does not fit."""


class UnknownSignersError(NoteError):
    """No trusted key has signed."""


class CheckpointError(ProofError):
    """A checkpoint has the wrong shape or belongs to another log."""


class TlogProofError(ProofError):
    """A .tlog-proof file has the wrong shape."""


class PolicyError(ProofError):
    """A trust policy cannot be read."""


class StampError(ProofError):
    """A time-stamp request or answer does not hold."""


class StampRefusedError(StampError):
    """The authority granted no stamp."""


class WitnessRequestError(ProofError):
    """What a log and a witness say to each other has the wrong shape."""


class RecordError(ProofError):
    """A record breaks the rules of its kind."""


class BundleError(ProofError):
    """A bundle has the wrong shape, or its parts do not belong together."""


class LogNameError(ProofError):
    """No log of an installation can have this year or part."""

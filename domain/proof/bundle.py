"""What does an officer hand over, so that somebody else can check one record offline?

`make_bundle` refuses parts that do not belong together and gives a ZIP file that comes out byte for byte the same from
equal parts; docs/proof-format.md describes it. What can be believed of a bundle is for the verifier to say
(domain/proof/offline), which shares nothing with this module but fixed texts.
"""

import json
from collections.abc import Iterator

from domain.proof.bundle_checks import check_parts
from domain.proof.bundle_parts import LoggedRecord, OptInProof
from domain.proof.encoding import to_base64
from domain.proof.errors import BundleError
from domain.proof.offline.container import read_container, sums_text
from domain.proof.offline.errors import Wrong
from domain.proof.offline.jsonld import jsonld_of
from domain.proof.offline.report import BundleFacts, readme_text, report_page
from domain.proof.offline.surroundings import Act, act_of
from domain.proof.zip_form import write_zip


def make_bundle(proof: OptInProof) -> bytes:
    """The ZIP file; equal proofs give equal bytes. Raises a ProofError when the parts do not fit together."""
    checkpoint = check_parts(proof)
    data = write_zip(_with_sums(_members(proof, checkpoint.origin, checkpoint.size)))
    try:
        read_container(data)
    except Wrong as error:
        raise BundleError(f"nobody could read such a bundle: {error}") from None
    return data


def _members(proof: OptInProof, origin: str, size: int) -> Iterator[tuple[str, bytes]]:
    """All members but the last, in their order; `origin` and `size` are those of the main record's checkpoint."""
    main, record = proof.main, json.loads(proof.main.record)
    facts = BundleFacts(
        origin=origin,
        size=size,
        index=main.proof.index,
        leaf=main.leaf,
        related=[_act(item) for item in proof.related],
        anchors=[anchor.fact() for anchor in proof.anchors],
        identity=proof.identity is not None,
        raw_event=proof.raw is not None,
    )
    yield "README.txt", readme_text(record, facts)
    yield "report.html", report_page(record, facts)
    yield from main.members("record")
    yield "record.jsonld", jsonld_of(main.record)
    if proof.notice is not None:
        yield "notice.txt", proof.notice
    yield "policy.txt", proof.policy
    for folder, items in (("related", proof.related), ("keys", proof.keys)):
        for number, item in enumerate(items, 1):
            yield from item.members(f"{folder}/{number:02d}-{item.decoded.kind}")
    for number, anchor in enumerate(proof.anchors, 1):
        yield from anchor.members(number, main.proof.checkpoint)
    if proof.identity is not None:
        yield "disclosed/identity.json", proof.identity.encode()
    if proof.raw is not None:
        yield "disclosed/raw-event.bin", proof.raw.content
        yield "disclosed/raw-event.nonce", to_base64(proof.raw.nonce).encode() + b"\n"
    yield "verify.py", proof.checkers.verify_py
    yield "verify.html", proof.checkers.verify_html


def _act(item: LoggedRecord) -> Act:
    origin = item.proof.checkpoint.partition(b"\n")[0].decode()
    return act_of(json.loads(item.record), origin, item.proof.index)


def _with_sums(members: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    named = list(members)
    return [*named, ("SHA256SUMS", sums_text(named))]

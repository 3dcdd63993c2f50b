"""Does the script of the page know its arithmetic: published vectors, and signatures that are almost right?"""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Page

from domain.proof.offline import ed25519
from domain.proof.offline.certificates import read_pem, trusted_root
from domain.proof.offline.der import DerReader
from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.notes import read_note
from domain.proof.offline.paths import read_entry_proof
from domain.proof.offline.policies import read_policy
from domain.proof.offline.records import read_record
from domain.proof.offline.report import one_line
from domain.proof.offline.timestamps import read_time_stamp
from privacy.verify_page import script_parts
from tests.domain.proof.offline.authority import START, Desk, generalized, issue, root, time_stamper, tst_info
from tests.domain.proof.offline.maker import WITNESS, small_bundle
from tests.domain.proof.offline.test_ed25519 import KNOWN, ORDER, P, small_order_points
from tests.domain.proof.samples import VECTORS
from tests.privacy.verify_stand import VerifyPage, opened

FORMATS = ("bytes.js", "json.js", "tree.js", "ed25519.js", "notes.js", "paths.js", "policy.js")
JUDGE = """
const found = [];
for (const [key, message, signature] of cases.map((one) => one.map(fromHex))) {
  const browser = await verifiesNatively(key, message, signature);
  const here = await verifyEd25519(key, message, signature, () => null);
  found.push([browser, here, await verifyEd25519(key, message, signature)]);
}
return found;
"""
TREES = """
const kinds = [[vectors.inclusion, inclusion], [vectors.consistency, consistency]];
async function inclusion({ index, size, proof }, change) {
  const [leaf, root] = [vectors.leaf_hashes[index], vectors.roots[size]].map(fromHex);
  await verifyInclusion(leaf, BigInt(index), BigInt(size), proof.map(fromHex).map(change), root);
}
async function consistency({ old, new: size, proof }, change) {
  const [older, newer] = [vectors.roots[old], vectors.roots[size]].map(fromHex);
  await verifyConsistency(BigInt(old), BigInt(size), proof.map(fromHex).map(change), older, newer);
}
let [held, refused] = [0, 0];
for (const [proofs, verify] of kinds) {
  for (const one of proofs) {
    await verify(one, (hash) => hash);
    held += 1;
    for (let place = 0; place < one.proof.length; place += 1) {
      const changed = (hash) => hash.map((byte, number) => (number === 7 ? byte ^ 16 : byte));
      try {
        await verify(one, (hash, at) => (at === place ? changed(hash) : hash));
      } catch {
        refused += 1;
      }
    }
  }
}
return [held, refused];
"""
NOTES = """
const [log, witness] = [await readVkey(vectors.keys.log_vkey), await readVkey(vectors.keys.witness_vkey)];
const seen = await openNote(utf8(vectors.checkpoint_8_cosigned), [log], [witness]);
const proof = readEntryProof(utf8(vectors.with_nonce));
await verifyInclusion(fromHex(vectors.ct_tree.leaf_hashes[5]), proof.index, seen.size, proof.path, seen.root);
const path = readConsistencyProof(utf8(vectors.add_checkpoint_request_6_to_8));
const old = await openNote(utf8(vectors.checkpoint_6), [log]);
await verifyConsistency(path.oldSize, seen.size, path.path, old.root, seen.root);
const { record, nonce_hex: nonce } = vectors.commitment;
const leaf = await leafOf(utf8(record), fromHex(nonce));
return { time: String(seen.cosignatures[0].time), size: String(seen.size), leaf: toHex(leaf), code: receiptCode(leaf) };
"""


@pytest.fixture
async def page(browser_page: Page, tmp_path: Path) -> AsyncIterator[VerifyPage]:
    async with opened(browser_page, tmp_path) as page:
        yield page


async def run(page: VerifyPage, body: str, name: str, value: object, parts: tuple[str, ...] = FORMATS) -> Any:
    """What this body returns behind these parts of the script, in the page and by the browser it has to do with."""
    script = await asyncio.to_thread(script_parts, parts)
    return await page.page.evaluate(f"async ({name}) => {{\n{script}\n{body}}}", value)


def almost_right() -> Iterator[tuple[bytes, bytes, bytes]]:
    """Key, message and signature: true ones, neighbours, and those by which implementations differ."""
    chance = Random(1)  # the same every time
    for public, message, signature in KNOWN:
        yield bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    for number in range(12):
        secret = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        key, message = secret.public_key().public_bytes_raw(), chance.randbytes(number * 9)
        signature = secret.sign(message)
        yield key, message, signature
        yield key, message + b"x", signature
        s = int.from_bytes(signature[32:], "little")
        for more in range(1, 9):
            if s + more * ORDER < 2**256:
                yield key, message, signature[:32] + (s + more * ORDER).to_bytes(32, "little")
        for part in (key, signature[:32], signature[32:]):
            changed = bytearray(part)
            changed[chance.randrange(32)] ^= 1 << chance.randrange(8)
            flipped = bytes(changed)
            if part is key:
                yield flipped, message, signature
            elif part == signature[:32]:
                yield key, message, flipped + signature[32:]
            else:
                yield key, message, signature[:32] + flipped
    for y in (*range(19), P - 1, P - 2):
        for sign in (0, 1):
            second = ((y + P if y < 19 else y) | sign << 255).to_bytes(32, "little")
            yield second, b"", (1).to_bytes(32, "little") + bytes(32)
            yield KNOWN_KEY, b"", second + bytes(32)
    for key in small_order_points():
        for r in small_order_points():
            yield key, b"1", r + bytes(32)
    yield from _signed_beside_the_group()


KNOWN_KEY = bytes.fromhex(KNOWN[0][0])


def _signed_beside_the_group() -> Iterator[tuple[bytes, bytes, bytes]]:
    """By keys with a part of small order: with the cofactor they all fit, without it only one in eight."""
    secret = int.from_bytes(hashlib.sha256(b"secret").digest(), "little") % ORDER
    base = ed25519._decode_point(ed25519._BASE_Y.to_bytes(32, "little"))
    aside = ed25519._decode_point(small_order_points()[4])
    assert base is not None
    assert aside is not None
    key = ed25519._encode_point(ed25519._add(_times(secret, base), aside))
    for number in range(24):
        message = b"%d" % number
        r = int.from_bytes(hashlib.sha256(b"r" + message).digest(), "little") % ORDER
        bound = ed25519._encode_point(_times(r, base))
        k = int.from_bytes(hashlib.sha512(bound + key + message).digest(), "little") % ORDER
        yield key, message, bound + ((r + k * secret) % ORDER).to_bytes(32, "little")


def _times(scalar: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    total = (0, 1, 1, 0)
    for bit in bin(scalar)[2:]:
        total = ed25519._double(total)
        total = ed25519._add(total, point) if bit == "1" else total
    return total


async def test_every_signature_is_judged_like_in_python_by_the_browser_and_by_plain_arithmetic(
    page: VerifyPage,
) -> None:
    cases = list(almost_right())
    found = await run(page, JUDGE, "cases", [[part.hex() for part in case] for case in cases])
    expected = [ed25519.ed25519_fits(*case) for case in cases]
    assert [here for _, here, _ in found] == expected
    assert [both for _, _, both in found] == expected
    # Ours is the stricter one: what we refuse, browsers may take; what they refuse, we never take.
    assert all(browser is not None and browser >= here for browser, here, _ in found)
    assert sum(expected) > 15
    assert expected.count(False) > 150


async def test_a_browser_without_ed25519_is_answered_by_plain_arithmetic(browser_page: Page, tmp_path: Path) -> None:
    async with opened(browser_page, tmp_path, before=WITHOUT_ED25519) as page:
        cases = [[part.hex() for part in case] for case in list(almost_right())[:30]]
        found = await run(page, JUDGE, "cases", cases)
    assert {browser for browser, _, _ in found} == {None}
    assert [both for _, _, both in found] == [here for _, here, _ in found]
    assert any(here for _, here, _ in found)


WITHOUT_ED25519 = """
const importKey = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (form, key, scheme, ...rest) {
  if (scheme.name === "Ed25519") return Promise.reject(new DOMException("no Ed25519 here", "NotSupportedError"));
  return importKey.call(this, form, key, scheme, ...rest);
};
"""


async def test_the_published_trees_hold_and_changed_paths_do_not(page: VerifyPage) -> None:
    trees = VECTORS["ct_tree"]
    held, refused = await run(page, TREES, "vectors", trees)
    assert held == len(trees["inclusion"]) + len(trees["consistency"]) == 64
    assert refused == sum(len(one["proof"]) for kind in ("inclusion", "consistency") for one in trees[kind])


async def test_the_published_notes_proofs_and_commitment_open(page: VerifyPage) -> None:
    nonce = base64.b64encode(bytes(64)).decode()
    proof = VECTORS["tlog_proof_index_5"].replace("\nindex", f"\nextra {nonce}\nindex")
    found = await run(page, NOTES, "vectors", {**VECTORS, "with_nonce": proof})
    assert found == {
        "time": "1790000000", "size": "8", "leaf": VECTORS["commitment"]["leaf_hash"],
        "code": "MRZ0-SX0Z-CK18-CEE9-NZ8A-R2ZX-9SE8-CFA8",
    }  # fmt: skip


async def test_every_character_is_escaped_or_not_like_in_python(page: VerifyPage) -> None:
    points = [*range(0xD800), *range(0xE000, 0x30000, 7), *range(0xE000, 0xE100), *range(0xF8F0, 0x10100)]
    points += [0xE0000, 0xE0001, 0xE007F, 0xFFFFF, 0x10FFFF, 0x1F600]
    body = "return points.map((point) => oneLine(String.fromCodePoint(point)));"
    found = await run(page, body, "points", points, ("bytes.js", "report.js"))
    assert found == [one_line(chr(point)) for point in points]


TOKENS = """
const roots = readPem(fromHex(root));
const found = [];
for (const token of tokens) {
  try {
    const stamp = await readTimeStamp(fromHex(token), fromHex(stamped));
    const held = new Date(stamp.time).toISOString().slice(0, 19);
    found.push(await trustedRoot(stamp.signer, stamp.certificates, roots, stamp.time).then(
      (top) => `${held} ${commonName(top)}`,
      (error) => `${held} but ${error.message}`,
    ));
  } catch (error) {
    found.push(error instanceof Wrong ? `${error instanceof Unreadable} ${error.message}` : String(error));
  }
}
return found;
"""
CERTIFIED = ("bytes.js", "json.js", "records.js", "der.js", "certificates.js", "timestamps.js")
NOTE = VECTORS["checkpoint_8"].encode()


def judged(token: bytes, root_pem: bytes) -> str:
    """What the Python steps say of a token, in one line."""
    try:
        stamp = read_time_stamp(token, NOTE)
    except Wrong as error:
        return f"{str(isinstance(error, Unreadable)).lower()} {error}"
    held = stamp.time.strftime("%Y-%m-%dT%H:%M:%S")
    try:
        return f"{held} {trusted_root(stamp.signer, stamp.certificates, read_pem(root_pem), stamp.time).common_name}"
    except Wrong as error:
        return f"{held} but {error}"


def neighbours(token: bytes, step: int) -> list[bytes]:
    """The token, cut ones, and ones with a bit changed in every so many bytes."""
    found = [token, token[:-1], token + b"\0"]
    for place in range(0, len(token), step):
        changed = bytearray(token)
        changed[place] ^= 1 << place % 8
        found.append(bytes(changed))
    return found


async def test_every_time_stamp_and_each_of_its_neighbours_is_judged_like_in_python(
    page: VerifyPage, tmp_path: Path
) -> None:
    for number, (kind, step) in enumerate((("RSA-2048", 1), ("P-256", 9), ("P-384", 60), ("P-521", 90))):
        top = root(kind=kind)
        desk = Desk(tmp_path / kind, time_stamper(issue("Between", top, kind=kind, authority=True), kind=kind))
        ess = "sha1" if kind == "P-521" else "sha256"
        tokens = neighbours(desk.honest(NOTE, digest=("sha256", "sha384", "sha512")[number % 3], ess=ess), step)
        if kind == "RSA-2048":
            info = tst_info(NOTE, generalized(START + timedelta(days=9)))
            for salt in ("digest", "max", "0"):
                pss = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", f"rsa_pss_saltlen:{salt}")
                tokens += neighbours(desk.signed(info, *pss), 40)
        value = {"tokens": [token.hex() for token in tokens], "stamped": NOTE.hex(), "root": top.pem.hex()}
        found = await run(page, TOKENS, "{ tokens, stamped, root }", value, CERTIFIED)
        assert found == [judged(token, top.pem) for token in tokens]
        assert found[0].endswith("Test root")
        assert sum(line.endswith("Test root") for line in found) < len(tokens) / 6


TIMES = """
return values.map((hex) => {
  try {
    return new Date(new DerReader(fromHex(hex)).take().time()).toISOString().slice(0, 19);
  } catch (error) {
    return error instanceof Wrong ? error.message : String(error);
  }
});
"""
HONEST_TIMES = (
    (0x17, "260601120000Z"),
    (0x17, "991231235959Z"),
    (0x17, "500101000000Z"),
    (0x18, "20260601120000Z"),
    (0x18, "20260601120000.25Z"),
    (0x18, "00010101000000Z"),
)
ODD_TIMES = (
    (0x17, "260601120000.5Z"),
    (0x17, "20260601120000Z"),
    (0x18, "260601120000Z"),
    (0x18, "00000101000000Z"),
    (0x18, "20260229120000Z"),
    (0x18, "20260601120060Z"),
    (0x18, "20260601120000.Z"),
    (0x18, "20260601120000.50Z"),
    (0x18, "20260601120000" + "." + "1" * 49 + "Z"),
    (0x18, "20260601120000" + "." + "1" * 48 + "Z"),
    (0x18, "20260601120000+0000"),
    (0x18, "20260601120000.\n1Z"),
    (0x18, "20260601120000Z\n"),
    (0x04, "20260601120000Z"),
)


def times() -> Iterator[bytes]:
    """Times, odd times, and every time with any one of its bytes made any other."""
    for tag, text in (*HONEST_TIMES, *ODD_TIMES):
        yield bytes((tag, len(text))) + text.encode()
    for tag, text in HONEST_TIMES:
        for place in range(len(text)):
            for byte in range(256):
                yield bytes((tag, len(text))) + text.encode()[:place] + bytes([byte]) + text.encode()[place + 1 :]


def time_in_python(value: bytes) -> str:
    try:
        return DerReader(value).take().time().replace(tzinfo=None).isoformat()
    except Wrong as error:
        return str(error)


async def test_every_time_and_each_of_its_neighbours_is_read_like_in_python(page: VerifyPage) -> None:
    values = list(times())
    found = await run(page, TIMES, "{ values }", {"values": [value.hex() for value in values]}, CERTIFIED)
    assert dict(zip(values, found, strict=True)) == {value: time_in_python(value) for value in values}
    assert all("T" in line for line in found[: len(HONEST_TIMES)])


READ = """
const readers = { record: readRecord, proof: readEntryProof, note: readNote, policy: readPolicy };
const found = [];
for (const text of texts) {
  try {
    await readers[kind](fromHex(text));
    found.push("held");
  } catch (error) {
    found.push(error instanceof Wrong ? `${error instanceof Unreadable} ${error.message}` : String(error));
  }
}
return found;
"""
READERS: dict[str, Callable[[bytes], object]] = {
    "record": read_record,
    "proof": read_entry_proof,
    "note": read_note,
    "policy": read_policy,
}


def read_in_python(kind: str, text: bytes) -> str:
    try:
        READERS[kind](text)
    except Wrong as error:
        return re.sub(r" at byte \d+", "", f"{str(isinstance(error, Unreadable)).lower()} {error}")
    return "held"


async def test_each_neighbour_of_a_text_is_read_like_in_python(page: VerifyPage) -> None:
    bundle = small_bundle(controller={"name": "Bäckerei 名 \U0001f600", "contact": '\\ " \n \x7f'})
    members = bundle.members()
    policy = members["policy.txt"] + b"group g any w\nquorum g\n"
    policy = policy.replace(b"quorum none\n", f"witness w {WITNESS.vkey} http://w\n".encode())
    texts = {
        "record": (members["record.json"], 3), "proof": (members["record.tlog-proof"], 3), "note": (bundle.note, 1),
        "policy": (policy, 2),
    }  # fmt: skip
    for kind, (text, step) in texts.items():
        near = [*neighbours(text, step), *(text.replace(letter, b"") for letter in (b"\n", b'"', b" ", b"+"))]
        found = await run(page, READ, "{ kind, texts }", {"kind": kind, "texts": [one.hex() for one in near]}, READING)
        assert found == [read_in_python(kind, one) for one in near]
        assert found[0] == "held"


READING = ("bytes.js", "json.js", "records.js", "tree.js", "notes.js", "paths.js", "policy.js")

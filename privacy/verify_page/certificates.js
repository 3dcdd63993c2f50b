// Does a certificate lead to one that the auditor trusts, at the moment in question? X.509 version 3, RFC 5280.
//
// As much of it as time-stamping authorities use: RSA and NIST curves, SHA-2, no revocation lists.

const DIGESTS = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);
const [TIME_STAMPING, ANY_USE] = ["1.3.6.1.5.5.7.3.8", "2.5.29.37.0"];
const [BASIC, KEY_USAGE, EXTENDED, SUBJECT_KEY] = ["2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14"];
// Understood, or about things that are not asked here: names of other kinds, policies.
const KNOWN_EXTENSIONS = [BASIC, KEY_USAGE, EXTENDED, SUBJECT_KEY, "2.5.29.35", "2.5.29.17", "2.5.29.32"];
const [SIGN_OR_COMMIT, SIGN_CERTIFICATES] = [0xc0, 0x04]; // bits of the key usage
const [RSA, PSS, MGF1] = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"];
const [EC, COMMON_NAME] = ["1.2.840.10045.2.1", "2.5.4.3"];
const numbered = (stem, first) => [...DIGESTS.values()].map((name, at) => [`${stem}.${first + at}`, name]);
const RSA_WITH = new Map(numbered("1.2.840.113549.1.1", 11));
const ECDSA_WITH = new Map(numbered("1.2.840.10045.4.3", 2));
const CURVES = new Map([
  ["1.2.840.10045.3.1.7", ["P-256", 32]],
  ["1.3.132.0.34", ["P-384", 48]],
  ["1.3.132.0.35", ["P-521", 66]],
]);
const [MAX_CHAIN, MAX_TRIES] = [6, 32];
const PEM = /-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----/g;

// The certificates in a PEM file, at least one.
function readPem(data) {
  const text = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
  const found = Array.from(text.matchAll(PEM), ([, block]) => readCertificate(looseBase64(block)));
  must(found.length, "the file holds no certificate in PEM form");
  return found;
}

function looseBase64(block) {
  try {
    return ascii(atob(block));
  } catch {
    throw new Wrong("a certificate is not base64");
  }
}

// The certificate in these DER bytes, nothing verified.
function readCertificate(encoded) {
  const outer = readDer(encoded).values();
  const [signed, algorithm, signature] = [outer.take(SEQUENCE), outer.take(SEQUENCE), outer.take(BIT_STRING).bits()];
  outer.end();
  const inner = signed.values();
  const version = inner.takeIf(0xa0);
  const serial = inner.take(INTEGER).number();
  must(equal(inner.take(SEQUENCE).encoded, algorithm.encoded), "a certificate names two algorithms");
  const issuer = inner.take(SEQUENCE).encoded;
  const validity = inner.take(SEQUENCE).values();
  const [notBefore, notAfter] = [validity.take().time(), validity.take().time()];
  validity.end();
  const [subject, publicKey] = [inner.take(SEQUENCE).encoded, inner.take(SEQUENCE)];
  inner.takeIf(0x81);
  inner.takeIf(0x82);
  const holder = inner.takeIf(0xa3);
  inner.end();
  const versed = holder === null || (version !== null && version.only(0xa0).number() === 2n);
  must(versed, "a certificate has extensions and is not of version 3");
  const extensions = holder === null ? new Map() : readExtensions(holder.only(0xa3));
  const signedPart = { signed: signed.encoded, algorithm, signature };
  return { encoded, ...signedPart, serial, issuer, subject, notBefore, notAfter, publicKey, extensions };
}

function readExtensions(block) {
  const found = new Map();
  for (const one of block.values().rest()) {
    const reader = one.values();
    const name = reader.take(OID).oid();
    const critical = reader.takeIf(BOOLEAN)?.boolean() ?? false;
    must(!found.has(name), "a certificate has one extension twice");
    found.set(name, { critical, value: reader.take(OCTET_STRING).content });
    reader.end();
  }
  return found;
}

function extensionOf(certificate, name) {
  const found = certificate.extensions.get(name);
  return found ? readDer(found.value) : null;
}

// The extended key usages, null without them.
function usesOf(certificate) {
  return extensionOf(certificate, EXTENDED)?.values().rest().map((use) => use.oid()) ?? null;
}

function isKnown(certificate) {
  return [...certificate.extensions].every(([name, { critical }]) => !critical || KNOWN_EXTENSIONS.includes(name));
}

// Whether the key usage, where there is one, has any of these bits of its first byte.
function may(certificate, bits) {
  const usage = extensionOf(certificate, KEY_USAGE);
  return usage === null || (usage.expect(BIT_STRING).content[1] & bits) !== 0;
}

const sameCertificate = (one, other) => equal(one.encoded, other.encoded);
const covers = (certificate, time) => certificate.notBefore <= time && time <= certificate.notAfter;

// The subject's last common name, for people; never compared.
function commonName(certificate) {
  let name = "without a common name";
  for (const group of readDer(certificate.subject).values().rest()) {
    for (const pair of group.values(SET).rest()) {
      const reader = pair.values();
      if (reader.take(OID).oid() === COMMON_NAME) name = new TextDecoder().decode(reader.take().content);
    }
  }
  return name;
}

// Whether the certificate's key signed the message; `digestName` where the algorithm does not name its own.
async function signatureFits(certificate, algorithm, digestName, message, signature) {
  const reader = algorithm.values();
  const name = reader.take(OID).oid();
  const parameters = reader.rest();
  must(parameters.length <= 1, "a structure has more values than belong in it");
  const holder = certificate.publicKey.values();
  const kind = holder.take(SEQUENCE).values();
  const [keyName, key] = [kind.take(OID).oid(), holder.take(BIT_STRING).bits()];
  holder.end();
  if (ECDSA_WITH.has(name) && keyName === EC) {
    return ecdsaFits(kind.take(OID).oid(), key, ECDSA_WITH.get(name), message, signature);
  }
  const rsa = [RSA, PSS].includes(keyName) && (RSA_WITH.has(name) || [RSA, PSS].includes(name));
  must(rsa, "a signature is of an algorithm that is not known here");
  if (name === PSS) return rsaFits(key, pssParameters(parameters[0]), message, signature);
  const hash = RSA_WITH.get(name) ?? digestName;
  must(hash !== null && keyName !== PSS, "a signature does not say which digest it is made of");
  return rsaFits(key, { name: "RSASSA-PKCS1-v1_5", hash }, message, signature);
}

async function ecdsaFits(curveName, key, hash, message, signature) {
  must(CURVES.has(curveName), "a key is on a curve that is not known here");
  const [namedCurve, width] = CURVES.get(curveName);
  must(key.length === 1 + 2 * width && key[0] === 4, "a key on a curve is not an uncompressed point");
  const numbers = ecdsaNumbers(signature);
  const hex = numbers?.map((number) => number.toString(16).padStart(width * 2, "0"));
  if (!hex?.every((text, at) => numbers[at] > 0n && text.length === width * 2)) return false;
  return webVerify("raw", key, { name: "ECDSA", namedCurve, hash }, fromHex(hex.join("")), message);
}

function ecdsaNumbers(signature) {
  try {
    const values = readDer(signature).values();
    const numbers = [values.take(INTEGER).number(), values.take(INTEGER).number()];
    values.end();
    return numbers;
  } catch {
    return null;
  }
}

async function rsaFits(key, scheme, message, signature) {
  const numbers = readDer(key).values();
  const [modulus, exponent] = [numbers.take(INTEGER).number(), numbers.take(INTEGER).number()];
  numbers.end();
  const bits = modulus > 0n ? modulus.toString(2).length : 0;
  const odd = (modulus & exponent & 1n) === 1n;
  if (bits < 2048 || bits > 16_384 || !odd || exponent < 3n || signature.length !== Math.ceil(bits / 8)) return false;
  const url = (number) => {
    const hex = number.toString(16);
    const text = toBase64(fromHex(hex.padStart(hex.length + (hex.length % 2), "0")));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  return webVerify("jwk", { kty: "RSA", n: url(modulus), e: url(exponent) }, scheme, signature, message);
}

async function webVerify(form, key, scheme, signature, message) {
  try {
    return await subtle.verify(scheme, await subtle.importKey(form, key, scheme, false, ["verify"]), signature, message);
  } catch {
    return false; // a key that no browser takes has signed nothing
  }
}

// A digest of the SHA-2 family; anything else is refused as too weak or unknown.
function digestNameOf(algorithm) {
  const name = algorithm.values().take(OID).oid();
  must(DIGESTS.has(name), "a digest is of an algorithm that is too weak, or not known here");
  return DIGESTS.get(name);
}

// Digest and length of the salt; the defaults mean SHA-1, which is refused.
function pssParameters(parameters) {
  must(parameters, "a PSS signature has no parameters");
  const reader = parameters.values();
  const [digestPart, mask, salt] = [reader.take(0xa0).only(0xa0), reader.take(0xa1).only(0xa1), reader.takeIf(0xa2)];
  const trailer = reader.takeIf(0xa3);
  reader.end();
  const inner = mask.values();
  const [hash, mgf1] = [digestNameOf(digestPart), inner.take(OID).oid() === MGF1];
  const saltLength = salt === null ? 20n : salt.only(0xa2).number();
  const known = mgf1 && digestNameOf(inner.take()) === hash && saltLength >= 0n && saltLength <= 512n && trailer === null;
  must(known, "a PSS signature has parameters that are not known here");
  return { name: "RSA-PSS", hash, saltLength: Number(saltLength) };
}

// The pinned certificate that the signer's leads to, each one on the way good at that moment; else Wrong.
async function trustedRoot(signer, others, roots, time) {
  if (roots.some((root) => sameCertificate(root, signer))) return signer;
  const [chains, reasons] = [[[signer]], []];
  for (const chain of chains) {
    for (const issuer of [...roots, ...others]) {
      const last = chain.at(-1);
      if (!equal(issuer.subject, last.issuer) || chain.some((one) => sameCertificate(one, issuer))) continue;
      must(reasons.length < MAX_TRIES, "a token brings too many certificates of one name");
      const pinned = roots.some((root) => sameCertificate(root, issuer));
      const reason = await notAnIssuer(issuer, chain, time, pinned);
      if (reason !== null) reasons.push(`the certificate of ${commonName(issuer)} ${reason}`);
      else if (pinned) return issuer;
      else if (chain.length < MAX_CHAIN && chains.length < MAX_TRIES) chains.push([...chain, issuer]);
    }
  }
  throw new Wrong(reasons[0] ?? "its certificates lead to none of the roots that were given");
}

// Why the certificate may not have issued the last one of the chain; null when it may, and did.
async function notAnIssuer(issuer, chain, time, pinned) {
  const values = extensionOf(issuer, BASIC)?.values();
  const [authority, limit] = [values?.takeIf(BOOLEAN), values?.takeIf(INTEGER)];
  if (!authority?.boolean()) return "is none of an authority";
  if (limit && limit.number() < BigInt(chain.length - 1)) return "does not allow that many authorities below it";
  if (!may(issuer, SIGN_CERTIFICATES)) return "is not for signing certificates";
  if (!isKnown(issuer)) return "has a critical extension that is not known here";
  const uses = pinned ? null : usesOf(issuer);
  if (uses !== null && !uses.some((use) => [TIME_STAMPING, ANY_USE].includes(use))) return "is not for time-stamping";
  if (!covers(issuer, time)) return "was not in force at that time";
  return (await hasSigned(issuer, chain.at(-1))) ? null : "did not sign the one below it";
}

async function hasSigned(issuer, below) {
  try {
    return await signatureFits(issuer, below.algorithm, null, below.signed, below.signature);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return false; // by a key of another kind, which another authority of the same name may have
  }
}

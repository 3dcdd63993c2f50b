// Did a time-stamping authority see these bytes, and when? RFC 3161 answers around CMS SignedData (RFC 5652).
//
// Everything that a token says about itself must hold, whether or not its authority is trusted.

const [SIGNED_DATA, TST_INFO] = ["1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"];
const [CONTENT_TYPE, MESSAGE_DIGEST] = ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"];
const [SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_2] = ["1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"];
const MAX_ATTRIBUTES = 64;
const MAX_CERTIFICATES = 16;

// What the answer shows about the stamped bytes: when, by whom, and with which other certificates it came.
async function readTimeStamp(answer, stamped) {
  const outer = readDer(answer).values();
  const status = outer.take(SEQUENCE).values().take(INTEGER).number();
  must(status === 0n || status === 1n, "the authority did not grant a time stamp");
  const token = outer.take(SEQUENCE).values();
  outer.end();
  must(token.take(OID).oid() === SIGNED_DATA, "the token is no signed data");
  const signed = token.take(0xa0).only(0xa0).values();
  token.end();
  signed.take(INTEGER);
  signed.take(SET);
  const wrapped = signed.take(SEQUENCE).values();
  must(wrapped.take(OID).oid() === TST_INFO, "what the token signs is no time stamp");
  const { content } = wrapped.take(0xa0).only(0xa0).expect(OCTET_STRING);
  wrapped.end();
  const certificates = readCertificates(signed.takeIf(0xa0));
  signed.takeIf(0xa1);
  const signers = signed.take(SET).values(SET);
  signed.end();
  const info = signers.take(SEQUENCE);
  signers.end(); // RFC 3161, section 2.4.2: nobody but the authority signs
  const signer = await checkSigner(info, content, certificates);
  const time = await checkContent(content, stamped);
  checkAuthority(signer, time);
  return { time, signer, certificates: certificates.filter((other) => other !== signer) };
}

function readCertificates(holder) {
  must(holder !== null, "the token brings no certificate of its authority");
  const found = holder.values(0xa0).rest().map((one) => readCertificate(one.expect(SEQUENCE).encoded));
  must(found.length <= MAX_CERTIFICATES, `a token brings more than ${MAX_CERTIFICATES} certificates`, Unreadable);
  return found;
}

// The time in a TSTInfo about these bytes.
async function checkContent(content, stamped) {
  const info = readDer(content).values();
  must(info.take(INTEGER).number() === 1n, "the time stamp is of a version that is not known here");
  info.take(OID);
  const imprint = info.take(SEQUENCE).values();
  const name = digestNameOf(imprint.take(SEQUENCE));
  const fits = name === "SHA-256" && equal(imprint.take(OCTET_STRING).content, await sha256(stamped));
  must(fits, "the time stamp is about other bytes: its imprint is not the digest of the checkpoint");
  imprint.end();
  info.take(INTEGER).number();
  return info.take(GENERALIZED_TIME).time();
}

// The certificate whose key signed the token, once signature and signed attributes hold.
async function checkSigner(info, content, certificates) {
  const reader = info.values();
  reader.take(INTEGER);
  const nameOfSigner = reader.take();
  const digestName = digestNameOf(reader.take(SEQUENCE));
  const block = reader.take(0xa0);
  const [algorithm, signature] = [reader.take(SEQUENCE), reader.take(OCTET_STRING).content];
  reader.takeIf(0xa1);
  reader.end();
  const attributes = readAttributes(block);
  const type = oneValue(attributes, CONTENT_TYPE, "content type").oid();
  must(type === TST_INFO, "the signed content type is no time stamp");
  const told = oneValue(attributes, MESSAGE_DIGEST, "message digest").expect(OCTET_STRING).content;
  must(equal(told, await digest(digestName, content)), "the signed digest is not that of the time stamp");
  const signer = await namedSigner(attributes, certificates);
  const named = isNamed(nameOfSigner, signer);
  must(named, "the signer's name is not on the certificate of the signing-certificate attribute");
  // What is signed are the attributes as a SET (RFC 5652, section 5.4), not under their tag in the token.
  const text = concat(Uint8Array.of(SET), block.encoded.subarray(1));
  const fits = await signatureFits(signer, algorithm, digestName, text, signature);
  must(fits, "the authority's signature does not fit the token");
  return signer;
}

function readAttributes(block) {
  const found = new Map();
  for (const attribute of block.values(0xa0).rest()) {
    const reader = attribute.values();
    const name = reader.take(OID).oid();
    const fresh = !found.has(name) && found.size < MAX_ATTRIBUTES;
    must(fresh, "the token has one signed attribute twice, or too many");
    found.set(name, reader.take(SET));
    reader.end();
  }
  return found;
}

function oneValue(attributes, name, what) {
  must(attributes.has(name), `the token has no signed attribute for the ${what}`);
  return attributes.get(name).only(SET);
}

// The certificate that the signing-certificate attribute names by its digest.
async function namedSigner(attributes, certificates) {
  const newer = attributes.has(SIGNING_CERTIFICATE_2);
  const set = attributes.get(newer ? SIGNING_CERTIFICATE_2 : SIGNING_CERTIFICATE);
  must(set, "the token has no signing-certificate attribute");
  const first = set.only(SET).values().take(SEQUENCE).values().take(SEQUENCE).values();
  const stated = newer ? first.takeIf(SEQUENCE) : null;
  const name = stated !== null ? digestNameOf(stated) : newer ? "SHA-256" : "SHA-1";
  const told = first.take(OCTET_STRING).content;
  for (const certificate of certificates) {
    if (!equal(await digest(name, certificate.encoded), told)) continue;
    checkIssuerAndSerial(first, certificate);
    return certificate;
  }
  throw new Wrong("the signing-certificate attribute names a certificate that is not in the token");
}

// IssuerSerial, where it is there: GeneralNames with the issuer's directory name, and the serial number.
function checkIssuerAndSerial(reader, certificate) {
  const holder = reader.takeIf(SEQUENCE);
  reader.end();
  if (holder === null) return;
  const inner = holder.values();
  const [names, serial] = [inner.take(SEQUENCE), inner.take(INTEGER).number()];
  inner.end();
  const issuers = names.values().rest().filter((name) => name.tag === 0xa4);
  const fits = serial === certificate.serial && issuers.some((name) => equal(name.content, certificate.issuer));
  must(fits, "the signing-certificate attribute names another issuer or serial number");
}

// Whether the signer identifier (issuer and serial number, or key identifier) is this certificate's.
function isNamed(name, certificate) {
  if (name.tag === SEQUENCE) {
    const reader = name.values();
    const [issuer, serial] = [reader.take(SEQUENCE).encoded, reader.take(INTEGER).number()];
    reader.end();
    return equal(issuer, certificate.issuer) && serial === certificate.serial;
  }
  const keyId = extensionOf(certificate, SUBJECT_KEY);
  return name.tag === 0x80 && keyId !== null && equal(keyId.content, name.content);
}

function checkAuthority(signer, time) {
  const uses = usesOf(signer);
  const alone = signer.extensions.get(EXTENDED)?.critical && uses.length === 1 && uses[0] === TIME_STAMPING;
  must(alone, "the authority's certificate is not, by a critical extension, for time-stamping alone");
  must(isKnown(signer), "the authority's certificate has a critical extension that is not known here");
  must(may(signer, SIGN_OR_COMMIT), "the authority's certificate is not for signatures");
  must(covers(signer, time), "the authority's certificate was not in force at the time of the stamp");
}

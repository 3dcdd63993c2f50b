// Are the parts that were opened on request those that the record commits to?

async function checkIdentity(identity, record, psid) {
  const order = [...identity.keys()].join(" ");
  const fields = ["page_id psid principal_nonce", "page_id psid principal_nonce name name_nonce"].includes(order);
  const texts = [...identity.values()].every((value) => typeof value === "string");
  must(fields && texts, `${IDENTITY} has other fields than it should`);
  const [page, id] = [identity.get("page_id"), identity.get("psid")];
  const person = await commitment(identity.get("principal_nonce"), "assent/principal/v1", page, id);
  const same = page === record.get("page_id") && person === record.get("pii_principal_id");
  must(same, `${IDENTITY} is not the person that the record commits to`);
  if (identity.has("name")) {
    const name = await commitment(identity.get("name_nonce"), "assent/name/v1", identity.get("name"));
    must(name === record.get("name_commitment"), `${IDENTITY} has another name than the record commits to`);
  }
  must(psid === null || psid === id, "the id that was given is not the disclosed one");
}

async function checkRawEvent(raw, nonceFile, record) {
  const committed = record.get("raw_event")?.get("commitment");
  const text = fromUtf8Loosely(nonceFile);
  const key = readNonce(text.replace(/\n$/, ""));
  const fits = text.endsWith("\n") && toHex(await hmac(key, raw)) === committed;
  must(fits, `${RAW_EVENT} is not what the record commits to`);
}

function readNonce(encoded) {
  const value = fromBase64(encoded, "a nonce");
  must(value.length === NONCE_BYTES, `a nonce is ${value.length} bytes long, not ${NONCE_BYTES}`);
  return value;
}

async function commitment(nonce, ...parts) {
  return toHex(await hmac(readNonce(nonce), lengthPrefixed(...parts.map(utf8))));
}

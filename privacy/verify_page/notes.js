// Who signed which text? C2SP signed-note, tlog-checkpoint and tlog-cosignature.

const [LOG_KEY, WITNESS_KEY] = [1, 4];
const MAX_NOTE_BYTES = 262_144;
const MAX_SIGNATURES = 100;
const DASH = "\u2014 ";
const NAME_BREAKERS = /[\u0000- +\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]/u;

function checkKeyName(name) {
  const plain = name !== "" && !NAME_BREAKERS.test(name);
  must(plain, "a key name is empty or holds a space, a control character or a plus sign");
}

async function keyId(name, kind, key) {
  return (await sha256(utf8(name), Uint8Array.of(10, kind), key)).subarray(0, 4);
}

// A public key with its name: `name+id+base64(kind, key)`; base64 has plus signs of its own.
async function readVkey(vkey) {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(vkey) ?? [];
  must(name !== undefined, "a vkey has three parts joined by plus signs: name, key id, key");
  checkKeyName(name);
  const typed = fromBase64(encoded, "the key in a vkey");
  const known = typed.length === 33 && [LOG_KEY, WITNESS_KEY].includes(typed[0]);
  must(known, "a vkey holds no Ed25519 key of type 1 (log) or 4 (witness)");
  const [kind, key] = [typed[0], typed.subarray(1)];
  const found = { name, kind, key, id: await keyId(name, kind, key), vkey };
  must(id === toHex(found.id), "the key id in a vkey does not belong to its name and key");
  return found;
}

const sameKey = (one, other) => one.name === other.name && one.kind === other.kind && equal(one.key, other.key);

// The time of a cosignature in POSIX seconds, else null; fails when the signature does not fit.
async function checkSignature(key, text, signature) {
  if (key.kind === LOG_KEY) {
    const fits = await verifyEd25519(key.key, text, signature);
    must(fits, `the signature by ${key.name} does not fit the text`);
    return null;
  }
  const time = toNumber(signature.subarray(0, 8));
  must(signature.length === 72 && time <= MAX_NUMBER, `a cosignature by ${key.name} has the wrong shape`);
  const message = concat(utf8(`cosignature/v1\ntime ${time}\n`), text);
  const fits = await verifyEd25519(key.key, message, signature.subarray(8));
  must(fits, `the signature by ${key.name} does not fit the text`);
  return time;
}

// The checkpoint in a note and its signature lines, nothing verified. The last empty line parts them.
function readNote(data) {
  must(data.length <= MAX_NOTE_BYTES, `the note is longer than ${MAX_NOTE_BYTES} bytes`, Unreadable);
  const end = data.length < 2 ? -1 : lastBreak(data);
  must(end >= 0, "the note has no empty line between text and signatures");
  const lines = noteText(data.subarray(end + 2)).split("\n");
  must(lines.pop() === "" && lines.length, "the signatures of a note end with a line feed, and there is at least one");
  must(lines.length <= MAX_SIGNATURES, `the note has more than ${MAX_SIGNATURES} signatures`, Unreadable);
  const checkpoint = readCheckpoint(data.subarray(0, end + 1));
  return { checkpoint, lines: lines.map((line, at) => readSignatureLine(line, at + 1)) };
}

function lastBreak(data) {
  let end = data.length - 2;
  while (end >= 0 && !(data[end] === 10 && data[end + 1] === 10)) end -= 1;
  return end;
}

function noteText(data) {
  const text = fromUtf8(data, "the note");
  must(!/[\x00-\x09\x0b-\x1f]/.test(text), "the note holds a control character other than the line feed");
  return text;
}

function readSignatureLine(line, number) {
  const where = `signature line ${number}`;
  must(line.startsWith(DASH), `${where} does not begin with an em dash and a space`);
  const [, name, encoded = ""] = /^([^ ]*)(?: (.*))?$/s.exec(line.slice(DASH.length));
  checkKeyName(name);
  const blob = fromBase64(encoded, where);
  must(blob.length > 4, `${where} is too short for a key id and a signature`);
  return { name, id: blob.subarray(0, 4), signature: blob.subarray(4) };
}

// The three lines that are signed: origin, size, root.
function readCheckpoint(text) {
  const lines = noteText(text).split("\n");
  must(lines.length === 4 && lines[3] === "", "a checkpoint has three lines: origin, size, root");
  checkKeyName(lines[0]);
  const size = fromDecimal(lines[1], "the size of the checkpoint");
  const root = hashFromBase64(lines[2], "the root of the checkpoint");
  const sound = size > 0n || equal(root, EMPTY_ROOT);
  must(sound, "the checkpoint of an empty log has another root than the empty tree");
  return { origin: lines[0], size, root, text };
}

// The checkpoint, once every signature by one of these keys fits and one is a log key's under its own name.
//
// A known key whose signature fails refuses the whole note; unknown keys are skipped. Cosignatures alone never open it.
async function openNote(data, logs, witnesses = []) {
  const { checkpoint, lines } = readNote(data);
  const keys = knownKeys([...logs, ...witnesses]);
  const [signers, cosignatures] = [[], []];
  for (const line of lines) {
    const key = keys.find((known) => known.name === line.name && equal(known.id, line.id));
    if (!key) continue;
    const time = await checkSignature(key, checkpoint.text, line.signature);
    if (key.kind === LOG_KEY) signers.push(key);
    else if (!cosignatures.some((one) => one.key === key && one.time === time)) cosignatures.push({ key, time });
  }
  must(signers.length, "no log key that is accepted here has signed this checkpoint", UnknownSigner);
  const own = signers.filter((key) => key.name === checkpoint.origin);
  must(own.length, "the checkpoint names another log than the key that signed it");
  return { ...checkpoint, signers: own, cosignatures };
}

function knownKeys(keys) {
  const known = [];
  for (const key of keys) {
    const other = known.find((one) => one.name === key.name && equal(one.id, key.id));
    must(!other || sameKey(other, key), `two keys share the name ${key.name} and one key id`);
    if (!other) known.push(key);
  }
  return known;
}

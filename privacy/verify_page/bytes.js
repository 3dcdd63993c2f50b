// How are bytes compared, digested and written as text? Every value has one spelling; all others are refused.

class Wrong extends Error {} // a part is not what it should be: the check failed
class Unreadable extends Wrong {} // the file is outside the limits or the form within which it can be looked at
class UnknownSigner extends Wrong {} // none of the accepted keys has signed; with other keys it might hold
class Unlisted extends Wrong {} // somebody signed whose key policy.txt does not have

const HASH_BYTES = 32;
const NONCE_BYTES = 64;
const MAX_NUMBER = 2n ** 63n - 1n;
const subtle = globalThis.crypto?.subtle;
const ascii = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const utf8 = (text) => new TextEncoder().encode(text);

function must(holds, message, Kind = Wrong) {
  if (!holds) throw new Kind(message);
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function startsWith(bytes, prefix) {
  return bytes.length >= prefix.length && prefix.every((byte, at) => byte === bytes[at]);
}

// The first place of these bytes from `from` on, or -1.
function find(bytes, wanted, from = 0) {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (startsWith(bytes.subarray(at), wanted)) return at;
  }
  return -1;
}

function fromUtf8(bytes, what, Kind = Wrong) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Kind(`${what} is not UTF-8`);
  }
}

// Bytes that are no letters become a sign that fits nothing.
const fromUtf8Loosely = (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function toBase64(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

// RFC 4648 section 4 with padding and zero spare bits.
function fromBase64(text, what) {
  must(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text), `${what} is not base64`);
  const bytes = ascii(atob(text));
  must(toBase64(bytes) === text, `${what} is not canonical base64`);
  return bytes;
}

function hashFromBase64(text, what) {
  const value = fromBase64(text, what);
  must(value.length === HASH_BYTES, `${what} is ${value.length} bytes long, not ${HASH_BYTES}`);
  return value;
}

// A number without sign, space or leading zero; from 2^63 on the file is not looked at further.
function fromDecimal(text, what) {
  must(/^(?:0|[1-9][0-9]*)$/.test(text), `${what} is not a plain decimal number`);
  must(text.length <= 19 && BigInt(text) <= MAX_NUMBER, `${what} is 2^63 or more`, Unreadable);
  return BigInt(text);
}

// Big-endian, as everywhere in these formats.
function toNumber(bytes) {
  return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
}

async function digest(name, bytes) {
  return new Uint8Array(await subtle.digest(name, bytes));
}

const sha256 = (...parts) => digest("SHA-256", concat(...parts));

async function hmac(key, message) {
  const made = await subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", made, message));
}

// Each part behind its 4-byte length, so that no two lists of parts look alike.
function lengthPrefixed(...parts) {
  const length = (part) => Uint8Array.of(part.length >>> 24, part.length >>> 16, part.length >>> 8, part.length);
  return concat(...parts.flatMap((part) => [length(part), part]));
}

// Crockford's digits: what people type for I, L and O is forgiven.
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function receiptCode(leaf) {
  let number = toNumber(leaf.subarray(0, 20));
  let code = "";
  for (let left = 32; left > 0; left -= 1) {
    code = DIGITS[Number(number & 31n)] + code;
    number >>= 5n;
  }
  return code.match(/..../g).join("-");
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Does this Ed25519 signature fit? RFC 8032 section 5.1.7, without cofactor and with one spelling of each value.
//
// The rules stand here and not in the browser: S below the group order, no point written in a second way, no key of
// small order, which "signs" everything. What the browser's own Ed25519 then says is taken; where it has none, the
// arithmetic below gives the same answer.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (value) => ((value % P) + P) % P;

function power(base, exponent) {
  let [result, factor] = [1n, mod(base)];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const SQRT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);
const NEUTRAL = [0n, 1n, 1n, 0n]; // extended coordinates: X, Y, Z, T

const littleEndian = (bytes) => toNumber(Uint8Array.from(bytes).reverse());

function addPoints([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function multiply(point, scalar) {
  let [result, doubled] = [NEUTRAL, point];
  for (let left = scalar; left > 0n; left >>= 1n) {
    if (left & 1n) result = addPoints(result, doubled);
    doubled = addPoints(doubled, doubled);
  }
  return result;
}

// The point with this y and the wanted sign of x; null when there is none or x would be a negative zero.
function pointAt(y, sign) {
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * SQRT_OF_MINUS_1);
  if (mod(x * x) !== square || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function decodePoint(bytes) {
  const number = littleEndian(bytes);
  const [y, sign] = [number & (2n ** 255n - 1n), number >> 255n];
  return y < P ? pointAt(y, sign) : null;
}

function encodePoint([x, y, z]) {
  const inverse = power(z, P - 2n);
  const number = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return fromHex(number.toString(16).padStart(64, "0")).reverse();
}

function isSmall(point) {
  const [x, y, z] = multiply(point, 8n);
  return x === 0n && y === z;
}

const BASE = pointAt(mod(4n * power(5n, P - 2n)), 0n);

async function verifiesHere(key, point, message, signature) {
  const bound = signature.subarray(0, 32);
  const scalar = littleEndian(await digest("SHA-512", concat(bound, key, message))) % ORDER;
  const [x, y, z, t] = multiply(point, scalar);
  const negative = [mod(-x), y, z, mod(-t)];
  const made = addPoints(multiply(BASE, littleEndian(signature.subarray(32))), negative);
  return equal(encodePoint(made), bound);
}

// The browser's answer, or null when it has no Ed25519.
async function verifiesNatively(key, message, signature) {
  try {
    const made = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await subtle.verify({ name: "Ed25519" }, made, signature, message);
  } catch {
    return null;
  }
}

async function verifyEd25519(key, message, signature, natively = verifiesNatively) {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (littleEndian(signature.subarray(32)) >= ORDER) return false;
  const point = decodePoint(key);
  if (point === null || isSmall(point) || decodePoint(signature.subarray(0, 32)) === null) return false;
  return (await natively(key, message, signature)) ?? verifiesHere(key, point, message, signature);
}

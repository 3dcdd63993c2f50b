// What stands in this JSON, with one meaning for everybody? One compact spelling, whole numbers, no key twice.
//
// Objects become Maps, so that the order of the file is kept; numbers become BigInts, so that none is rounded.

const MAX_JSON_BYTES = 262_144;
const MAX_JSON_DEPTH = 8;
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"/gs;
const JSON_TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null)|(NaN|-?Infinity)|$)/y;

// The object in these bytes; `what` names the file in the refusal.
function readJson(bytes, what) {
  must(bytes.length <= MAX_JSON_BYTES, `${what} is longer than ${MAX_JSON_BYTES} bytes`, Unreadable);
  const text = fromUtf8(bytes, what);
  must(depthOf(text) <= MAX_JSON_DEPTH, `${what} is nested deeper than ${MAX_JSON_DEPTH} levels`, Unreadable);
  const reader = new JsonReader(text, what);
  const value = reader.value();
  must(reader.ended(), `${what} is not JSON in UTF-8`);
  must(value instanceof Map, `${what} is not a JSON object`);
  must(spelled(value) === text, `${what} is not in its one compact spelling`);
  return value;
}

// How deep brackets nest outside of strings; counted before anything recursive looks at the text.
function depthOf(text) {
  let [depth, deepest] = [0, 0];
  for (const bracket of text.replace(STRINGS, "").match(/[[\]{}]/g) ?? []) {
    depth += "[{".includes(bracket) ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function spelled(value) {
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${spelled(item)}`)}}`;
  if (Array.isArray(value)) return `[${value.map(spelled)}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

class JsonReader {
  constructor(text, what) {
    Object.assign(this, { text, what, at: 0, token: null });
    this.advance();
  }

  insist(holds) {
    must(holds, `${this.what} is not JSON in UTF-8`);
  }

  advance() {
    JSON_TOKEN.lastIndex = this.at;
    this.token = JSON_TOKEN.exec(this.text);
    this.insist(this.token);
    this.at = JSON_TOKEN.lastIndex;
  }

  ended() {
    return this.at === this.text.length && this.token[0].trim() === "";
  }

  // Whether this punctuation comes next; steps over it if so.
  took(mark) {
    const found = this.token[1] === mark;
    if (found) this.advance();
    return found;
  }

  value() {
    if (this.took("{")) return this.object();
    if (this.took("[")) return this.list();
    const [, , text, number, word, endless] = this.token;
    must(!endless, `${this.what} has a number that is not whole`);
    this.insist(text ?? number ?? word);
    const value = text ? this.string(text) : number ? this.number(number) : { true: true, false: false, null: null }[word];
    this.advance();
    return value;
  }

  string(token) {
    const value = JSON.parse(token);
    this.insist(!/\p{Cs}/u.test(value)); // half a character, which UTF-8 cannot write
    return value;
  }

  number(digits) {
    must(/^-?[0-9]+$/.test(digits), `${this.what} has a number that is not whole`);
    const small = digits.length <= 20 && BigInt(digits) <= MAX_NUMBER && BigInt(digits) >= -MAX_NUMBER;
    must(small, `${this.what} has a number of 2^63 or more`, Unreadable);
    return BigInt(digits);
  }

  object() {
    const found = new Map();
    let keys = 0;
    if (this.took("}")) return found;
    do {
      this.insist(this.token[2]);
      const key = this.string(this.token[2]);
      this.advance();
      this.insist(this.took(":"));
      found.set(key, this.value());
      keys += 1;
    } while (this.took(","));
    this.insist(this.token[1] === "}");
    must(found.size === keys, `${this.what} has the same key twice in one object`);
    this.advance();
    return found;
  }

  list() {
    const found = [];
    if (this.took("]")) return found;
    do found.push(this.value());
    while (this.took(","));
    this.insist(this.took("]"));
    return found;
  }
}

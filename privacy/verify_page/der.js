// What values are in these DER bytes? Definite lengths in their shortest form, short tags, nothing behind the end.

const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID] = [0x01, 0x02, 0x03, 0x04, 0x06];
const [UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET] = [0x17, 0x18, 0x30, 0x31];
const MAX_DER_VALUES = 1000;

// One value: its tag, its content, and all its bytes. It is looked into when somebody asks.
class Der {
  constructor(tag, content, encoded) {
    Object.assign(this, { tag, content, encoded });
  }

  expect(tag) {
    const [found, wanted] = [this.tag, tag].map((one) => toHex([one]));
    must(found === wanted, `a value has the tag 0x${found} where 0x${wanted} belongs`);
    return this;
  }

  // The values inside, to be taken one after the other.
  values(tag = SEQUENCE) {
    return new DerReader(this.expect(tag).content);
  }

  // The one value inside an explicit tag or a wrapping string.
  only(tag) {
    const reader = this.values(tag);
    const value = reader.take();
    reader.end();
    return value;
  }

  number() {
    const { content } = this.expect(INTEGER);
    const padded = content.length > 1 && [0, 0xff].includes(content[0]) && content[0] >> 7 === content[1] >> 7;
    must(content.length && !padded, "a number is not in its shortest form");
    return BigInt.asIntN(content.length * 8, toNumber(content));
  }

  boolean() {
    const { content } = this.expect(BOOLEAN);
    must(content.length === 1 && [0, 0xff].includes(content[0]), "a truth value is neither 00 nor ff");
    return content[0] === 0xff;
  }

  // The object identifier in dotted decimals.
  oid() {
    const { content } = this.expect(OID);
    const whole = content.length >= 1 && content.length <= 64 && content.at(-1) < 0x80;
    must(whole, "an object identifier is cut, or too long");
    const arcs = [0n];
    for (const [at, byte] of content.entries()) {
      const padded = byte === 0x80 && (at === 0 || content[at - 1] < 0x80);
      must(!padded, "an object identifier is not in its shortest form");
      arcs.push((arcs.pop() << 7n) | BigInt(byte & 0x7f));
      if (byte < 0x80) arcs.push(0n);
    }
    const first = arcs[0] < 80n ? arcs[0] / 40n : 2n;
    return [first, arcs[0] - 40n * first, ...arcs.slice(1, -1)].join(".");
  }

  // The bytes of a bit string that ends on a whole byte.
  bits() {
    const { content } = this.expect(BIT_STRING);
    must(content[0] === 0, "a bit string does not end on a whole byte");
    return content.subarray(1);
  }

  // POSIX milliseconds of a UTCTime or GeneralizedTime in UTC; fractions of a second are cut.
  time() {
    const text = String.fromCharCode(...this.content.subarray(0, 64));
    must([UTC_TIME, GENERALIZED_TIME].includes(this.tag), "a value is no time");
    const year = this.tag === GENERALIZED_TIME ? "" : text.slice(0, 2) >= "50" ? "19" : "20";
    const [, digits, fraction] = /^(\d{14})(\..*)?Z$/s.exec(year + text) ?? [];
    const exact = !fraction || (this.tag === GENERALIZED_TIME && /^\.\d*[1-9]$/.test(fraction));
    must(!digits || exact, "a time has a fraction that is not in its one form");
    must(digits && this.content.length <= 64, "a time has the wrong form");
    const iso = digits.replace(/(....)(..)(..)(..)(..)(..)/, "$1-$2-$3T$4:$5:$6.000Z");
    must(momentExists(iso), "a time has the wrong form");
    return Date.parse(iso);
  }
}

// Takes the values of a structure in their order; at the end nothing may be left.
class DerReader {
  constructor(data) {
    Object.assign(this, { data, at: 0, taken: 0 });
  }

  take(tag = null) {
    const { data, at: start } = this;
    this.taken += 1;
    must(this.taken <= MAX_DER_VALUES, `a structure has more than ${MAX_DER_VALUES} values`, Unreadable);
    must(start + 2 <= data.length, "a structure ends where a value belongs");
    must((data[start] & 0x1f) !== 0x1f, "a value has a long tag, which nothing here uses");
    let [length, begin] = [data[start + 1], start + 2];
    if (length & 0x80) {
      const width = length & 0x7f;
      begin += width;
      const proper = width >= 1 && width <= 4 && begin <= data.length && data[start + 2] !== 0;
      length = proper ? Number(toNumber(data.subarray(start + 2, begin))) : 0;
      must(length >= 0x80, "a length is not in its one short form");
    }
    must(begin + length <= data.length, "a value is longer than what holds it");
    this.at = begin + length;
    const value = new Der(data[start], data.subarray(begin, this.at), data.subarray(start, this.at));
    return tag === null ? value : value.expect(tag);
  }

  // The next value if it has one of these tags, else null and nothing is taken.
  takeIf(...tags) {
    return this.at < this.data.length && tags.includes(this.data[this.at]) ? this.take() : null;
  }

  rest() {
    const found = [];
    while (this.at < this.data.length) found.push(this.take());
    return found;
  }

  end() {
    must(this.at === this.data.length, "a structure has more values than belong in it");
  }
}

// The one value that these bytes are.
function readDer(data) {
  const reader = new DerReader(data);
  const value = reader.take();
  reader.end();
  return value;
}

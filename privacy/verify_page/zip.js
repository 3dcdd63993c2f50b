// Which files are in the ZIP? Its one exact form: stored, dated 1 January 1980, nothing between or behind.

const BOUNDS = TEXTS.container;
const [LOCAL_BYTES, CENTRAL_BYTES, END_BYTES] = [30, 46, 22];
const [LOCAL_MARK, CENTRAL_MARK, END_MARK] = [0x04034b50, 0x02014b50, 0x06054b50];
const [ZIP_VERSION, MADE_BY, FIRST_DATE] = [20, 0x314, 0x21];
const FILE_MODE = 0x81a40000; // a plain file that everybody may read

function refuse(wrong, message) {
  must(!wrong, message, Unreadable);
}

// Little-endian numbers of two or four bytes, one after another.
function packed(...fields) {
  const bytes = [];
  for (const [width, value] of fields) {
    for (let shift = 0; shift < width * 8; shift += 8) bytes.push((value >>> shift) & 255);
  }
  return Uint8Array.from(bytes);
}

const words = (...values) => values.map((value) => [2, value]);

// The members in their order; every file that is not in the one exact form is refused.
function readZip(data) {
  refuse(data.length > BOUNDS.bytes, `the file is larger than ${BOUNDS.bytes} bytes`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const endAt = data.length - END_BYTES;
  refuse(endAt < 0 || view.getUint32(endAt, true) !== END_MARK, "the file is no ZIP file that ends where it should");
  const count = view.getUint16(endAt + 10, true);
  const [length, start] = [view.getUint32(endAt + 12, true), view.getUint32(endAt + 16, true)];
  refuse(count > BOUNDS.members, `the file has more than ${BOUNDS.members} members`);
  refuse(start + length !== endAt, "the ZIP directory is not where the file says");
  const end = packed([4, END_MARK], ...words(0, 0, count, count), [4, length], [4, start], [2, 0]);
  refuse(!equal(end, data.subarray(endAt)), "the end of the ZIP file is not in its one exact form");
  const [members, seen] = [new Map(), new Set()];
  let [at, body] = [start, 0];
  for (let number = 1; number <= count; number += 1) {
    const entry = readCentral(data, view, at, number);
    checkMemberName(entry.name, seen);
    const content = data.subarray(body + LOCAL_BYTES + entry.name.length).subarray(0, entry.size);
    const [local, central] = exactForm(entry, content, body);
    at = entry.next;
    const placed = equal(data.subarray(at - central.length, at), central) && startsWith(data.subarray(body), local);
    const whole = placed && content.length === entry.size;
    refuse(!whole, `member ${entry.name} is damaged, overlaps another, or is not in its one exact form`);
    body += local.length + entry.size;
    members.set(entry.name, content);
  }
  refuse(body !== start || at !== endAt, "the ZIP file has bytes that belong to no member");
  return members;
}

// How the heads of this member have to look, in front of its content and in the directory.
function exactForm({ name, size }, content, body) {
  const shared = [...words(0, 0, 0, FIRST_DATE), [4, crc32(content)], [4, size], [4, size], ...words(name.length, 0)];
  const local = concat(packed([4, LOCAL_MARK], [2, ZIP_VERSION], ...shared), ascii(name));
  const rest = [...words(0, 0, 0), [4, FILE_MODE], [4, body]];
  return [local, concat(packed([4, CENTRAL_MARK], ...words(MADE_BY, ZIP_VERSION), ...shared, ...rest), ascii(name))];
}

// Name and size of a member, and where the next entry of the directory begins.
function readCentral(data, view, at, number) {
  const cut = at + CENTRAL_BYTES > data.length || view.getUint32(at, true) !== CENTRAL_MARK;
  refuse(cut, `the ZIP directory is cut or damaged at member ${number}`);
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const [stored, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
  const [named, ...more] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
  refuse(flags & 1, `member ${number} is encrypted`);
  refuse(method || stored !== size, `member ${number} is compressed; a bundle holds its members as they are`);
  refuse(size > data.length, `member ${number} claims more bytes than the file has`);
  const raw = data.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + named);
  refuse(raw.some((byte) => byte > 127), `the name of member ${number} is not ASCII`);
  return { name: fromUtf8(raw, "a name"), size, next: at + CENTRAL_BYTES + named + more[0] + more[1] };
}

function checkMemberName(name, seen) {
  const plain = name.split("/").every((part) => /[^.]/.test(part) && /^[ -~]*$/.test(part));
  const inside = plain && !/[\\:]/.test(name) && name.length <= 200;
  refuse(!inside, "a member has a name that is no plain path inside the bundle");
  refuse(seen.has(name.toLowerCase()), `member ${name} is there twice`);
  seen.add(name.toLowerCase());
}

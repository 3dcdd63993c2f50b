// Where does an entry stand, and which state of the log does another continue? C2SP tlog-proof, tlog-witness.

const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const MAX_PATH = 63;
const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 16_384;

// The parts of a .tlog-proof file, nothing verified.
function readEntryProof(data) {
  const { lines, note } = headAndNote(data, "the proof");
  must(lines[0] === PROOF_HEADER, `the proof does not begin with the line ${PROOF_HEADER}`);
  const placed = lines.length >= 3 && lines[1].startsWith("extra ") && lines[2].startsWith("index ");
  must(placed, "the proof has no line extra (the nonce) and no line index in their places");
  const nonce = fromBase64(lines[1].slice(6), "the nonce in the line extra");
  const index = fromDecimal(lines[2].slice(6), "the index of the proof");
  return { nonce, index, path: readPath(lines.slice(3)), note };
}

// The parts of a .consistency file, nothing verified: the older size, the path, and the newer checkpoint.
function readConsistencyProof(data) {
  const { lines, note } = headAndNote(data, "the consistency proof");
  must(lines[0].startsWith("old "), "the consistency proof does not begin with the line old");
  return { oldSize: fromDecimal(lines[0].slice(4), "the older size"), path: readPath(lines.slice(1)), note };
}

function headAndNote(data, what) {
  must(data.length <= MAX_PROOF_BYTES, `${what} is longer than ${MAX_PROOF_BYTES} bytes`, Unreadable);
  const end = find(data, ascii("\n\n"));
  must(end >= 0, `${what} has no empty line before the checkpoint`);
  const head = data.subarray(0, end);
  must(head.every((byte) => byte < 128), `${what} has other than ASCII characters before the checkpoint`);
  return { lines: fromUtf8(head, what).split("\n"), note: data.subarray(end + 2) };
}

function readPath(lines) {
  must(lines.length <= MAX_PATH, `a path has more than ${MAX_PATH} hashes`, Unreadable);
  return lines.map((line, at) => hashFromBase64(line, `hash ${at + 1} of the path`));
}
